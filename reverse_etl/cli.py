"""The command line: it parses, calls and prints, nothing else."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import sandbox.cli
from crm.budget_files import read_budgets
from crm.connections import connect
from crm.errors import ConfigurationError, CrmError
from reverse_etl import builds, invocation, progress, queries, render
from reverse_etl import status as statuses
from reverse_etl.engine import Selection, exit_code
from reverse_etl.erasure.cli import app as erasure_app
from reverse_etl.errors import ExitCode, SyncConfigurationError, SyncError
from reverse_etl.garbage import collect_less_often
from reverse_etl.ledger import Ledger
from reverse_etl.manifest import chosen
from reverse_etl.mapping import signatures
from reverse_etl.mapping.cli import app as mapping_app
from reverse_etl.plan import saved as plans
from reverse_etl.plan.release import Release, read_keys
from reverse_etl.reconciliation.cli import app as reconciliation_app
from reverse_etl.render import Format
from reverse_etl.reviews.cli import app as reviews_app
from reverse_etl.syncs import Sync
from reverse_etl.undo import Undo
from reverse_etl.undo.cli import app as undo_app
from reverse_etl.undo.cli import apply_undo
from warehouse.connection import WarehouseBusyError, WarehouseMissingError, attached_read_only

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="""Write the customer back into the CRM, with a plan that can be read first.

    Exit codes: 0 all done · 1 something went wrong · 2 usage or configuration ·
    3 partly done (rejects, conflicts, held records, or asked to stop) · 4 stopped by a guard.
    """,
)


app.add_typer(sandbox.cli.app)
app.add_typer(reviews_app)
app.add_typer(reconciliation_app)
app.add_typer(undo_app)
app.add_typer(erasure_app)
app.add_typer(mapping_app)


class Outcome(StrEnum):
    """What became of a record that was sent."""

    WRITTEN = "written"
    REJECTED = "rejected"
    NOT_WRITTEN = "not_written"
    GONE = "gone"


Percent = Annotated[
    float | None,
    typer.Option(
        min=0, max=100, help="Only this share of the keys; a larger share has all of a smaller."
    ),
]
Keys = Annotated[Path | None, typer.Option(help="Only the keys that this file names, one a line.")]


@app.command("list")
def list_syncs(format_: invocation.As = Format.TABLE) -> None:
    """The syncs: where to, of what model, when last run, how fresh the model is.

    Example: `reverse-etl list`
    """
    syncs = invocation.known_syncs()
    with invocation.open_ledger() as ledger:
        runs = queries.latest_runs(ledger)
    built = _built_at()
    rows = [
        {
            "sync": sync.name,
            "destination": sync.destination,
            "object": sync.object,
            "model": sync.table,
            "mode": sync.mode,
            "after": ", ".join(sync.after),
            "model built at": built.get(sync.model),
            "last run": runs.get(sync.name, {}).get("started_at"),
            "status": runs.get(sync.name, {}).get("status"),
        }
        for sync in syncs.values()
    ]
    invocation.print_rows(rows, format_, "no exposure of the project has a `sync` in its meta")


@app.command()
def plan(
    names: invocation.Syncs = None,
    out: Annotated[Path | None, typer.Option(help="Save the plan, to be applied exactly.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Every change, not a sample.")] = False,
    percent: Percent = None,
    keys: Keys = None,
    format_: invocation.As = Format.TABLE,
) -> None:
    """What would be written, field by field, and why. Writes nothing to a CRM.

    Example: `reverse-etl plan selfbuilt_contacts --out contacts.plan`
    """
    syncs = chosen(invocation.known_syncs(), names or [])
    selection = Selection(release=_release(percent, keys))
    limit = None if full else render.SAMPLE
    with (
        invocation.open_ledger() as ledger,
        invocation.stopping(at_once=True) as stop,
        invocation.new_engine(ledger, stop).planned(syncs, selection) as (made, planned),
    ):
        kept = None
        if out is not None:
            reasons = {each.sync.name: each.verdict.reasons for each in planned}
            kept = plans.save(made, syncs, reasons, out, ledger.world)
        if format_ is Format.JSON:
            data = render.plan_as_data(made, planned, limit, kept.plan_id if kept else None)
            typer.echo(render.as_json(data))
            return
        render.print_plan(render.new_console(), made, planned, limit)
        if kept is not None:
            typer.echo(f"Saved to {out}. Apply exactly this: reverse-etl apply --plan {out}")


@app.command()
def apply(
    names: invocation.Syncs = None,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="Apply this saved plan, and nothing else.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many records of each sync.")
    ] = None,
    percent: Percent = None,
    keys: Keys = None,
    format_: invocation.As = Format.TABLE,
) -> None:
    """Make the CRM hold what the models say: plan, guard, send, and know of each record.

    What a guard would stop is applied by saving the plan, reading it, and applying it by name.
    A guard looks at the whole plan, whatever part of it goes out; the rest stays planned.

    Example: `reverse-etl apply --plan contacts.plan`
    """
    syncs = invocation.known_syncs()
    kept = None
    if plan_file is not None:
        if names:
            raise SyncConfigurationError("a saved plan names its syncs itself; give only --plan")
        kept = plans.load(plan_file)
    wanted = kept.check(syncs) if kept else chosen(syncs, names or [])
    with invocation.open_ledger() as ledger:
        selection = Selection(limit=limit, release=_release(percent, keys))
        if kept is not None and kept.undoes:
            apply_undo(ledger, syncs, Undo(kept.undoes), selection, format_, kept=kept)
        _apply(ledger, wanted, selection, format_, kept=kept)


@app.command()
def status(format_: invocation.As = Format.TABLE) -> None:
    """How each sync stands, how far the running ones are, and what is left of each quota.

    Example: `reverse-etl status --format json`
    """
    with invocation.open_ledger() as ledger:
        rows = queries.status(ledger)
        running = progress.read(ledger)
    data = statuses.as_data(rows, running, read_budgets(), _destinations(), datetime.now(UTC))
    if format_ is Format.JSON:
        typer.echo(render.as_json(data))
    else:
        statuses.show(render.new_console(), data)


@app.command()
def history(
    sync: invocation.OneSync = None,
    key: Annotated[str | None, typer.Option(help="What was sent of this record.")] = None,
    run: Annotated[str | None, typer.Option(help="What was sent in this run.")] = None,
    outcome: Annotated[
        Outcome | None, typer.Option(help="What was sent and came to this end.")
    ] = None,
    error: Annotated[
        str | None, typer.Option(help="What the CRM refused with this error code.")
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="Only since then (UTC).")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 20,
    format_: invocation.As = Format.TABLE,
) -> None:
    """The runs, newest first; with --key, --run, --outcome or --error, what was sent.

    Facts only: which record, which fields, when, with what outcome. No values.

    Example: `reverse-etl history selfbuilt_contacts --key p_01J9`
    """
    with invocation.open_ledger() as ledger:
        rows = queries.history(
            ledger,
            sync,
            key=key,
            run=run,
            outcome=outcome,
            error=error,
            since=invocation.utc(since),
            limit=limit,
        )
    invocation.print_rows(rows, format_, "nothing was ever sent")


@app.command()
def errors(
    sync: invocation.OneSync = None,
    key: Annotated[str | None, typer.Option(help="Only this record.")] = None,
    error: Annotated[str | None, typer.Option(help="Only this error code.")] = None,
    run: Annotated[str | None, typer.Option(help="Only last refused in this run.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only refused since then (UTC).")] = None,
    format_: invocation.As = Format.TABLE,
) -> None:
    """The retry queue: what the CRM refused, with its own words, and what is gone from it.

    Example: `reverse-etl errors selfbuilt_contacts --format json`
    """
    with invocation.open_ledger() as ledger:
        moment = invocation.utc(since)
        rows = queries.errors(ledger, sync, key=key, error=error, run=run, since=moment)
        words = queries.words_of(ledger, [row["delivery_id"] for row in rows])
    for row in rows:
        row["the CRM's words"] = words.get(row.pop("delivery_id"))
    invocation.print_rows(rows, format_, "nothing waits: the CRM refused no record")


@app.command()
def retry(
    sync: invocation.OneSync = None,
    key: Annotated[str | None, typer.Option(help="Only this record.")] = None,
    error: Annotated[str | None, typer.Option(help="Only this error code.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only refused since then (UTC).")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show it, send nothing.")] = False,
    format_: invocation.As = Format.TABLE,
) -> None:
    """Send again what the CRM refused, though it hasn't changed, and make anew what is gone.

    Example: `reverse-etl retry selfbuilt_contacts --error validation_invalid_email --preview`
    """
    syncs = invocation.known_syncs()
    with invocation.open_ledger() as ledger:
        rows = queries.errors(ledger, sync, key=key, error=error, since=invocation.utc(since))
        waiting = {row["sync"] for row in rows}
        wanted = [each for each in syncs.values() if each.name in waiting]
        if not wanted:
            invocation.print_rows([], format_, "nothing waits that fits")
            return
        selection = Selection(sorted({row["key"] for row in rows}), forced=True)
        if preview:
            with (
                invocation.stopping(at_once=True) as stop,
                invocation.new_engine(ledger, stop).planned(wanted, selection) as (made, planned),
            ):
                if format_ is Format.JSON:
                    typer.echo(render.as_json(render.plan_as_data(made, planned, None)))
                else:
                    render.print_plan(render.new_console(), made, planned, None)
            return
        _apply(ledger, wanted, selection, format_, command="retry")


@app.command()
def describe(
    connection: Annotated[str, typer.Argument(metavar="CRM", help="A connection's name.")],
    object_name: Annotated[
        str | None, typer.Argument(metavar="[OBJECT]", help="Which object; all by default.")
    ] = None,
    format_: invocation.As = Format.TABLE,
) -> None:
    """What the CRM says about its fields.

    Example: `reverse-etl describe selfbuilt contacts`
    """
    objects = [object_name] if object_name else _objects_of(connection)
    crm = connect(connection)
    rows = [
        {
            "object": name,
            "field": field.name,
            "label": field.label,
            "type": field.type,
            "required": field.required,
            "read_only": field.read_only,
            "unique": field.unique,
            "max_length": field.max_length,
            "options": ", ".join(field.options),
            "links_to": field.links_to,
        }
        for name in objects
        for field in crm.describe(name)
    ]
    invocation.print_rows(rows, format_, "the CRM describes no field")


def main() -> None:
    """Run the command line; every error that a person can act on is one message."""
    collect_less_often()
    try:
        # what a command ends with comes back as a value, not as an exception
        sys.exit(app(standalone_mode=False))
    except SyncError as error:
        invocation.end(str(error), error.exit_code)
    except ConfigurationError as error:
        invocation.end(str(error), ExitCode.USAGE)
    except WarehouseMissingError as error:
        invocation.end(str(error), ExitCode.USAGE)
    except (CrmError, WarehouseBusyError) as error:
        invocation.end(str(error), ExitCode.FAILED)
    except typer.Abort:
        invocation.end("aborted", ExitCode.FAILED)
    except Exception as error:
        show = getattr(error, "show", None)
        if show is None:
            raise
        show()  # a wrong option or argument, in click's own words
        sys.exit(ExitCode.USAGE)


def _apply(
    ledger: Ledger,
    syncs: list[Sync],
    selection: Selection,
    format_: Format,
    *,
    kept: plans.SavedPlan | None = None,
    command: str = "apply",
) -> None:
    signatures.demand(syncs)
    with invocation.stopping() as stop:
        engine = invocation.new_engine(ledger, stop)
        applied = engine.apply(syncs, selection, saved=kept, command=command)
    if format_ is Format.JSON:
        typer.echo(render.as_json(render.applied_as_data(applied)))
    else:
        render.print_applied(render.new_console(), applied)
    raise typer.Exit(exit_code(applied))


def _release(percent: float | None, keys: Path | None) -> Release:
    return Release(percent, None if keys is None else read_keys(keys))


def _destinations() -> dict[str, str]:
    """Each sync's connection; none if the project can't be read: the ledger doesn't need it."""
    try:
        return {sync.name: sync.destination for sync in invocation.known_syncs().values()}
    except SyncError:
        return {}


def _built_at() -> dict[str, Any]:
    try:
        with attached_read_only(patience=1.0) as connection:
            return {
                node: result.completed_at
                for node, result in builds.read_results(connection).items()
            }
    except (WarehouseBusyError, WarehouseMissingError):
        return {}


def _objects_of(connection: str) -> list[str]:
    syncs = invocation.known_syncs().values()
    objects = [sync.object for sync in syncs if sync.destination == connection]
    if not objects:
        raise SyncConfigurationError(
            f"no sync goes to {connection}; name the object to be described"
        )
    return objects
