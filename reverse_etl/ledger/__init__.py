"""The ledger: what was sent, what came of it, and what each CRM is known to hold."""

from reverse_etl.ledger.schema import UNDOING
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
    "UNDOING", "Attempt", "Intent", "Known", "Ledger", "Merged", "Run", "Settled", "State",
    "ledger_path",
]  # fmt: skip
