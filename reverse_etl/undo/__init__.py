"""Undo: what runs have written is taken back, as far as nobody has changed it since."""

from reverse_etl.undo.planner import Left, Leftovers, UndoPlan, engine_for
from reverse_etl.undo.request import Undo, runs_to_undo, syncs_to_undo

__all__ = ["Left", "Leftovers", "Undo", "UndoPlan", "engine_for", "runs_to_undo", "syncs_to_undo"]
