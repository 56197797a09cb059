"""The plan: what would be written, field by field, and why. Nothing here writes to a CRM."""

from reverse_etl.plan.guard import Verdict, judge
from reverse_etl.plan.planner import Change, Counts, Plan, Planner

__all__ = ["Change", "Counts", "Plan", "Planner", "Verdict", "judge"]
