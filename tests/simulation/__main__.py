"""Run worlds: `python -m tests.simulation --seeds 2000`, `--seed 4711 --trace` for one."""

import argparse
import json
import multiprocessing
import resource
import sys
import time

from reverse_etl.garbage import collect_less_often
from tests.simulation.mutations import MUTATIONS, seeds_until_found
from tests.simulation.world import Report, simulate


def main() -> int:
    """Run what the command line says; 1 if a world was found in which something doesn't hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000, help="how many worlds")
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first seed")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--trace", action="store_true", help="with --seed: say what happens")
    parser.add_argument(
        "--mutations", action="store_true", help="take each safety out, and see what notices"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    if options.mutations:
        return _mutate(options.workers)
    if options.seed is not None:
        report = simulate(options.seed, print if options.trace else None)
        for each in report.violations:
            print(f"{each.invariant}: {each.what}")
        return 1 if report.violations else 0
    started = time.monotonic()
    seeds = range(options.first, options.first + options.seeds)
    failed: list[Report] = []
    lives = requests = runs = 0
    with multiprocessing.Pool(options.workers, collect_less_often) as pool:
        for report in pool.imap_unordered(simulate, seeds, chunksize=20):
            lives, requests, runs = (
                lives + report.lives, requests + report.requests, runs + report.runs,
            )  # fmt: skip
            if report.violations:
                failed.append(report)
                if options.format == "text":
                    print(failure(report), flush=True)
        pool.close()
        pool.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    said = {
        "seeds": options.seeds,
        "from": options.first,
        "failed": sorted(report.seed for report in failed),
        "lives": lives,
        "runs": runs,
        "requests": requests,
        "cpu_s": round(cpu, 1),
        "cpu_ms_per_world": round(1_000 * cpu / options.seeds, 1),
        "wall_s": round(time.monotonic() - started, 1),
    }
    if options.format == "json":
        print(json.dumps(said))
    else:
        print(", ".join(f"{name}: {value}" for name, value in said.items()))
    return 1 if failed else 0


def _mutate(workers: int) -> int:
    """Print how many worlds it takes to notice that a safety is missing."""
    is_all_found = True
    with multiprocessing.Pool(workers, collect_less_often) as pool:
        for mutation, (seeds, found_by) in zip(
            MUTATIONS, pool.imap(_seeds_until_found, range(len(MUTATIONS))), strict=True
        ):
            print(f"| {mutation.safety} | {', '.join(sorted(found_by))} | {seeds} |", flush=True)
            is_all_found = is_all_found and seeds > 0
    return 0 if is_all_found else 1


def _seeds_until_found(number: int) -> tuple[int, frozenset[str]]:
    return seeds_until_found(MUTATIONS[number])


def failure(report: Report) -> str:
    """What doesn't hold in a world, and how to see it again."""
    lines = [f"{each.invariant}: {each.what}" for each in report.violations]
    lines.append(f"see it: python -m tests.simulation --seed {report.seed} --trace")
    return "\n".join([f"seed {report.seed}", *(f"  {line}" for line in lines)])


if __name__ == "__main__":
    sys.exit(main())
