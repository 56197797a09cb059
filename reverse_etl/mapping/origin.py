"""Where a column's values come from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a column's values come from; nowhere, if they are constants or count rows."""

    columns: frozenset[str] = frozenset()
    """`source.table.column`, or `seed.column`."""
    gaps: frozenset[str] = frozenset()
    """The columns of models, `model.column`, beyond which nothing can be read from the SQL."""
    uncompiled: frozenset[str] = frozenset()
    """Models whose SQL dbt's manifest doesn't have; `dbt compile` puts it there."""

    def __or__(self, other: "Origin") -> "Origin":
        """Where either comes from."""
        return Origin(
            self.columns | other.columns,
            self.gaps | other.gaps,
            self.uncompiled | other.uncompiled,
        )

    def as_list(self) -> list[str]:
        """The same as text, in one order everywhere."""
        return sorted(self.columns) + [f"beyond {gap}" for gap in sorted(self.gaps)]


NOWHERE = Origin()
