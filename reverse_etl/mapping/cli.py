"""The `mapping` command: the field-mapping table is written, compared and signed."""

from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from crm.connections import connect
from crm.errors import CrmError
from crm.protocol import Field
from reverse_etl import invocation, render
from reverse_etl.clock import World
from reverse_etl.errors import ExitCode, SyncConfigurationError
from reverse_etl.manifest import chosen, default_manifest, read_manifest, read_syncs
from reverse_etl.mapping import pages, signatures
from reverse_etl.mapping.origin import Origin
from reverse_etl.mapping.table import changed_rows, sheet
from reverse_etl.render import Format
from reverse_etl.syncs import Sync

app = typer.Typer(rich_markup_mode="markdown")


class Lang(StrEnum):
    """What the mapping is written in."""

    EN = "en"
    ZH = "zh"


@app.command()
def mapping(
    names: invocation.Syncs = None,
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
    format_: invocation.As = Format.TABLE,
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
