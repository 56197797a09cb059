"""HubSpot: its CRM objects and the associations between them."""
