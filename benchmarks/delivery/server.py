"""A sandbox of HubSpot with the benchmark's properties, until SIGTERM; prints where it is.

`python -m benchmarks.delivery.server [SWITCH=VALUE]…`
"""

import json
import signal
import sys

from benchmarks.delivery.shape import COLUMNS, KEY, OBJECT
from sandbox.hubspot.api import HubSpot
from sandbox.hubspot.properties import Property
from sandbox.serving import serving


def main() -> None:
    """Serve."""
    sandbox = HubSpot()
    pairs = (each.split("=") for each in sys.argv[1:])
    sandbox.account.switches.change({name: float(value) for name, value in pairs})
    table = sandbox.account.table(OBJECT)
    for _, name, type_ in COLUMNS.values():
        if name not in table.properties:
            table.add_property(Property(name, name, type_, is_unique=name == KEY))
    # before there is a second thread, which would be the one to be ended
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    with serving(sandbox) as url:
        print(json.dumps({"url": url, "token": sandbox.account.tokens.private}), flush=True)
        signal.sigwait([signal.SIGTERM])


if __name__ == "__main__":
    main()
