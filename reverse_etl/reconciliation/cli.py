"""The `reconcile` command: the whole CRM, beside what is known of it."""

from pathlib import Path
from typing import Annotated

import typer

from reverse_etl import invocation, render
from reverse_etl.engine import Selection
from reverse_etl.manifest import chosen
from reverse_etl.plan import saved as plans
from reverse_etl.reconciliation import report
from reverse_etl.reconciliation.reconcile import exit_code, reconciling
from reverse_etl.render import Format

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def reconcile(
    names: invocation.Syncs = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A file for what was found, row by row: .csv, or Parquet."),
    ] = None,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="Save a plan of what can be settled.")
    ] = None,
    format_: invocation.As = Format.TABLE,
) -> None:
    """Read the CRM whole: what is missing, changed by people, doubled, merged, restored.

    Asked to stop, or cut off, it goes on where it was when it is called again within six hours.

    Example: `reverse-etl reconcile selfbuilt_contacts --out drift.csv --plan drift.plan`
    """
    syncs = chosen(invocation.known_syncs(), names or [])
    with invocation.open_ledger() as ledger, invocation.stopping() as stop:
        engine = invocation.new_engine(ledger, stop)
        with reconciling(ledger, syncs, engine.open_warehouse) as reconciliation:
            results = [
                reconciliation.reconcile(sync, engine.connect(sync.destination), stop.is_set)
                for sync in syncs
            ]
            keys = reconciliation.keys()
            if out is not None:
                reconciliation.write(out)
        if format_ is Format.JSON:
            typer.echo(render.as_json(report.as_data(results)))
        else:
            report.show(render.new_console(), results)
        if plan_file is not None and not stop.is_set():
            with engine.planned(syncs, Selection(keys, again=True)) as (made, planned):
                reasons = {each.sync.name: each.verdict.reasons for each in planned}
                plans.save(made, syncs, reasons, plan_file, ledger.world)
                if format_ is Format.TABLE:
                    render.print_plan(render.new_console(), made, planned, render.SAMPLE)
    raise typer.Exit(exit_code(results))
