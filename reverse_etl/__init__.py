"""The reverse-ETL engine: syncs, plan, delivery, ledger."""
