"""Which columns of the sources a column of a model is made of, read from the compiled SQL.

Only where the *value* comes from counts, not what decides on the rows (joins, `where`, `case
when`, `filter`), unless the value is nothing else: `count(*) filter (where is_open)` comes from
`is_open`.

Golden records go through a long form, one row a value with the name of its attribute beside it.
Followed by names alone, each attribute would come from the columns of all. So a condition on
such a name (`filter (where attribute = 'mobile')`, `where entity_type = 'person'`) is carried
along, through joins that equate two columns as well, and a branch of a union that has another
literal there, or a column of an `unpivot` with another name, is left out.

Where the SQL says nothing (another program made the table, a function returns it), that is said
of the column as a gap, never guessed.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, build_scope

from reverse_etl.mapping.origin import NOWHERE, Origin

Allowed = frozenset[tuple[str, frozenset[str]]]
"""Columns with the values that they may have; the others may have any."""
_Limits = dict[tuple[str, str], frozenset[str]]
"""The same of the columns of a select's parents, by the parent's alias and the column."""


class Lineage:
    """The lineage of the columns of a project's models."""

    def __init__(self, manifest: Mapping[str, Any], dialect: str = "duckdb") -> None:
        self._dialect = dialect
        self._nodes = {
            name: node
            for node in (*manifest["nodes"].values(), *manifest["sources"].values())
            if node.get("relation_name") and (name := _relation_of(node))
        }
        self._scopes: dict[tuple[str, str], Scope | None] = {}
        self._found: dict[tuple[int | tuple[str, str], str, Allowed], Origin] = {}

    def origin(self, schema: str, table: str, column: str) -> Origin:
        """Where a column of a table comes from."""
        return self._of_table((schema.lower(), table.lower()), column.lower(), frozenset())

    def _of_table(self, table: tuple[str, str], column: str, allowed: Allowed) -> Origin:
        node = self._nodes.get(table)
        if node is None:
            return Origin(gaps=frozenset({f"{table[1]}.{column}"}))
        if node["resource_type"] == "source":
            return Origin(frozenset({f"{node['source_name']}.{node['name']}.{column}"}))
        if node["resource_type"] == "seed":
            return Origin(frozenset({f"{node['name']}.{column}"}))
        if not node.get("compiled_code"):
            return Origin(uncompiled=frozenset({node["name"]}))
        scope = self._scope_of(table)
        gap = Origin(gaps=frozenset({f"{node['name']}.{column}"}))
        if scope is None or self._has(scope, column) is False:
            return gap
        place = (table, column, allowed)
        if place not in self._found:
            # what an incremental model took from itself came from where the rest does
            self._found[place] = NOWHERE
            try:
                self._found[place] = self._of_scope(scope, column, allowed)
            except _UntoldError:
                self._found[place] = gap
        return self._found[place]

    def _scope_of(self, table: tuple[str, str]) -> Scope | None:
        if table not in self._scopes:
            self._scopes[table] = None
            node = self._nodes[table]
            code = node.get("compiled_code")
            if code and node.get("language", "sql") == "sql":
                # what the parser doesn't know is a gap: the warehouse may know more SQL
                with suppress(SqlglotError):
                    self._scopes[table] = build_scope(
                        sqlglot.parse_one(code, dialect=self._dialect)
                    )
        return self._scopes[table]

    def _of_scope(self, scope: Scope, column: str, allowed: Allowed) -> Origin:
        place = (id(scope), column, allowed)
        if place not in self._found:
            self._found[place] = NOWHERE
            try:
                self._found[place] = self._of_query(scope, column, allowed)
            except _UntoldError:
                del self._found[place]
                raise
        return self._found[place]

    def _of_query(self, scope: Scope, column: str, allowed: Allowed) -> Origin:
        if isinstance(scope.expression, exp.SetOperation):
            return self._of_union(scope, column, allowed)
        if isinstance(scope.expression, exp.Select):
            return self._of_select(scope, column, allowed)
        raise _UntoldError

    def _of_union(self, scope: Scope, column: str, allowed: Allowed) -> Origin:
        left, right = scope.set_operation_scopes
        found = NOWHERE
        if scope.expression.args.get("by_name"):
            for branch in (left, right):
                if self._has(branch, column) is not False:
                    found |= self._of_scope(branch, column, allowed)
            return found
        ours, theirs = _names(left), _names(right)
        if column not in ours or len(ours) != len(theirs):
            raise _UntoldError
        there = dict(zip(ours, theirs, strict=True))
        renamed = frozenset((there[name], values) for name, values in allowed if name in there)
        return self._of_scope(left, column, allowed) | self._of_scope(right, there[column], renamed)

    def _of_select(self, scope: Scope, column: str, allowed: Allowed) -> Origin:
        limits = self._limits(scope, allowed)
        if limits is None:
            return NOWHERE
        expression = _projection(scope, column)
        if expression is None:
            return self._of_column(scope, exp.column(column), limits, from_star=True)
        if expression.find(exp.Window):
            # it may take its value from rows that aren't allowed themselves
            limits = self._limits(scope, frozenset()) or {}
        parts = list(_values(expression)) or [
            (each, ()) for each in expression.find_all(exp.Column)
        ]
        found = NOWHERE
        for part, conditions in parts:
            narrower = dict(limits)
            for condition in conditions:
                self._narrow(scope, condition, narrower)
            found |= self._of_column(scope, part, narrower, within=column)
        return found

    def _of_column(
        self,
        scope: Scope,
        column: exp.Column,
        limits: _Limits,
        *,
        within: str = "",
        from_star: bool = False,
    ) -> Origin:
        """Where a column that a select names comes from."""
        name = column.name.lower()
        if not column.table and not from_star and name != within and self._is_own(scope, name):
            return self._of_scope(scope, name, frozenset())
        alias = self._parent(scope, column, from_star=from_star)
        if alias is None:
            raise _UntoldError
        node, parent = scope.selected_sources[alias]
        allowed = frozenset(
            (place[1], values) for place, values in limits.items() if place[0] == alias
        )
        for pivot in node.args.get("pivots") or ():
            names = _unpivoted(pivot, name, dict(allowed))
            if names is not None:
                found = NOWHERE
                for each in names:
                    found |= self._of_parent(parent, each, frozenset())
                return found
        if isinstance(parent, Scope) and isinstance(parent.expression, exp.UDTF):
            found = NOWHERE
            for part in parent.expression.find_all(exp.Column):
                found |= self._of_column(scope, part, limits)
            return found
        return self._of_parent(parent, name, allowed)

    def _is_own(self, scope: Scope, column: str) -> bool:
        """Whether a name is of the select's own columns, where DuckDB looks after the parents'."""
        parents = scope.selected_sources.values()
        return _projection(scope, column) is not None and not any(
            self._holds(each, column) for each in parents
        )

    def _of_parent(self, parent: Scope | exp.Expr, column: str, allowed: Allowed) -> Origin:
        if isinstance(parent, Scope):
            return self._of_scope(parent, column, allowed)
        return self._of_table(_table(parent), column, allowed)

    def _parent(self, scope: Scope, column: exp.Column, *, from_star: bool = False) -> str | None:
        """The alias of the parent that a column is of."""
        parents = scope.selected_sources
        if column.table:
            return column.table if column.table in parents else None
        if from_star:
            starred = _starred(scope)
            parents = {alias: each for alias, each in parents.items() if alias in starred}
        having = {alias: self._holds(each, column.name.lower()) for alias, each in parents.items()}
        sure = [alias for alias, holds in having.items() if holds]
        unsure = [alias for alias, holds in having.items() if holds is None]
        if sure:
            return sure[0]  # in two only if they are equal, by `using`
        return unsure[0] if len(unsure) == 1 else None

    def _holds(self, source: tuple[Any, Scope | exp.Expr], column: str) -> bool | None:
        node, parent = source
        for pivot in node.args.get("pivots") or ():
            if _unpivoted(pivot, column, {}) is not None:
                return True
        if isinstance(parent, Scope):
            return self._has(parent, column)
        table = _table(parent)
        described = self._nodes.get(table)
        if described is None:
            return None
        if described["resource_type"] == "model":
            scope = self._scope_of(table)
            return None if scope is None else self._has(scope, column)
        return column in {name.lower() for name in described["columns"]} or None

    def _has(self, scope: Scope, column: str) -> bool | None:
        """Whether a query has a column; None if that can't be told."""
        expression = scope.expression
        if isinstance(expression, exp.SetOperation):
            found = [self._has(each, column) for each in scope.set_operation_scopes]
            return True if any(found) else None if None in found else False
        if isinstance(expression, exp.UDTF):
            named = {name.lower() for name in expression.alias_column_names}
            return column in named or column == expression.alias.lower() or None
        if not isinstance(expression, exp.Select):
            return None
        if _projection(scope, column) is not None:
            return True
        starred = _starred(scope)
        found = [
            self._holds(each, column)
            for alias, each in scope.selected_sources.items()
            if alias in starred
        ]
        return True if any(found) else None if None in found else False

    def _limits(self, scope: Scope, allowed: Allowed) -> _Limits | None:
        """What is allowed of the parents' columns; None if the select has no row that is."""
        limits: _Limits = {}
        for name, values in allowed:
            expression = _projection(scope, name)
            if expression is None:
                expression = exp.column(name)
                alias = self._parent(scope, expression, from_star=True)
                if alias is not None:
                    _add(limits, (alias, name), values)
                continue
            inverted = self._inverted(scope, expression, values)
            if inverted is None:
                return None
            for place, narrower in inverted.items():
                _add(limits, place, narrower)
        where = scope.expression.args.get("where")
        if where is not None:
            self._narrow(scope, where.this, limits)
        for join in scope.expression.args.get("joins") or ():
            self._join(scope, join, limits)
        return limits

    def _inverted(
        self, scope: Scope, expression: exp.Expr, values: frozenset[str]
    ) -> _Limits | None:
        """What columns must be for an expression to be one of the values; None if it never is."""
        expression = expression.unnest()
        if isinstance(expression, exp.Literal):
            return {} if expression.name in values else None
        if isinstance(expression, exp.Null):
            return None
        if isinstance(expression, exp.Column):
            alias = self._parent(scope, expression)
            return {} if alias is None else {(alias, expression.name.lower()): values}
        if not isinstance(expression, exp.Case) or expression.this is not None:
            return {}
        arms: list[_Limits] = []
        for arm in expression.args["ifs"]:
            limits = self._inverted(scope, arm.args["true"], values)
            if limits is not None:
                self._narrow(scope, arm.this, limits)
                arms.append(limits)
        otherwise = self._inverted(scope, expression.args.get("default") or exp.null(), values)
        if otherwise is not None:
            arms.append(otherwise)
        if not arms:
            return None
        # a row may have come by any of the arms
        common = set.intersection(*(set(each) for each in arms))
        return {place: frozenset().union(*(each[place] for each in arms)) for place in common}

    def _join(self, scope: Scope, join: exp.Join, limits: _Limits) -> None:
        """Carry limits from one side of a join to the other, where their columns are equal."""
        condition = join.args.get("on")
        if condition is None:
            return
        joined = join.alias_or_name
        for each in _conjuncts(condition):
            if not isinstance(each, exp.EQ):
                continue
            sides = [side for side in (each.left, each.right) if isinstance(side, exp.Column)]
            if len(sides) == 1:
                if sides[0].table == joined and join.side not in {"RIGHT", "FULL"}:
                    self._narrow(scope, each, limits)
            elif len(sides) == 2:
                left, right = ((side.table, side.name.lower()) for side in sides)
                for here, there in ((left, right), (right, left)):
                    # rows of the first side stay in an outer join, whatever the other has
                    if here in limits and (there[0] == joined or not join.side):
                        _add(limits, there, limits[here])

    def _narrow(self, scope: Scope, condition: exp.Expr, limits: _Limits) -> None:
        for each in _conjuncts(condition):
            values = _literals(each)
            if values and isinstance(each.this, exp.Column):
                alias = self._parent(scope, each.this)
                if alias is not None:
                    _add(limits, (alias, each.this.name.lower()), values)


