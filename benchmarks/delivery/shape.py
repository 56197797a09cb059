"""What is delivered: a model of twelve columns, and the properties that they go to."""

OBJECT = "contacts"
SCHEMA, TABLE = "activation", "sync_hubspot__contacts"
KEY = "tongke_id"
"""The property that holds our key."""
BATCH = 100
CHANGED_EACH = 100
"""Every hundredth row changes: 1 %."""

COLUMNS = {
    "contact_id": ("varchar", KEY, "string"),
    "email": ("varchar", "email", "string"),
    "first_name": ("varchar", "firstname", "string"),
    "last_name": ("varchar", "lastname", "string"),
    "phone": ("varchar", "phone", "string"),
    "company": ("varchar", "company", "string"),
    "city": ("varchar", "city", "string"),
    "lifetime_value": ("decimal(18,2)", "lifetime_value", "number"),
    "order_count": ("bigint", "order_count", "number"),
    "last_order_at": ("timestamp", "last_order_at", "datetime"),
    "customer_since": ("date", "customer_since", "date"),
    "has_consented": ("boolean", "has_consented", "bool"),
}
"""Each column's type, its property, and that one's type."""
