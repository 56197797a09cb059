"""The command line: it parses, calls and prints, nothing else."""

import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import duckdb
import typer

import sandbox.cli
from crm.budget_files import read_budgets
from crm.connections import connect
from crm.errors import ConfigurationError, CrmError
from crm.protocol import Field
from crm.runtime import Runtime, until
from reverse_etl import builds, erasure, progress, queries, render
from reverse_etl import status as statuses
from reverse_etl import undo as undoing
from reverse_etl.clock import World, text
from reverse_etl.engine import Engine, Selection, exit_code
from reverse_etl.errors import ExitCode, SyncConfigurationError, SyncError
from reverse_etl.garbage import collect_less_often
from reverse_etl.ledger import Ledger, ledger_path, retention
from reverse_etl.mapping import pages, signatures
from reverse_etl.mapping.origin import Origin
from reverse_etl.mapping.table import changed_rows, sheet
from reverse_etl.plan import saved as plans
from reverse_etl.plan.release import Release, read_keys
from reverse_etl.reconciliation import report
from reverse_etl.reconciliation.reconcile import exit_code as reconciled_code
from reverse_etl.reconciliation.reconcile import reconciling
from reverse_etl.render import Format
from reverse_etl.reviews.cli import app as reviews_app
from reverse_etl.syncs import Sync, chosen, default_manifest, read_manifest, read_syncs
from reverse_etl.undo import report as undo_report
from warehouse.connection import (
    WarehouseBusyError,
    WarehouseMissingError,
    attached_read_only,
)

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


class Outcome(StrEnum):
    """What became of a record that was sent."""

    WRITTEN = "written"
    REJECTED = "rejected"
    NOT_WRITTEN = "not_written"
    GONE = "gone"


class Lang(StrEnum):
    """What the mapping is written in."""

    EN = "en"
    ZH = "zh"


Syncs = Annotated[list[str] | None, typer.Argument(help="Which syncs; all by default.")]
OneSync = Annotated[
    str | None, typer.Argument(metavar="[SYNC]", help="Which sync; all by default.")
]
Percent = Annotated[
    float | None,
    typer.Option(
        min=0, max=100, help="Only this share of the keys; a larger share has all of a smaller."
    ),
]
Keys = Annotated[Path | None, typer.Option(help="Only the keys that this file names, one a line.")]
As = Annotated[Format, typer.Option("--format", help="A table for people, JSON for programs.")]


@app.command("list")
def list_syncs(format_: As = Format.TABLE) -> None:
    """The syncs: where to, of what model, when last run, how fresh the model is.

    Example: `reverse-etl list`
    """
    syncs = _syncs()
    with _ledger() as ledger:
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
    _print_rows(rows, format_, "no exposure of the project has a `sync` in its meta")


@app.command()
def plan(
    names: Syncs = None,
    out: Annotated[Path | None, typer.Option(help="Save the plan, to be applied exactly.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Every change, not a sample.")] = False,
    percent: Percent = None,
    keys: Keys = None,
    format_: As = Format.TABLE,
) -> None:
    """What would be written, field by field, and why. Writes nothing to a CRM.

    Example: `reverse-etl plan selfbuilt_contacts --out contacts.plan`
    """
    syncs = chosen(_syncs(), names or [])
    limit = None if full else render.SAMPLE
    with (
        _ledger() as ledger,
        _stopping(at_once=True) as stop,
        _engine(ledger, stop).planned(syncs, Selection(release=_release(percent, keys))) as (
            made,
            planned,
        ),
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
    names: Syncs = None,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="Apply this saved plan, and nothing else.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many records of each sync.")
    ] = None,
    percent: Percent = None,
    keys: Keys = None,
    format_: As = Format.TABLE,
) -> None:
    """Make the CRM hold what the models say: plan, guard, send, and know of each record.

    What a guard would stop is applied by saving the plan, reading it, and applying it by name.
    A guard looks at the whole plan, whatever part of it goes out; the rest stays planned.

    Example: `reverse-etl apply --plan contacts.plan`
    """
    syncs = _syncs()
    kept = None
    if plan_file is not None:
        if names:
            raise SyncConfigurationError("a saved plan names its syncs itself; give only --plan")
        kept = plans.load(plan_file)
    wanted = kept.check(syncs) if kept else chosen(syncs, names or [])
    with _ledger() as ledger:
        selection = Selection(limit=limit, release=_release(percent, keys))
        if kept is not None and kept.undoes:
            _undo(ledger, syncs, undoing.Undo(kept.undoes), selection, format_, kept=kept)
        _apply(ledger, wanted, selection, format_, kept=kept)


