"""Land every system's data in the warehouse as it is: dlt sources, and the command for them."""
