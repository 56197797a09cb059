"""Undo: what runs have written is taken back, as far as nobody has changed it since."""

from reverse_etl.undo.planner import UndoPlan, UndoPlanner
from reverse_etl.undo.request import Undo, runs_to_undo, syncs_to_undo

__all__ = ["Undo", "UndoPlan", "UndoPlanner", "runs_to_undo", "syncs_to_undo"]
