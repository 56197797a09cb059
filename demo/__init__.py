"""The demo company: a made-up business whose people and companies live in five real systems.

`population` says who exists; one module per system (`erp`, `helpdesk`, `finance`, `shop`, `crm`)
says what that system knows of them, and writes it in the form in which such a system holds data.
"""
