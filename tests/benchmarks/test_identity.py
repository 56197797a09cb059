"""`python -m benchmarks.identity` from files to figures, and what it says of wrong files."""

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import duckdb
import pytest
from rich.console import Console

from benchmarks.identity import inputs
from benchmarks.identity.baselines import compare
from benchmarks.identity.components import components
from benchmarks.identity.generate import generate, write
from benchmarks.identity.measurement import Measurement, Review
from benchmarks.identity.project import Build, Step
from benchmarks.identity.report import WIDTH, show
from benchmarks.identity.scores import Agreement, Scores
from benchmarks.measure import Measured

ROOT = Path(__file__).parent.parent.parent
RECORDS = 300
LEFT_OUT = 7
"""How many of the records the truth doesn't know."""


@dataclass(frozen=True)
class Run:
    """What a run printed and left."""

    printed: dict[str, Any]
    clusters: Sequence[dict[str, str]]
    truth: dict[tuple[str, str], str]
    home: Path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Measure some hundred made-up records."""
    folder = tmp_path_factory.mktemp("identity")
    write(islice(generate(5, "mixed"), RECORDS), folder)
    lines = (folder / "truth.csv").read_text(encoding="utf-8").splitlines()
    known = [*lines[:-LEFT_OUT], "elsewhere,1,P1"]
    (folder / "truth.csv").write_text("\n".join(known) + "\n", encoding="utf-8-sig")
    out = folder / "clusters.csv"
    home = folder / "home"
    command = [sys.executable, "-m", "benchmarks.identity", "--format", "json"]
    command += ["--records", str(folder / "records.csv"), "--truth", str(folder / "truth.csv")]
    command += ["--clusters", str(out), "--home", str(home)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with out.open(encoding="utf-8", newline="") as file:
        clusters = list(csv.DictReader(file))
    truth = {(system, number): entity for system, number, entity in csv.reader(known[1:])}
    return Run(json.loads(done.stdout), clusters, truth, home)


def test_every_record_is_written_with_the_customer_it_is_of(run: Run) -> None:
    assert len(run.clusters) == RECORDS
    assert all(row["customer_id"] for row in run.clusters)
    people = {row["customer_id"] for row in run.clusters if row["source_system"] == "shop"}
    assert all(customer_id.startswith("person_") for customer_id in people)


def test_the_scores_are_those_of_what_is_written(run: Run) -> None:
    labelled = [
        (row["customer_id"], run.truth[key])
        for row in run.clusters
        if (key := (row["source_system"], row["source_record_id"])) in run.truth
    ]
    pairs = list(combinations(labelled, 2))
    put = [one[1] == other[1] for one, other in pairs if one[0] == other[0]]
    true = [one[0] == other[0] for one, other in pairs if one[1] == other[1]]

    found = run.printed["scores"]["all"]

    assert found["records"] == len(labelled) == RECORDS - LEFT_OUT
    assert found["pairwise"]["precision"] == pytest.approx(sum(put) / len(put), abs=1e-5)
    assert found["pairwise"]["recall"] == pytest.approx(sum(true) / len(true), abs=1e-5)


def test_what_the_truth_leaves_out_is_counted(run: Run) -> None:
    counted = run.printed["records"]
    assert counted["records"] == counted["persons"] + counted["organisations"] == RECORDS
    assert counted["without_truth"] == LEFT_OUT
    assert counted["truth_without_record"] == 1


def test_each_step_is_said_with_its_share(run: Run) -> None:
    steps = {step["name"]: step for step in run.printed["steps"]}
    assert {"stg_canonical__records", "int_records_clustered"} <= steps.keys()
    assert sum(step["share"] for step in steps.values()) == pytest.approx(1, abs=0.01)
    assert run.printed["total"]["rss_mb"] > 50


def test_simpler_ways_are_measured_on_the_same_records(run: Run) -> None:
    with duckdb.connect(run.home / "warehouse.duckdb") as connection:
        connection.execute(
            "create temporary table labelled as "
            "select record_key, entity, cluster_id, "
            "case entity_type when 'company' then 'organisation' else 'person' end as entity_type "
            "from intermediate.int_records_clustered inner join truth using (record_key)"
        )
        ways = compare(connection)
    assert len(ways) == 4
    assert {scores["all"].records for scores in ways.values()} == {RECORDS - LEFT_OUT}
    # identifiers alone join whoever shares one; rules look at the names besides
    alone, ruled = ways["identifiers alone"]["all"], ways["rules alone"]["all"]
    assert alone.pairwise.precision < ruled.pairwise.precision


def test_people_read_the_figures_in_tables() -> None:
    perfect = Scores(3, 2, 2, Agreement(1.0, 0.5), Agreement(1.0, 0.75))
    found = Measurement(
        counts=inputs.Counts(4, 3, 1, without_truth=1, truth_without_record=0),
        ignored_columns=(),
        build=Build([Step("int_records_clustered", 2.0, 1.5)], 4.0, 3.0, 200.0),
        floor=Measured(cpu_s=0.5, wall_s=0.6),
        scores={"all": perfect},
        review=Review(pairs=5, records=8, records_share=0.02, same_share=0.4),
        baselines={"rules alone": {"all": perfect}},
    )
    console = Console(width=WIDTH, record=True, file=StringIO())

    show(found, console)

    lines = [" ".join(line.split()) for line in console.export_text().splitlines()]
    assert "all 3 2 2 1.0000 0.5000 0.6667 0.8571" in lines
    assert "rules alone all 3 2 2 1.0000 0.5000 0.6667 0.8571" in lines
    assert "in review: 5 pairs, 8 records (2.0%); 40% of them are one" in lines
    assert "int_records_clustered 2.00 1.50 100.0% 3.0" in lines


def test_components_join_what_is_connected() -> None:
    joined = components([("a", "b"), ("c", "d"), ("b", "c")])
    assert len({joined.root(each) for each in "abcd"}) == 1
    assert joined.root("e") == "e"


HEADER = "source_system,source_record_id,entity_type,full_name\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source_system,full_name\na,b\n", "lacks the columns source_record_id, entity_type"),
        (HEADER + "a,1,person,x\na,2,human,x\n", "neither person nor organisation in a:2"),
        (HEADER + "a,1,person,x\na,1,person,y\n", "more than one row for a:1"),
        (HEADER + "a,1,person,x\na,,person,y\n", "is empty in row 1"),
        (HEADER + "\n".join(f"a,{number},,x" for number in range(9)), "a:2 and 6 more"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_its_keys(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "r.csv").write_text(text, encoding="utf-8")
    with pytest.raises(inputs.InputError, match=said):
        inputs.load_records(duckdb.connect(), tmp_path / "r.csv")


def test_a_file_that_is_no_utf_8_is_refused_without_its_text(tmp_path: Path) -> None:
    plain = "".join(f"a,{number},person,x\n" for number in range(100_000))
    text = HEADER + plain + "a,z,person,张三\n"
    (tmp_path / "r.csv").write_bytes(text.encode("gb18030"))
    with pytest.raises(inputs.InputError, match="has to be a CSV in UTF-8") as raised:
        inputs.load_records(duckdb.connect(), tmp_path / "r.csv")
    assert "person" not in str(raised.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_any_subset_of_columns_in_any_order_is_taken(tmp_path: Path, encoding: str) -> None:
    text = 'city,entity_type,source_record_id,source_system,extra\n"上海, 浦东",person,1,a,x\n'
    (tmp_path / "r.csv").write_text(text, encoding=encoding)
    connection = duckdb.connect()

    ignored = inputs.load_records(connection, tmp_path / "r.csv")

    assert ignored == ("extra",)
    assert connection.execute("select city, full_name from raw_canonical.records").fetchall() == [
        ("上海, 浦东", None)
    ]


def test_a_truth_that_says_two_things_is_refused(tmp_path: Path) -> None:
    text = "source_system,source_record_id,entity\na,1,P1\na,1,P2\n"
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(inputs.InputError, match="more than one row for a:1"):
        inputs.load_truth(duckdb.connect(), tmp_path / "t.csv")
