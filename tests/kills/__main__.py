"""`python -m tests.kills --kills 100`: real processes, real servers, kill -9 and SIGTERM."""

import argparse
import sys
import time

from tests.kills.campaign import conduct
from tests.kills.crms import SYSTEMS


def main() -> None:
    """Kill, and say what came of it; the exit code is 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how many, over all CRMs")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the same kills again")
    parser.add_argument("--system", choices=SYSTEMS, action="append", help="only this CRM")
    chosen = parser.parse_args()
    systems = chosen.system or list(SYSTEMS)
    for number, system in enumerate(systems):
        share = (chosen.kills + number) // len(systems)
        print("\n".join(conduct(system, share, chosen.seed).lines()), flush=True)  # noqa: T201 - it is a command


if __name__ == "__main__":
    sys.exit(main())
