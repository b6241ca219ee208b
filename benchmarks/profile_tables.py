"""Measure the full profile with its HTML against the fastest parse of the same file.

    python benchmarks/profile_tables.py [--only CASE ...] [--rounds 5] [--folder DIR]
        [--reference-python PYTHON] [--ydata-python PYTHON]

Cases, their bars, and what is measured:

- ``mix10``, ``mix100``: a mixed table of 30 columns (generated_tables.py) of 10 and 100 MB; CPU
  seconds of the profile divided by those of the fastest parse into memory by polars, duckdb or
  pandas, whichever are installed here or in ``--reference-python``. Bar at 100 MB: 4.0.
- ``rows1m``: 1,000,000 rows of 30 columns; at most 20 s and 700 MB.
- ``wide250``, ``wide8000``: 250 × 750 and 8,000 × 1,500; at most 10 s and 30 s.
- ``ydata``: 20,000 × 18, against a minimal report of ydata-profiling (or fg-data-profiling, its
  heir) in ``--ydata-python``, by default that of ``make deep``; its CPU must be at least 10 times
  ours.

The profile is all that a user waits for: ``read_table`` (which scans, and writes typed Parquet),
``profile_table`` with a target, ``render_eda``, and both files written. HTML: at most 300 kB at 30
columns and 2 MB at 1,500. Every figure is the median of the rounds, each in a fresh process, ours
and the references in turn; CPU is that of the process and its children: ``cpu`` without imports, on
both sides, which the ratios to parsing use, and as a whole process, which the ratio to
ydata-profiling uses. Memory is the process's own peak. The bars in seconds are meant for an idle
machine: at a load above 0.5 CPU seconds stand for them.
Exits with 1 if a bar was missed.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

ENGINES = ("polars", "duckdb", "pandas")
MEGABYTE = 10**6
MAX_RATIO = 4.0
MIN_YDATA_RATIO = 10.0
MAX_PEAK_MB = 700.0
IDLE_LOAD = 0.5
DEEP_PYTHON = Path(__file__).parent.parent / ".venv-deep/bin/python"
YDATA_COLUMNS = (
    "order_id", "created_at", "country", "city", "channel", "plan", "quantity", "price",
    "discount", "weight_kg", "distance_km", "age", "rating", "score", "temperature", "is_member",
    "title", "late",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A table and the bars that its profile must keep."""

    name: str
    target: str
    write: Callable[[Path], int]
    max_html_kb: float
    max_seconds: float | None = None
    max_peak_mb: float | None = None
    max_ratio: float | None = None
    is_parsed: bool = False
    is_ydata: bool = False


def _cases() -> list[Case]:
    import generated_tables as made

    mixed, wide = made.MIXED_TARGET, made.WIDE_TARGET
    return [
        Case(
            "mix10", mixed, lambda path: made.write_mixed(path, n_bytes=10 * MEGABYTE), 300,
            is_parsed=True,
        ),
        Case(
            "mix100", mixed, lambda path: made.write_mixed(path, n_bytes=100 * MEGABYTE), 300,
            max_ratio=MAX_RATIO, is_parsed=True,
        ),
        Case(
            "rows1m", mixed, lambda path: made.write_mixed(path, n_rows=1_000_000), 300,
            max_seconds=20, max_peak_mb=MAX_PEAK_MB,
        ),
        Case(
            "wide250", wide, lambda path: made.write_wide(path, n_rows=250, n_columns=750), 2000,
            max_seconds=10,
        ),
        Case(
            "wide8000", wide, lambda path: made.write_wide(path, n_rows=8000, n_columns=1500), 2000,
            max_seconds=30,
        ),
        Case(
            "ydata", mixed,
            lambda path: made.write_mixed(path, n_rows=20_000, only=YDATA_COLUMNS), 300,
            is_ydata=True,
        ),
    ]  # fmt: skip


# -- What runs in a fresh process -----------------------------------------------------


def _cpu() -> float:
    """CPU seconds of this process and its finished children."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def _peak_mb() -> float:
    """Largest resident memory of this very process; ``ru_maxrss`` would count its parent's too."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024 / MEGABYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE


