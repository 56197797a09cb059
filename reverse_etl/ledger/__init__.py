"""The ledger: what was sent, what came of it, and what each CRM is known to hold."""

from reverse_etl.ledger.store import (
    Attempt,
    Intent,
    Known,
    Ledger,
    Merged,
    Run,
    Settled,
    State,
    ledger_path,
)

__all__ = [
    "Attempt", "Intent", "Known", "Ledger", "Merged", "Run", "Settled", "State", "ledger_path",
]  # fmt: skip
