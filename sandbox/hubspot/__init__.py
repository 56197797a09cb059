"""A sandbox of HubSpot's CRM API."""
