"""How rare names and relatives are, and how much people change: counted once, and kept.

If each build counted for itself, a new record could change the weight of any two who have its name,
and a build of what has changed couldn't give what a build of everything gives.
"""

from pathlib import Path

import duckdb

from identity.errors import IdentityError
from warehouse.connection import waiting, warehouse_path

COUNTED = (
    "intermediate.int_person_values_counted",
    "intermediate.int_person_birth_dates_counted",
    "intermediate.int_person_changes_counted",
    "intermediate.int_person_households_counted",
    "intermediate.int_company_values_counted",
)
BUILDS = "operations.identity_builds"


def forget(path: Path | None = None) -> int:
    """Forget the counts, so that the next build counts anew and builds everything.

    Returns how many were forgotten.

    Raises:
        IdentityError: nothing was counted there yet.
    """
    path = path or warehouse_path()
    if not path.exists():
        raise IdentityError(f"there is no warehouse at {path}: run `dbt build` first")
    connection = waiting(lambda: duckdb.connect(path), path=path)
    try:
        forgotten = 0
        for table in (BUILDS, *COUNTED):
            found = connection.execute(f"delete from {table}").fetchone()
            forgotten += found[0] if found and table != BUILDS else 0
    except duckdb.CatalogException:
        raise IdentityError("nothing was counted yet: run `dbt build` first") from None
    finally:
        connection.close()
    return forgotten
