"""How rare a name, an employer or a city is: counted once, and then kept by every build.

If each build counted for itself, a new record could change the weight of any two who have its
name, and two who were one yesterday would be two today.
"""

from pathlib import Path

import duckdb

from identity.errors import IdentityError
from warehouse.connection import waiting, warehouse_path

COUNTED = ("intermediate.int_person_values_counted", "intermediate.int_company_values_counted")


def forget(path: Path | None = None) -> int:
    """Forget the counts, so that the next build counts anew; returns how many there were.

    Raises:
        IdentityError: nothing was counted there yet.
    """
    path = path or warehouse_path()
    if not path.exists():
        raise IdentityError(f"there is no warehouse at {path}: run `dbt build` first")
    connection = waiting(lambda: duckdb.connect(path), path=path)
    try:
        found = [connection.execute(f"delete from {table}").fetchone() for table in COUNTED]
    except duckdb.CatalogException:
        raise IdentityError("nothing was counted yet: run `dbt build` first") from None
    finally:
        connection.close()
    return sum(row[0] for row in found if row)
