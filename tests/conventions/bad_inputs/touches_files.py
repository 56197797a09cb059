"""A module that reads a file when it is imported, for the test that this is noticed."""

from pathlib import Path

TEXT = Path(__file__).read_text(encoding="utf-8")
