"""The `undo` command, and how a saved undo is applied."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from reverse_etl import invocation, render
from reverse_etl import undo as undoing
from reverse_etl.engine import Selection, exit_code
from reverse_etl.errors import SyncConfigurationError
from reverse_etl.ledger import Ledger
from reverse_etl.plan import saved as plans
from reverse_etl.render import Format
from reverse_etl.syncs import Sync
from reverse_etl.undo import report

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def undo(
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Which runs, by their ids.")
    ] = None,
    sync: Annotated[str | None, typer.Option(help="Only runs of this sync.")] = None,
    since: Annotated[
        datetime | None, typer.Option(help="The runs that began since then (UTC).")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="Only what was written of this record; repeatable.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show it, write nothing.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="With --preview: save it, to be applied exactly.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many records of each sync.")
    ] = None,
    format_: invocation.As = Format.TABLE,
) -> None:
    """Take back what runs wrote: of each field that nobody has changed since, what it held before.

    Records that they created are removed again if nobody has touched them; adopted ones are let
    go. What is left is named, with the reason. It is a run like any other: it passes the guard,
    and can be undone. What a guard would stop is saved, read, and applied by `apply --plan`.

    Example: `reverse-etl undo 20260102T030405-1a2b3c4d --preview`
    """
    if out is not None and not preview:
        raise SyncConfigurationError("`--out` saves what `--preview` shows; give both")
    syncs = invocation.known_syncs()
    with invocation.open_ledger() as ledger:
        meant = undoing.runs_to_undo(
            ledger, runs or [], sync=sync, since=invocation.utc(since), keys=key or []
        )
        wanted = undoing.syncs_to_undo(syncs, ledger, meant)
        if not preview:
            apply_undo(ledger, syncs, meant, Selection(limit=limit), format_)
        leftovers: undoing.Leftovers = {}
        with invocation.stopping(at_once=True) as stop:
            engine = invocation.new_engine(ledger, stop)
            undoer = undoing.engine_for(engine, meant, syncs, leftovers)
            with undoer.planned(wanted) as (made, planned):
                kept = None
                if out is not None:
                    reasons = {each.sync.name: each.verdict.reasons for each in planned}
                    kept = plans.save(made, wanted, reasons, out, ledger.world, meant.runs)
                if format_ is Format.JSON:
                    plan_id = kept.plan_id if kept else None
                    data = render.plan_as_data(made, planned, None, plan_id)
                    typer.echo(render.as_json(report.with_left(data, leftovers)))
                    return
                report.print_plan(render.new_console(), made, planned, leftovers)
        if kept is not None:
            typer.echo(f"Saved to {out}. Apply exactly this: reverse-etl apply --plan {out}")


def apply_undo(
    ledger: Ledger,
    syncs: Mapping[str, Sync],
    meant: undoing.Undo,
    selection: Selection,
    format_: Format,
    *,
    kept: plans.SavedPlan | None = None,
) -> NoReturn:
    """Take back what is meant, or what a saved plan says of it; ends the command."""
    leftovers: undoing.Leftovers = {}
    wanted = undoing.syncs_to_undo(syncs, ledger, meant)
    with invocation.stopping() as stop:
        engine = undoing.engine_for(invocation.new_engine(ledger, stop), meant, syncs, leftovers)
        applied = engine.apply(wanted, selection, saved=kept, command="undo", undoes=meant.runs)
    if format_ is Format.JSON:
        data = render.applied_as_data(applied)
        typer.echo(render.as_json(report.with_left(data, leftovers)))
    else:
        report.print_applied(render.new_console(), applied, leftovers)
    raise typer.Exit(exit_code(applied))
