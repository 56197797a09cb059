"""How much it takes to reconcile, against a loop that only reads the same pages."""
