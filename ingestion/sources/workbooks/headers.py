"""What finance departments call the columns of their ledgers, and what we call them."""

from collections.abc import Mapping

from ingestion.sources.drop import DropTable

TABLES: Mapping[str, DropTable] = {
    "invoices": DropTable(key="invoice_no", sheet="发票"),
    "payments": DropTable(key="payment_no", sheet="收款"),
}

HEADERS: Mapping[str, str] = {
    "发票号": "invoice_no",
    "发票号码": "invoice_no",
    "客户名称": "customer_name",
    "购方名称": "customer_name",
    "税号": "tax_id",
    "纳税人识别号": "tax_id",
    "统一社会信用代码": "tax_id",
    "联系人": "contact_name",
    "电话": "phone",
    "联系电话": "phone",
    "邮箱": "email",
    "开票日期": "issued_on",
    "到期日": "due_on",
    "币种": "currency",
    "金额": "amount",
    "税额": "tax_amount",
    "价税合计": "total_amount",
    "状态": "status",
    "收款单号": "payment_no",
    "收款日期": "paid_on",
    "收款金额": "amount",
    "付款方式": "method",
}