@app.command()
def status(format_: As = Format.TABLE) -> None:
    """How each sync stands, how far the running ones are, and what is left of each quota.

    Example: `reverse-etl status --format json`
    """
    with _ledger() as ledger:
        rows = queries.status(ledger)
        running = progress.read(ledger)
    data = statuses.as_data(rows, running, read_budgets(), _destinations(), datetime.now(UTC))
    if format_ is Format.JSON:
        typer.echo(render.as_json(data))
    else:
        statuses.show(render.new_console(), data)


@app.command()
def history(
    sync: OneSync = None,
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
    format_: As = Format.TABLE,
) -> None:
    """The runs, newest first; with --key, --run, --outcome or --error, what was sent.

    Facts only: which record, which fields, when, with what outcome. No values.

    Example: `reverse-etl history selfbuilt_contacts --key p_01J9`
    """
    with _ledger() as ledger:
        rows = queries.history(
            ledger,
            sync,
            key=key,
            run=run,
            outcome=outcome,
            error=error,
            since=_utc(since),
            limit=limit,
        )
    _print_rows(rows, format_, "nothing was ever sent")


@app.command()
def errors(
    sync: OneSync = None,
    key: Annotated[str | None, typer.Option(help="Only this record.")] = None,
    error: Annotated[str | None, typer.Option(help="Only this error code.")] = None,
    run: Annotated[str | None, typer.Option(help="Only last refused in this run.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only refused since then (UTC).")] = None,
    format_: As = Format.TABLE,
) -> None:
    """The retry queue: what the CRM refused, with its own words, and what is gone from it.

    Example: `reverse-etl errors selfbuilt_contacts --format json`
    """
    with _ledger() as ledger:
        rows = queries.errors(ledger, sync, key=key, error=error, run=run, since=_utc(since))
        words = queries.words_of(ledger, [row["delivery_id"] for row in rows])
    for row in rows:
        row["the CRM's words"] = words.get(row.pop("delivery_id"))
    _print_rows(rows, format_, "nothing waits: the CRM refused no record")


@app.command()
def retry(
    sync: OneSync = None,
    key: Annotated[str | None, typer.Option(help="Only this record.")] = None,
    error: Annotated[str | None, typer.Option(help="Only this error code.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only refused since then (UTC).")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show it, send nothing.")] = False,
    format_: As = Format.TABLE,
) -> None:
    """Send again what the CRM refused, though it hasn't changed, and make anew what is gone.

    Example: `reverse-etl retry selfbuilt_contacts --error validation_invalid_email --preview`
    """
    syncs = _syncs()
    with _ledger() as ledger:
        rows = queries.errors(ledger, sync, key=key, error=error, since=_utc(since))
        waiting = {row["sync"] for row in rows}
        wanted = [each for each in syncs.values() if each.name in waiting]
        if not wanted:
            _print_rows([], format_, "nothing waits that fits")
            return
        selection = Selection(sorted({row["key"] for row in rows}), forced=True)
        if preview:
            with (
                _stopping(at_once=True) as stop,
                _engine(ledger, stop).planned(wanted, selection) as (made, planned),
            ):
                if format_ is Format.JSON:
                    typer.echo(render.as_json(render.plan_as_data(made, planned, None)))
                else:
                    render.print_plan(render.new_console(), made, planned, None)
            return
        _apply(ledger, wanted, selection, format_, command="retry")


@app.command()
def reconcile(
    names: Syncs = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A file for what was found, row by row: .csv, or Parquet."),
    ] = None,
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="Save a plan of what can be settled.")
    ] = None,
    format_: As = Format.TABLE,
) -> None:
    """Read the CRM whole: what is missing, changed by people, doubled, merged, restored.

    Asked to stop, or cut off, it goes on where it was when it is called again within six hours.

    Example: `reverse-etl reconcile selfbuilt_contacts --out drift.csv --plan drift.plan`
    """
    syncs = chosen(_syncs(), names or [])
    with _ledger() as ledger, _stopping() as stop:
        engine = _engine(ledger, stop)
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
    raise typer.Exit(reconciled_code(results))


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
    format_: As = Format.TABLE,
) -> None:
    """Take back what runs wrote: of each field that nobody has changed since, what it held before.

    Records that they created are removed again if nobody has touched them; adopted ones are let
    go. What is left is named, with the reason. It is a run like any other: it passes the guard,
    and can be undone. What a guard would stop is saved, read, and applied by `apply --plan`.

    Example: `reverse-etl undo 20260102T030405-1a2b3c4d --preview`
    """
    if out is not None and not preview:
        raise SyncConfigurationError("`--out` saves what `--preview` shows; give both")
    syncs = _syncs()
    with _ledger() as ledger:
        meant = undoing.runs_to_undo(
            ledger, runs or [], sync=sync, since=_utc(since), keys=key or []
        )
        wanted = undoing.syncs_to_undo(syncs, ledger, meant)
        if not preview:
            _undo(ledger, syncs, meant, Selection(limit=limit), format_)
        leftovers: undoing.Leftovers = {}
        with _stopping(at_once=True) as stop:
            engine = undoing.engine_for(_engine(ledger, stop), meant, syncs, leftovers)
            with engine.planned(wanted) as (made, planned):
                kept = None
                if out is not None:
                    reasons = {each.sync.name: each.verdict.reasons for each in planned}
                    kept = plans.save(made, wanted, reasons, out, ledger.world, meant.runs)
                if format_ is Format.JSON:
                    plan_id = kept.plan_id if kept else None
                    data = render.plan_as_data(made, planned, None, plan_id)
                    typer.echo(render.as_json(undo_report.with_left(data, leftovers)))
                    return
                undo_report.print_plan(render.new_console(), made, planned, leftovers)
        if kept is not None:
            typer.echo(f"Saved to {out}. Apply exactly this: reverse-etl apply --plan {out}")


