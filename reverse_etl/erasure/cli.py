"""The `purge` and `erase` commands: values are forgotten by their age, or by whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from reverse_etl import invocation, render
from reverse_etl.erasure.scope import age_of, keys_of
from reverse_etl.errors import ExitCode
from reverse_etl.ledger import retention
from reverse_etl.render import Format

app = typer.Typer(rich_markup_mode="markdown")


@app.command()
def purge(
    sync: invocation.OneSync = None,
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
    format_: invocation.As = Format.TABLE,
) -> None:
    """Forget the values of old deliveries: payloads, before-images, the CRM's words.

    The facts stay (what was sent when, which fields, with what outcome), and so does what is
    known of the records that are in the CRM; it may run while a sync is applied.

    Example: `reverse-etl purge --older-than 90d --preview`
    """
    with invocation.open_ledger() as ledger:
        before = retention.moment_before(ledger.world.clock.now(), age_of(older_than))
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
    sync: invocation.OneSync = None,
    preview: Annotated[bool, typer.Option("--preview", help="Count it, forget nothing.")] = False,
    format_: invocation.As = Format.TABLE,
) -> None:
    """Forget every value of one record: what was sent of it, and what is known of it.

    The facts and the CRM's id of the record stay, so that nothing is doubled, and the next plan
    looks at the CRM anew. What still stands in the sources comes again, so erase it there first.

    Example: `reverse-etl erase --key p_01J9 --preview`
    """
    syncs = [each for each in invocation.known_syncs().values() if sync in {None, each.name}]
    keys = [key]
    if any(each.redirects for each in syncs):
        with invocation.open_warehouse() as connection:
            keys = keys_of(connection, syncs, key)
    with invocation.open_ledger() as ledger:
        erased = retention.erase(ledger, keys, sync, preview=preview)
        wiped = preview or retention.wipe(ledger, rewrite=True)
    _print_forgotten(
        erased,
        {"keys": keys, "preview": preview},
        format_,
        empty=f"the ledger holds no value of {', '.join(keys)}",
    )
    _end_wiped(wiped)


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
        invocation.end(
            "the values can't be read through the ledger any more, but the file still has traces "
            "of them, for somebody else uses it now; run the command once more when no sync is "
            "applied",
            ExitCode.PARTLY,
        )
