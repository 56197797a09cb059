"""People in the CRM: `python -m benchmarks.undo.people WAREHOUSE LEDGER URL … [look]`.

They move each hundredth customer to another city; with `look`, the customers of
each city are counted instead.
"""

import json
import sys
from collections import Counter

from benchmarks.delivery.ours import SYNC, new_engine
from benchmarks.delivery.shape import BATCH, CHANGED_EACH, OBJECT
from crm.protocol import Write


def main() -> None:
    """Type, or count."""
    *place, last = sys.argv[1:] if sys.argv[-1] == "look" else [*sys.argv[1:], ""]
    engine = new_engine(*place)
    crm = engine.connect(SYNC.destination)
    records = [record for page in crm.scan(OBJECT) for record in page]
    engine.ledger.close()
    if last == "look":
        print(json.dumps(Counter(str(record.fields["city"]) for record in records)))
        return
    typed = [
        Write(str(record.fields[SYNC.key_field]), "update", record.remote_id, {"city": "深圳"})
        for record in records[::CHANGED_EACH]
    ]
    for start in range(0, len(typed), BATCH):
        crm.write(OBJECT, typed[start : start + BATCH])


if __name__ == "__main__":
    main()