@app.command()
def purge(
    sync: OneSync = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            help="An age, such as 36h, 90d or 12w; by default `values_days` of `[retention]`."
        ),
    ] = None,
    rewrite: Annotated[
        bool, typer.Option("--rewrite", help="Write the file anew, so that no copy is left in it.")
    ] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Count it, forget nothing.")] = False,
    format_: As = Format.TABLE,
) -> None:
    """Forget the values of old deliveries: payloads, before-images, the CRM's words.

    The facts stay (what was sent when, which fields, with what outcome), and so does what is
    known of the records that are in the CRM; it may run while a sync is applied.

    Example: `reverse-etl purge --older-than 90d --preview`
    """
    with _ledger() as ledger:
        before = retention.moment_before(ledger.world.clock.now(), erasure.age_of(older_than))
        purged = retention.purge(ledger, before, sync, preview=preview)
        wiped = preview or retention.wipe(ledger, rewrite=rewrite)
    _print_forgotten(
        purged,
        {"before": before, "preview": preview},
        format_,
        empty=f"no values of before {before} are kept",
    )
    _end_wiped(wiped)


@app.command()
def erase(
    key: Annotated[str, typer.Option(help="Whose values; keys merged with it go along.")],
    sync: OneSync = None,
    preview: Annotated[bool, typer.Option("--preview", help="Count it, forget nothing.")] = False,
    format_: As = Format.TABLE,
) -> None:
    """Forget every value of one record: what was sent of it, and what is known of it.

    The facts and the CRM's id of the record stay, so that nothing is doubled, and the next plan
    looks at the CRM anew. What still stands in the sources comes again, so erase it there first.

    Example: `reverse-etl erase --key p_01J9 --preview`
    """
    syncs = [each for each in _syncs().values() if sync in {None, each.name}]
    keys = [key]
    if any(each.redirects for each in syncs):
        with _warehouse() as connection:
            keys = erasure.keys_of(connection, syncs, key)
    with _ledger() as ledger:
        erased = retention.erase(ledger, keys, sync, preview=preview)
        wiped = preview or retention.wipe(ledger, rewrite=True)
    _print_forgotten(
        erased,
        {"keys": keys, "preview": preview},
        format_,
        empty=f"the ledger holds no value of {', '.join(keys)}",
    )
    _end_wiped(wiped)


