"""The plan: what would be written, field by field, and why. Nothing here writes to a CRM."""

from reverse_etl.plan.difference import MERGED_INTO
from reverse_etl.plan.guard import Verdict, exceeds, judge
from reverse_etl.plan.planner import Change, Counts, FieldCounts, Plan, Planner
from reverse_etl.plan.validation import Rules, problems

__all__ = [
    "MERGED_INTO", "Change", "Counts", "FieldCounts", "Plan", "Planner", "Rules", "Verdict",
    "exceeds", "judge", "problems",
]  # fmt: skip
