"""The `identity` command: people answer the review queue with it, and train what fills it.

0 all done · 1 nothing was done · 2 usage · 3 some answers were left out
"""

import getpass
import json
import sys
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from identity import counts, workbook
from identity import thresholds as limits
from identity.decisions import Verdict
from identity.errors import IdentityError
from identity.explanations import Explanations
from identity.reviews import Reviews, decision
from identity.telling import tell
from warehouse.connection import WarehouseBusyError, warehouse_path

NOTHING, PARTLY = 1, 3

app = typer.Typer(
    help="Say who is who where the weights leave it open.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
review_app = typer.Typer(
    help="The review queue: pairs of records that may be one.", no_args_is_help=True
)
app.add_typer(review_app, name="review")
output = Console()
errors = Console(stderr=True)


class Format(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="For people, or for programs.")]
ByOption = Annotated[
    str, typer.Option("--by", help="Who decides; whoever is signed in by default.")
]


def main() -> None:
    """Run the command."""
    try:
        app()
    except (IdentityError, WarehouseBusyError) as error:
        errors.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(NOTHING)


@review_app.command("list")
def list_reviews(
    limit: Annotated[int, typer.Option(help="How many at most.")] = 20,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Show the questions, the most probable first, with their evidence field by field.

    Example: identity review list --limit 5
    """
    found = Reviews().open()
    if format_ is Format.JSON:
        typer.echo(json.dumps([asdict(each) for each in found[:limit]], default=str))
        return
    table = Table(title=f"{len(found)} open questions", box=None, pad_edge=False)
    for heading in ("key", "type", "records", "probability", "state", "evidence"):
        table.add_column(heading)
    for each in found[:limit]:
        table.add_row(
            each.pair_key,
            each.entity_type,
            f"{each.record_key}\n{each.other_record_key}",
            "" if each.probability is None else str(each.probability),
            each.state,
            each.evidence.replace("; ", "\n") if each.evidence else "",
        )
    output.print(table)


@review_app.command()
def export(
    path: Annotated[Path, typer.Argument(help="The .xlsx or .csv file to write.")],
) -> None:
    """Write the questions into a spreadsheet, with a column for the answers.

    It holds personal data: keep it where such data may be.

    Example: identity review export var/review.xlsx
    """
    found = Reviews().open()
    workbook.write(found, path)
    typer.echo(f"{len(found)} questions are in {path}; answer in its column verdict")


@review_app.command("import")
def import_answers(
    path: Annotated[Path, typer.Argument(help="The .xlsx or .csv file with answers.", exists=True)],
    by: ByOption = "",
) -> None:
    """Take the answers of a spreadsheet; rows without a verdict stay open.

    Importing the same file again changes nothing; answers that contradict each other, or what
    was decided before, are refused with their keys.

    Example: identity review import var/review.xlsx
    """
    answers = list(workbook.read(path))
    reviews = Reviews()
    questions = {each.pair_key: each for each in reviews.open()}
    now = datetime.now(UTC)
    known = [
        decision(questions[key], verdict, by or getpass.getuser(), reason, now)
        for key, verdict, reason in answers
        if key in questions
    ]
    stored = reviews.decide_all(known)
    counts = Counter(each.verdict for each in known)
    typer.echo(
        f"{stored} of {len(answers)} answers are new ({counts['same']} same, "
        f"{counts['different']} different); `dbt build` takes them up"
    )
    if gone := len(answers) - len(known):
        typer.echo(f"{gone} answers are to questions that are no longer asked; left out")
        raise typer.Exit(PARTLY)


@review_app.command()
def decide(
    key: Annotated[str, typer.Argument(help="The question's key, or its beginning.")],
    verdict: Annotated[Verdict, typer.Argument(help="What they are.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    by: ByOption = "",
) -> None:
    """Answer one question; a later answer replaces an earlier one.

    Example: identity review decide b5a98349e672 same --reason "called her"
    """
    answered = Reviews().decide(key, verdict, by or getpass.getuser(), reason, datetime.now(UTC))
    typer.echo(
        f"{answered.record_key} and {answered.other_record_key}: {verdict.value}; "
        "`dbt build` takes it up"
    )


@review_app.command()
def decided(format_: FormatOption = Format.TABLE) -> None:
    """Show what people have decided, the newest first.

    Example: identity review decided --format json
    """
    found = Reviews().decisions()
    if format_ is Format.JSON:
        typer.echo(json.dumps([asdict(each) for each in found]))
        return
    table = Table(title=f"{len(found)} decisions", box=None, pad_edge=False)
    for heading in ("type", "records", "verdict", "by", "at", "reason"):
        table.add_column(heading)
    for each in found:
        table.add_row(
            each.entity_type,
            f"{each.record_key}\n{each.other_record_key}",
            each.verdict,
            each.decided_by,
            each.decided_at,
            each.reason,
        )
    output.print(table)


@app.command("decide")
def decide_on(
    record: Annotated[str, typer.Argument(help="A record, as <system>:<id>.")],
    other_record: Annotated[str, typer.Argument(help="Another.")],
    verdict: Annotated[Verdict, typer.Argument(help="What they are.")],
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    by: ByOption = "",
) -> None:
    """Decide on any two records, asked about or not: so a merge is undone, or a decision.

    Example: identity decide erp:contact:1 helpdesk:user:7 different --reason "father and son"
    """
    answered = Reviews().decide_on(
        (record, other_record), verdict, by or getpass.getuser(), reason, datetime.now(UTC)
    )
    typer.echo(
        f"{answered.record_key} and {answered.other_record_key}: {verdict.value}; "
        "`dbt build` takes it up"
    )


@app.command()
def explain(
    key: Annotated[str, typer.Argument(help="A record, as <system>:<id>, or an id of ours.")],
    other_key: Annotated[
        str, typer.Argument(help="Another, to ask why they are one, or why not.")
    ] = "",
    values: Annotated[
        bool, typer.Option("--values", help="Show values too, which are personal data.")
    ] = False,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Say why records are one customer, why two aren't, and why a value is the golden record's.

    Example: identity explain erp:contact:1 helpdesk:user:7
    """
    explanations = Explanations(values=values)
    found = explanations.between(key, other_key) if other_key else explanations.of(key)
    if format_ is Format.JSON:
        typer.echo(json.dumps(asdict(found), default=str, ensure_ascii=False))
        return
    for line in tell(found):
        output.print(line, markup=False, highlight=False, soft_wrap=True)


class Entity(StrEnum):
    """What can be trained."""

    PERSON = "person"
    COMPANY = "company"


@app.command()
def train(
    entity: Annotated[Entity, typer.Argument(help="Of what the weights are.")],
    manifest: Annotated[Path, typer.Option(help="dbt's manifest of the build to train on.")] = Path(
        "target/manifest.json"
    ),
) -> None:
    """Train the weights on the warehouse's records, with Splink, and write them into their seed.

    Nothing changes before the next `dbt build`: read the difference first, and commit it.

    Example: identity train person
    """
    # Splink takes a second to import, and no other command needs it
    from identity import training  # noqa: PLC0415

    written = training.train(
        training.SUBJECTS[entity.value], warehouse_path(), manifest, Path.cwd()
    )
    typer.echo(f"{written} is written; `git diff` shows what changed, `dbt build` uses it")


@app.command()
def recount() -> None:
    """Forget how rare names are and how much people change: the next `dbt build` counts anew.

    That build takes all records, and weights change with the counts; do it when the records have
    become several times as many, or others than they were.

    Example: identity recount
    """
    forgotten = counts.forget()
    typer.echo(f"{forgotten} counts are forgotten; `dbt build` counts anew")


@app.command()
def thresholds(
    truth: Annotated[
        Path,
        typer.Option(help="CSV: source_system, source_record_id, entity.", exists=True),
    ],
    precision: Annotated[
        float, typer.Option(help="How many of the merged pairs have to be one.", min=0.5, max=1.0)
    ] = 0.95,
) -> None:
    """Say which thresholds reach a precision on labelled records; to be set in dbt_project.yml.

    Example: identity thresholds --truth truth.csv
    """
    found = limits.bands(warehouse_path(), truth)
    table = Table(box=None, pad_edge=False)
    for heading in ("type", "from probability", "pairs", "of one", "precision"):
        table.add_column(heading)
    for band in found:
        table.add_row(
            band.entity_type,
            str(band.probability),
            str(band.pairs),
            str(band.same),
            f"{band.precision:.3f}",
        )
    output.print(table)
    best = limits.chosen(found, precision)
    typer.echo(f"identity_merge_probability: {best.merge}")
    typer.echo(f"identity_review_probability: {best.review}")