@app.command()
def describe(
    connection: Annotated[str, typer.Argument(metavar="CRM", help="A connection's name.")],
    object_name: Annotated[
        str | None, typer.Argument(metavar="[OBJECT]", help="Which object; all by default.")
    ] = None,
    format_: As = Format.TABLE,
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
    _print_rows(rows, format_, "the CRM describes no field")


@app.command()
def mapping(
    names: Syncs = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A file: .xlsx, .html, .md or .csv; to the screen by default."),
    ] = None,
    language: Annotated[
        Lang, typer.Option("--lang", help="The language of the headings and rules.")
    ] = Lang.EN,
    diff: Annotated[
        bool, typer.Option("--diff", help="What has changed since it was last signed.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="The same, and end with 4 if anything has.")
    ] = False,
    sign: Annotated[
        bool, typer.Option("--sign", help="Sign it as it stands, in mapping.lock.json.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="Who signs.")] = None,
    format_: As = Format.TABLE,
) -> None:
    """The field-mapping table, for business and engineering to sign.

    Where the CRM can't be asked about its fields, the table has what the sync says of them.

    Example: `reverse-etl mapping --out mapping.xlsx --lang zh`
    """
    if sign != (by is not None) or (sign and (diff or check)):
        raise SyncConfigurationError(
            "a mapping is signed by --sign and --by NAME together, and by nothing else beside them"
        )
    manifest = read_manifest(default_manifest())
    known = read_syncs(manifest)
    syncs = chosen(known, names or [])
    origins = _origins(manifest, syncs)
    if sign and by is not None:
        on = World().now()[:10]
        signed = signatures.sign(syncs, known, origins, by=by, on=on)
        said = f"signed: {', '.join(signed)}" if signed else "nothing has changed since it was"
        typer.echo(f"{signatures.LOCK}: {said}")
        return
    held = signatures.read()
    if diff or check:
        changes = [
            change
            for sync in syncs
            for change in signatures.changes(sync, held.get(sync.name), origins[sync.name])
        ]
        if format_ is Format.JSON:
            typer.echo(render.as_json([asdict(change) for change in changes]))
        else:
            rows = changed_rows(changes, language.value)
            empty = "every mapping is signed as it stands"
            render.print_rows(render.new_console(), rows, empty=empty)
        raise typer.Exit(ExitCode.STOPPED if check and changes else ExitCode.DONE)
    sheets = [
        sheet(sync, _described(sync), origins[sync.name], held.get(sync.name), language.value)
        for sync in syncs
    ]
    if out is not None:
        pages.write(sheets, out, language.value)
        typer.echo(f"{sum(len(each.rows) for each in sheets)} fields written to {out}")
    elif format_ is Format.JSON:
        typer.echo(render.as_json([each.as_data() for each in sheets]))
    else:
        typer.echo(pages.markdown(sheets, language.value))


def main() -> None:
    """Run the command line; every error that a person can act on is one message."""
    collect_less_often()
    try:
        # what a command ends with comes back as a value, not as an exception
        sys.exit(app(standalone_mode=False))
    except SyncError as error:
        _end(str(error), error.exit_code)
    except ConfigurationError as error:
        _end(str(error), ExitCode.USAGE)
    except WarehouseMissingError as error:
        _end(str(error), ExitCode.USAGE)
    except (CrmError, WarehouseBusyError) as error:
        _end(str(error), ExitCode.FAILED)
    except typer.Abort:
        _end("aborted", ExitCode.FAILED)
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
    with _stopping() as stop:
        engine = _engine(ledger, stop)
        applied = engine.apply(syncs, selection, saved=kept, command=command)
    if format_ is Format.JSON:
        typer.echo(render.as_json(render.applied_as_data(applied)))
    else:
        render.print_applied(render.new_console(), applied)
    raise typer.Exit(exit_code(applied))


def _undo(
    ledger: Ledger,
    syncs: Mapping[str, Sync],
    meant: undoing.Undo,
    selection: Selection,
    format_: Format,
    *,
    kept: plans.SavedPlan | None = None,
) -> NoReturn:
    leftovers: undoing.Leftovers = {}
    wanted = undoing.syncs_to_undo(syncs, ledger, meant)
    with _stopping() as stop:
        engine = undoing.engine_for(_engine(ledger, stop), meant, syncs, leftovers)
        applied = engine.apply(wanted, selection, saved=kept, command="undo", undoes=meant.runs)
    if format_ is Format.JSON:
        data = render.applied_as_data(applied)
        typer.echo(render.as_json(undo_report.with_left(data, leftovers)))
    else:
        undo_report.print_applied(render.new_console(), applied, leftovers)
    raise typer.Exit(exit_code(applied))


def _release(percent: float | None, keys: Path | None) -> Release:
    return Release(percent, None if keys is None else read_keys(keys))


def _destinations() -> dict[str, str]:
    """Each sync's connection; none if the project can't be read: the ledger doesn't need it."""
    try:
        return {sync.name: sync.destination for sync in _syncs().values()}
    except SyncError:
        return {}


def _syncs() -> dict[str, Sync]:
    return read_syncs(read_manifest(default_manifest()))


@contextmanager
def _ledger() -> Iterator[Ledger]:
    ledger = Ledger(ledger_path(), World())
    try:
        yield ledger
    finally:
        ledger.close()


def _engine(ledger: Ledger, stop: threading.Event) -> Engine:
    return Engine(
        read_manifest(default_manifest()),
        ledger,
        partial(connect, runtime=Runtime(sleep=until(stop))),
        _warehouse,
        ledger.world,
        is_stopping=stop.is_set,
    )


def _warehouse() -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    return attached_read_only()


@contextmanager
def _stopping(*, at_once: bool = False) -> Iterator[threading.Event]:
    """Let SIGINT and SIGTERM end the delivery after what is under way, not in its middle.

    Where nothing is written it ends `at_once`: SIGTERM as ever, and SIGINT lets go of the threads
    that wait for the CRM, for which it would be waited else.
    """
    stop = threading.Event()

    def ask(*_: object) -> None:
        stop.set()
        if at_once:
            raise KeyboardInterrupt

    numbers = (signal.SIGINT,) if at_once else (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _built_at() -> dict[str, Any]:
    try:
        with attached_read_only(patience=1.0) as connection:
            return {
                node: result.completed_at
                for node, result in builds.read_results(connection).items()
            }
    except (WarehouseBusyError, WarehouseMissingError):
        return {}


def _origins(manifest: Mapping[str, Any], syncs: list[Sync]) -> dict[str, dict[str, Origin]]:
    """Where each column of each sync comes from."""
    # its parser takes a tenth of a second to import, which no other command needs
    from reverse_etl.mapping.lineage import Lineage  # noqa: PLC0415 - as said above

    lineage = Lineage(manifest)
    return {
        sync.name: {
            column.name: lineage.origin(sync.schema, sync.table, column.name)
            for column in sync.columns
        }
        for sync in syncs
    }


def _described(sync: Sync) -> list[Field]:
    """What the CRM says; the mapping can be written without it, and says so."""
    try:
        return connect(sync.destination).describe(sync.object)
    except (CrmError, OSError) as error:
        typer.echo(f"{sync.destination} can't be asked about its fields: {error}", err=True)
        return []


def _objects_of(connection: str) -> list[str]:
    objects = [sync.object for sync in _syncs().values() if sync.destination == connection]
    if not objects:
        raise SyncConfigurationError(
            f"no sync goes to {connection}; name the object to be described"
        )
    return objects


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else text(moment.replace(tzinfo=UTC))


def _print_rows(rows: list[dict[str, Any]], format_: Format, empty: str) -> None:
    if format_ is Format.JSON:
        typer.echo(render.as_json(rows))
    else:
        render.print_rows(render.new_console(), rows, empty=empty)


def _print_forgotten(
    found: Sequence[retention.Purged | retention.Erased],
    request: Mapping[str, Any],
    format_: Format,
    *,
    empty: str,
) -> None:
    rows = [asdict(each) for each in found]
    if format_ is Format.JSON:
        typer.echo(render.as_json({**request, "syncs": rows}))
    else:
        render.print_rows(render.new_console(), rows, empty=empty)


def _end_wiped(wiped: bool) -> None:  # noqa: FBT001 - what `wipe` returned
    if not wiped:
        _end(
            "the values can't be read through the ledger any more, but the file still has traces "
            "of them, for somebody else uses it now; run the command once more when no sync is "
            "applied",
            ExitCode.PARTLY,
        )


def _end(message: str, code: ExitCode) -> NoReturn:
    typer.echo(message, err=True)
    sys.exit(code)