class _UntoldError(Exception):
    """The SQL doesn't tell."""


def _relation_of(node: Mapping[str, Any]) -> tuple[str, str]:
    return node["schema"].lower(), (node.get("identifier") or node["alias"]).lower()


def _table(table: exp.Expr) -> tuple[str, str]:
    return table.text("db").lower(), table.name.lower()


def _names(scope: Scope) -> list[str]:
    return [each.alias_or_name.lower() for each in _selects(scope)]


def _selects(scope: Scope) -> list[exp.Expr]:
    expression = scope.expression
    return expression.selects if isinstance(expression, exp.Query) else []


def _projection(scope: Scope, column: str) -> exp.Expr | None:
    """The expression of a select's column; None if it isn't named."""
    for each in _selects(scope):
        if not isinstance(each, exp.Star) and each.alias_or_name.lower() == column:
            return each.unalias()
    return None


def _starred(scope: Scope) -> set[str]:
    """The aliases of the parents whose columns a select takes without naming them."""
    found: set[str] = set()
    for each in _selects(scope):
        if isinstance(each, exp.Star):
            found |= set(scope.selected_sources)
        elif isinstance(each, exp.Column) and isinstance(each.this, exp.Star):
            found.add(each.table)
    return found


def _values(
    expression: exp.Expr, conditions: tuple[exp.Expr, ...] = ()
) -> Iterator[tuple[exp.Column, tuple[exp.Expr, ...]]]:
    """The columns whose values an expression takes, and on what conditions it does."""
    if isinstance(expression, exp.Column):
        yield expression, conditions
    elif isinstance(expression, exp.Filter):
        yield from _values(expression.this, (*conditions, expression.expression.this))
    elif isinstance(expression, (exp.Window, exp.Order)):
        yield from _values(expression.this, conditions)
    elif isinstance(expression, exp.Case):
        for arm in expression.args["ifs"]:
            yield from _values(arm.args["true"], (*conditions, arm.this))
        if (default := expression.args.get("default")) is not None:
            yield from _values(default, conditions)
    elif isinstance(expression, exp.Query):
        raise _UntoldError
    else:
        for each in expression.iter_expressions():
            yield from _values(each, conditions)


def _unpivoted(
    pivot: exp.Expr, column: str, allowed: Mapping[str, frozenset[str]]
) -> list[str] | None:
    """The columns that an unpivot makes this one of; None if it is none of those it makes."""
    if not pivot.args.get("unpivot"):
        raise _UntoldError
    made = {each.name.lower() for each in pivot.expressions}
    for field in pivot.args.get("fields") or ():
        names = [each.name.lower() for each in field.expressions]
        if column == field.this.name.lower():
            return []  # names of columns, which are constants
        if column in made:
            wanted = allowed.get(field.this.name.lower())
            return [name for name in names if wanted is None or name in wanted]
    return None


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _literals(condition: exp.Expr) -> frozenset[str]:
    """The values that a condition demands of its left side; empty if it demands none."""
    if isinstance(condition, exp.EQ):
        found = [condition.expression]
    elif isinstance(condition, exp.In):
        found = condition.expressions
    else:
        return frozenset()
    if not all(isinstance(each, exp.Literal) for each in found):
        return frozenset()
    return frozenset(each.name for each in found)


def _add(limits: _Limits, place: tuple[str, str], values: frozenset[str]) -> None:
    limits[place] = limits[place] & values if place in limits else values