def _profile(table: Path, target: str, folder: Path) -> Callable[[], dict[str, Any]]:
    from automl_core.tabular.convert import read_table
    from automl_core.tabular.profile import profile_table
    from automl_core.tabular.report import render_eda

    def run() -> dict[str, Any]:
        laps: dict[str, float] = {}
        before = _cpu()

        def lap(name: str) -> None:
            nonlocal before
            now = _cpu()
            laps[name], before = now - before, now

        parquet = folder / "table.parquet"
        scan = read_table(
            lambda: table.open("rb"), filename=table.name, out=parquet, scratch=folder
        )
        lap("read")
        profile = profile_table(parquet, scan.schema, target=target)
        text = json.dumps(profile, allow_nan=False)
        (folder / "profile.json").write_text(text)
        lap("profile")
        html = render_eda(profile)
        (folder / "eda.html").write_text(html)
        lap("html")
        return {
            "rows": scan.schema.n_rows,
            "columns": len(scan.schema.columns),
            "html_kb": len(html.encode()) / 1000,
            "json_kb": len(text.encode()) / 1000,
            "parquet_mb": parquet.stat().st_size / MEGABYTE,
            "laps": laps,
        }

    return run


def _parse(engine: str, table: Path) -> Callable[[], dict[str, Any]]:
    """The engine's own way to have the whole table in memory, its defaults untouched."""
    if engine == "polars":
        import polars

        return lambda: {"rows": polars.read_csv(table).height, "version": polars.__version__}
    if engine == "pandas":
        import pandas

        return lambda: {"rows": len(pandas.read_csv(table)), "version": pandas.__version__}
    import duckdb

    def run() -> dict[str, Any]:
        connection = duckdb.connect()
        connection.execute("CREATE TEMP TABLE t AS FROM read_csv(?)", [str(table)])
        found = connection.execute("SELECT count(*) FROM t").fetchone()
        return {"rows": found[0], "version": duckdb.__version__}

    return run


def _ydata(table: Path, folder: Path) -> Callable[[], dict[str, Any]]:
    os.environ["YDATA_PROFILING_NO_ANALYTICS"] = "1"
    import pandas

    try:
        import data_profiling as profiling
    except ModuleNotFoundError:
        import ydata_profiling as profiling

    def run() -> dict[str, Any]:
        rows = pandas.read_csv(table)
        report = profiling.ProfileReport(rows, minimal=True, progress_bar=False)
        html = report.to_html()
        (folder / "ydata.html").write_text(html)
        version = f"{profiling.__name__} {getattr(profiling, '__version__', '')}"
        return {"rows": len(rows), "html_kb": len(html.encode()) / 1000, "version": version}

    return run


def _child(what: str, table: Path, target: str) -> int:
    """Do one thing once and print its figures as the last line."""
    with tempfile.TemporaryDirectory(dir=table.parent) as scratch:
        folder = Path(scratch)
        if what == "ours":
            run = _profile(table, target, folder)
        elif what == "ydata":
            run = _ydata(table, folder)
        else:
            run = _parse(what, table)
        imported, started = _cpu(), time.perf_counter()
        figures = run()
        figures |= {
            "cpu": _cpu() - imported,
            "whole_cpu": _cpu(),
            "wall": time.perf_counter() - started,
            "peak_mb": _peak_mb(),
        }
    print(json.dumps(figures))
    return 0


# -- Runs in turn ---------------------------------------------------------------------


@dataclass
class Runs:
    """The rounds of one contender."""

    what: str
    python: str
    rounds: list[dict[str, Any]] = field(default_factory=list)

    def go(self, table: Path, target: str) -> None:
        """Run once in a fresh process."""
        done = subprocess.run(
            [self.python, str(Path(__file__)), "--child", self.what, str(table), target],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"{self.what} on {table.name} failed:\n{done.stderr[-3000:]}")
        self.rounds.append(json.loads(done.stdout.splitlines()[-1]))

    def median(self, key: str) -> float:
        """Middle value of the rounds."""
        return median(found[key] for found in self.rounds)


def _has(python: str, module: str) -> bool:
    probe = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", probe], check=False).returncode == 0


def _references(case: Case, options: argparse.Namespace) -> list[Runs]:
    found = []
    if case.is_parsed:
        pythons = [
            sys.executable,
            *([options.reference_python] if options.reference_python else []),
        ]
        for engine in ENGINES:
            python = next((python for python in pythons if _has(python, engine)), None)
            if python is not None:
                found.append(Runs(engine, python))
    if case.is_ydata and options.ydata_python:
        found.append(Runs("ydata", options.ydata_python))
    return found


