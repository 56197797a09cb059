"""Reconcile: the whole CRM against the ledger and the models, to see what no sync sees."""
