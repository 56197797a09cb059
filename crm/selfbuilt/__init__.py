"""The self-built REST CRM: any API that a profile can describe."""
