"""The delivery: a plan's changes are sent, and it is known of each what became of it."""

from reverse_etl.delivery.batch import Patience
from reverse_etl.delivery.delivery import ASKED_TO_STOP, Delivery
from reverse_etl.delivery.tally import Tally

__all__ = ["ASKED_TO_STOP", "Delivery", "Patience", "Tally"]
