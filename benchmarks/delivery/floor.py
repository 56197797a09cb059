"""The same requests, and nothing else: `python -m benchmarks.delivery.floor WAREHOUSE URL …`.

What a script would be that reads the model and posts it: no difference, no state,
no retry. It reads the answers, for a 207 says only there which records were refused.
"""

import sys
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import duckdb
import orjson
import requests
from requests.adapters import HTTPAdapter

from benchmarks.delivery.shape import BATCH, COLUMNS, KEY, OBJECT, SCHEMA, TABLE
from benchmarks.measure import whole_process

TIMEOUT = 60.0


def main() -> None:
    """Send everything; the first delivery's reads first."""
    warehouse, url, token, in_flight = sys.argv[1:]
    began = time.perf_counter()
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=int(in_flight)))
        session.headers["Authorization"] = f"Bearer {token}"
        send(session, warehouse, url, int(in_flight))
    whole_process(began).print_out()


def send(session: requests.Session, warehouse: str, url: str, in_flight: int) -> None:
    """Send the rows in batches, as many at once as there are connections."""
    properties = [name for _, name, _ in COLUMNS.values()]
    columns = ", ".join(
        f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ')" if type_ == "timestamp" else f"{name}::varchar"
        for name, (type_, _, _) in COLUMNS.items()
    )
    records = f"{url}/crm/v3/objects/{OBJECT}"

    def ask(method: str, address: str, **said: Any) -> None:
        answer = session.request(method, address, timeout=TIMEOUT, **said)
        answer.raise_for_status()
        if "errors" in orjson.loads(answer.content):
            raise SystemExit("a record was refused")

    def post(rows: list[tuple[str, ...]]) -> None:
        inputs = [
            {
                "id": row[0],
                "idProperty": KEY,
                "properties": dict(zip(properties, row, strict=True)),
                "objectWriteTraceId": str(place),
            }
            for place, row in enumerate(rows)
        ]
        body = orjson.dumps({"inputs": inputs})
        headers = {"Content-Type": "application/json"}
        ask("POST", f"{records}/batch/upsert", data=body, headers=headers)

    ask("POST", f"{records}/search", json={"limit": 1})
    ask("GET", f"{url}/crm/v3/properties/{OBJECT}")
    ask("GET", records, params={"limit": BATCH, "properties": ",".join(properties)})
    under_way: deque[Future[None]] = deque()
    with (
        duckdb.connect(warehouse, read_only=True) as connection,
        ThreadPoolExecutor(in_flight) as executor,
    ):
        connection.execute(f"select {columns} from {SCHEMA}.{TABLE} order by contact_id")
        while rows := connection.fetchmany(BATCH):
            under_way.append(executor.submit(post, rows))
            # rows aren't fetched faster than they are sent
            if len(under_way) > 2 * in_flight:
                under_way.popleft().result()
        for future in under_way:
            future.result()


if __name__ == "__main__":
    main()
