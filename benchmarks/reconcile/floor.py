"""The same pages, and nothing else: `python -m benchmarks.reconcile.floor URL TOKEN`."""

import sys
import time

import orjson
import requests

from benchmarks.delivery.shape import BATCH, COLUMNS, OBJECT
from benchmarks.measure import whole_process

TIMEOUT = 60.0


def main() -> None:
    """Read every page."""
    url, token = sys.argv[1:]
    began = time.perf_counter()
    properties = ",".join(name for _, name, _ in COLUMNS.values())
    asked = {"limit": str(BATCH), "properties": properties}
    records = 0
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        while True:
            answer = session.get(f"{url}/crm/v3/objects/{OBJECT}", params=asked, timeout=TIMEOUT)
            answer.raise_for_status()
            page = orjson.loads(answer.content)
            records += len(page["results"])
            if "paging" not in page:
                break
            asked["after"] = page["paging"]["next"]["after"]
    result = whole_process(began)
    result.rows = records
    result.print_out()


if __name__ == "__main__":
    main()