def _judge(
    case: Case, ours: Runs, references: list[Runs], *, is_idle: bool
) -> list[tuple[str, bool]]:
    """Every figure with its bar, and whether it was kept."""
    seconds = ours.median("wall" if is_idle else "cpu")
    said = "s" if is_idle else "CPU s (busy machine)"
    html_kb, peak_mb = ours.median("html_kb"), ours.median("peak_mb")
    checks = [(f"HTML {html_kb:.0f} kB, bar {case.max_html_kb:.0f}", html_kb <= case.max_html_kb)]
    if case.max_seconds is not None:
        checks.append(
            (f"{seconds:.1f} {said}, bar {case.max_seconds:.0f}", seconds <= case.max_seconds)
        )
    if case.max_peak_mb is not None:
        checks.append(
            (f"peak {peak_mb:.0f} MB, bar {case.max_peak_mb:.0f}", peak_mb <= case.max_peak_mb)
        )
    if references and case.is_parsed:
        fastest = min(references, key=lambda runs: runs.median("cpu"))
        ratio = ours.median("cpu") / fastest.median("cpu")
        text = f"{ratio:.2f} × {fastest.what}"
        if case.max_ratio is None:
            checks.append((f"{text}, no bar", True))
        else:
            checks.append((f"{text}, bar {case.max_ratio}", ratio <= case.max_ratio))
    if references and case.is_ydata:
        ratio, bare = (references[0].median(key) / ours.median(key) for key in ("whole_cpu", "cpu"))
        text = f"ydata takes {ratio:.1f} × ours ({bare:.1f} × without imports)"
        checks.append((f"{text}, bar {MIN_YDATA_RATIO:g}", ratio >= MIN_YDATA_RATIO))
    return checks


def _run(case: Case, folder: Path, options: argparse.Namespace) -> bool:
    """Measure one case and print its lines; tell whether every bar was kept."""
    table = folder / f"{case.name}.csv"
    rows = case.write(table)
    references = _references(case, options)
    if case.is_ydata and not references:
        print(f"\n{case.name}: no --ydata-python is there; only our own figures follow.")
    load = os.getloadavg()[0]
    ours = Runs("ours", sys.executable)
    for _ in range(options.rounds):
        for runs in (ours, *references):
            runs.go(table, case.target)
    for runs in (ours, *references):
        if any(found["rows"] != rows for found in runs.rounds):
            print(f"{case.name}: {runs.what} read {runs.rounds[0]['rows']:,} of {rows:,} rows")
    size = table.stat().st_size / MEGABYTE
    print(f"\n{case.name}: {rows:,} rows, {size:.1f} MB, load {load:.1f} at the start")
    print("| what | cpu s | whole process cpu s | wall s | peak MB | |\n|---|---|---|---|---|---|")
    for runs in (ours, *references):
        figures = (
            " | ".join(f"{runs.median(key):.2f}" for key in ("cpu", "whole_cpu", "wall"))
            + f" | {runs.median('peak_mb'):.0f}"
        )
        laps = runs.rounds[0].get("laps", {})
        more = ", ".join(
            f"{name} {median(found['laps'][name] for found in runs.rounds):.2f}" for name in laps
        )
        print(f"| {runs.what} | {figures} | {more or runs.rounds[0].get('version', '')} |")
    checks = _judge(case, ours, references, is_idle=load <= IDLE_LOAD)
    for text, is_kept in checks:
        print(f"- {'kept' if is_kept else 'MISSED'}: {text}", flush=True)
    if not options.folder:
        table.unlink()
    return all(is_kept for _, is_kept in checks)


def main() -> int:
    """Run the cases one after another."""
    if sys.argv[1:2] == ["--child"]:
        return _child(sys.argv[2], Path(sys.argv[3]), sys.argv[4])
    import automl_core

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", help="names of the cases to run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keep the tables here")
    parser.add_argument("--reference-python", help="an interpreter that has polars")
    parser.add_argument(
        "--ydata-python",
        default=str(DEEP_PYTHON) if DEEP_PYTHON.exists() else None,
        help="an interpreter that has ydata-profiling; default: that of make deep, if it is there",
    )
    options = parser.parse_args()
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
    cases = [case for case in _cases() if not options.only or case.name in options.only]
    # As every installation has it, the packages measured against too.
    compileall.compile_dir(Path(automl_core.__file__).parent, quiet=2)
    there = {engine: _has(sys.executable, engine) for engine in ENGINES}
    names = ", ".join(name for name, has in there.items() if has) or "no parser"
    print(f"{os.cpu_count()} CPUs, Python {sys.version.split()[0]}, {options.rounds} rounds")
    print(f"Parsers of this environment: {names}")
    with tempfile.TemporaryDirectory() as scratch:
        kept = [_run(case, options.folder or Path(scratch), options) for case in cases]
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main())
