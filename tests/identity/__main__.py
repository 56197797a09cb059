"""Random histories of identity: `python -m tests.identity --histories 50`.

Each history begins with thirty records and goes on by builds; each build is made twice, on what
the last one kept and anew, and both have to give the same people, companies, ids and questions.
"""

import argparse
import os
import tempfile
from pathlib import Path

from tests.identity.conftest import World, seed_warehouse
from tests.identity.increments import go_through

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> None:
    """Go through the histories; the first that differs ends it with its number."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--histories", type=int, default=50)
    parser.add_argument("--first", type=int, default=1, help="number of the first history")
    parser.add_argument("--builds", type=int, default=2, help="builds of each after its first")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tongke-histories-") as scratch:
        folder = Path(scratch)
        os.environ["TONGKE_WAREHOUSE"] = str(folder / "warehouse.duckdb")
        os.chdir(ROOT)
        world = World(ROOT, folder)
        world.begin()
        seed_warehouse(ROOT, folder)
        for seed in range(options.first, options.first + options.histories):
            world.forget()
            partial = go_through(world, seed, options.builds)
            print(f"history {seed}: {partial} of {options.builds} builds partial, all equal")


if __name__ == "__main__":
    main()
