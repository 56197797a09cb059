"""What shops call the columns of their order exports, and what we call them."""

from collections.abc import Mapping

from ingestion.sources.drop import DropTable

TABLES: Mapping[str, DropTable] = {"orders": DropTable(key="order_no")}

HEADERS: Mapping[str, str] = {
    "订单号": "order_no",
    "订单编号": "order_no",
    "下单时间": "ordered_at",
    "修改时间": "modified_at",
    "买家昵称": "buyer_nickname",
    "收货人": "receiver_name",
    "手机号": "mobile",
    "邮箱": "email",
    "微信unionid": "wechat_unionid",
    "收货地址": "receiver_address",
    "发票抬头": "invoice_title",
    "税号": "tax_id",
    "商品": "product_name",
    "数量": "quantity",
    "币种": "currency",
    "实付金额": "paid_amount",
    "订单状态": "status",
}
