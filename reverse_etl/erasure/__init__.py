"""Values are forgotten: those of old deliveries, and those of one customer."""
