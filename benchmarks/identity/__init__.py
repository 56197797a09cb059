"""How well records are told apart and put together, measured against a truth."""
