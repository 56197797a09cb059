"""A sandbox of 悟空CRM 11."""
