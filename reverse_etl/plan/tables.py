"""The tables in which a plan is made: those of all syncs, and a sync's own.

Tables of all syncs of a plan:

- `moved`: the keys that may need something
- `successors`: into which key each was merged that isn't wanted any more
- `known_values`: what the ledger knows of them
- `links`: the CRM's id of each record that a candidate points at
- `theirs`: the CRM's records that were read for them
- `asked`: what people were asked about fields of the candidates, and what they said
- `changes`: what is to be done, and why
- `questions`: the fields in which it isn't, for a person is to be asked, and the questions
  that need no answer any more

and one for each sync, `candidates <sync>`: its moved keys with what we want,
a column of text for each field: `ours_0`, `ours_1`, …
"""

from reverse_etl.plan.fields import quoted
from reverse_etl.syncs import Sync

TABLES = """
create table moved (
    sync varchar, key varchar, is_desired boolean, is_known boolean, state varchar,
    rejected_fingerprint varchar, rejected varchar
);
create table successors (sync varchar, key varchar, winner varchar);
create table known_values (
    sync varchar, key varchar, remote_id varchar, origin varchar, state varchar,
    sent json, observed json
);
create table totals (sync varchar, desired bigint, known bigint, unchanged bigint);
create table links (sync varchar, key varchar, field varchar, remote_id varchar);
create table asked (
    sync varchar, key varchar, field varchar, state varchar, answer varchar,
    ours_hash varchar, theirs_hash varchar, answer_hash varchar, value varchar
);
create table theirs (sync varchar, remote_id varchar, fields json, formerly varchar[]);
create table changes (
    sync varchar, key varchar, operation varchar, reason varchar, cause varchar,
    remote_id varchar, origin varchar, payload varchar, before varchar, waits varchar,
    fingerprint varchar, sent varchar, observed varchar, winner varchar
);
create table questions (
    sync varchar, key varchar, field varchar, ours varchar, theirs varchar,
    ours_hash varchar, theirs_hash varchar, is_asked boolean
);
"""


def candidates(sync: Sync) -> str:
    """The name of a sync's table of candidates."""
    return quoted(f"candidates {sync.name}")


def ours(sync: Sync, field: str) -> str:
    """The column of a sync's candidates with what we want in a field."""
    return next(f"ours_{i}" for i, column in enumerate(sync.columns) if column.field == field)


def model_of(sync: Sync) -> str:
    """The sync model's table in the attached warehouse."""
    return f"warehouse.{quoted(sync.schema)}.{quoted(sync.table)}"
