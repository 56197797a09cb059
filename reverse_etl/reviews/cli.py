"""The `reviews` command: what a person is asked about fields in conflict, and their answers."""

import getpass
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from reverse_etl import render
from reverse_etl.clock import World
from reverse_etl.errors import ExitCode, SyncConfigurationError
from reverse_etl.ledger import Ledger, ledger_path, reviews
from reverse_etl.ledger.reviews import Answer, Choice, Review
from reverse_etl.manifest import default_manifest, read_manifest, read_syncs
from reverse_etl.plan.fields import can_hold, in_one_form
from reverse_etl.render import Format
from reverse_etl.reviews import sheet
from reverse_etl.syncs import Sync


class _ListByDefault(TyperGroup):
    """`reverse-etl reviews SYNC` is `reverse-etl reviews list SYNC`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        known = {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, args if args and args[0] in known else ["list", *args])


app = typer.Typer(
    name="reviews",
    cls=_ListByDefault,
    help="Fields in which the CRM and we differ, and a person decides; without a command: `list`.",
)
By = Annotated[str, typer.Option(help="Who answers; whoever is signed in by default.")]


@app.command("list")
def list_reviews(
    sync: Annotated[
        str | None, typer.Argument(metavar="[SYNC]", help="Which sync; all by default.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write it into this .xlsx or .csv, to be answered there."
        ),
    ] = None,
    in_: Annotated[
        Path | None,
        typer.Option(
            "--in", metavar="FILE", help="Take the answers of this .xlsx or .csv.", exists=True
        ),
    ] = None,
    by: By = "",
    format_: Annotated[
        Format, typer.Option("--format", help="A table for people, JSON for programs.")
    ] = Format.TABLE,
) -> None:
    """The open questions, the oldest first; they hold personal data.

    With --in, answers are taken instead; rows without one stay open. The same file again changes
    nothing. An answer holds for the two values that stood beside it: if one has moved since, the
    answer is left out, and the command ends with 3.

    Example: `reverse-etl reviews list selfbuilt_contacts --out var/reviews.xlsx`
    """
    with closing(Ledger(ledger_path(), World())) as ledger:
        if in_ is not None:
            _take(ledger, list(sheet.read(in_)), by)
            return
        found = reviews.waiting(ledger, sync)
    if out is not None:
        sheet.write(found, out)
        typer.echo(f"{len(found)} questions are in {out}; answer in its column answer")
    elif format_ is Format.JSON:
        typer.echo(render.as_json([asdict(each) for each in found]))
    else:
        rows = [{name: getattr(each, name) for name in sheet.QUESTION} for each in found]
        render.print_rows(render.new_console(), rows, empty="no question is open")


@app.command("answer")
def answer_one(
    review_id: Annotated[str, typer.Argument(help="The question's id, or its beginning.")],
    choice: Annotated[
        Choice, typer.Argument(metavar="ours|theirs|value", help="Whose value holds.")
    ],
    value: Annotated[
        str | None, typer.Argument(help="The value that holds, if it is neither of theirs.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why.")] = None,
    by: By = "",
) -> None:
    """Answer one question; the next apply carries it out. A later answer replaces it until then.

    Example: `reverse-etl reviews answer b5a98349e672 theirs --reason "called her"`
    """
    if (choice == "value") != bool(value):
        raise SyncConfigurationError("the answer `value`, and no other, needs a value after it")
    with closing(Ledger(ledger_path(), World())) as ledger:
        found = reviews.find(ledger, review_id)
        _take(ledger, [Answer(found.review_id, choice, value, reason)], by)


def _take(ledger: Ledger, answers: Sequence[Answer], by: str) -> None:
    """Keep the answers that fit."""
    waiting = {each.review_id: each for each in reviews.unsettled(ledger)}
    is_value_given = any(each.value for each in answers)
    syncs = read_syncs(read_manifest(default_manifest())) if is_value_given else {}
    fitting = [_fit(each, waiting, syncs) for each in answers if each.review_id in waiting]
    kept = reviews.answer(ledger, fitting, by or getpass.getuser())
    typer.echo(f"{kept} of {len(answers)} answers are kept; `reverse-etl apply` carries them out")
    if kept < len(answers):
        typer.echo(f"{len(answers) - kept} answers are to questions that aren't asked any more")
        raise typer.Exit(ExitCode.PARTLY)


def _fit(answer: Answer, waiting: Mapping[str, Review], syncs: Mapping[str, Sync]) -> Answer:
    """The answer, its value in the form in which it travels.

    Raises:
        SyncConfigurationError: the field can't hold such a value; nothing was kept.
    """
    if answer.value is None:
        return answer
    asked = waiting[answer.review_id]
    columns = syncs[asked.sync].columns if asked.sync in syncs else ()
    column = next((each for each in columns if each.field == asked.field), None)
    if column is None or column.links_to or not can_hold(column, answer.value):
        raise SyncConfigurationError(
            f"question {answer.review_id}: {asked.field} can't hold such a value; answer ours or "
            "theirs, or with a value of its type. Nothing was kept"
        )
    return replace(answer, value=in_one_form(column, answer.value))
