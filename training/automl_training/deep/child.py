"""What the other interpreter runs: profile a sample, write one page.

Run by path, ``python child.py FOLDER``, with nothing of ours to import: the environment of
the profiler is its own. The folder holds ``spec.json`` and a CSV file a column, whose names
and cells are escaped already; ``report.html`` and ``made.json`` are left behind.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

if sys.platform != "win32":
    import resource

#: Exit code if the profiler, or a package that it needs, is not installed.
MISSING = 3

#: Of Linux: unshare(2) and prctl(2).
_NEW_USER_NAMESPACE = 0x10000000
_NEW_NETWORK = 0x40000000
_SET_PARENT_DEATH_SIGNAL = 1

#: Audit events of Python's that reach for another machine.
_NETWORK_EVENTS = frozenset(
    {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
)


def main(folder: Path) -> int:
    """Profile the sample of a folder; return the exit code."""
    spec = json.loads((folder / "spec.json").read_text("utf-8"))
    _limit(spec)
    _leave_network()
    _die_with_parent(spec["parent_pid"])
    try:
        import data_profiling
        import matplotlib as mpl
        import pandas
    except ModuleNotFoundError as error:
        print(f"There is no module {error.name}.", file=sys.stderr)  # noqa: T201 - told to the parent
        return MISSING

    # A dollar sign in a cell is money, no formula.
    mpl.rcParams["text.parse_math"] = False
    frame = _read(folder, spec["columns"], pandas)
    report = data_profiling.ProfileReport(
        frame,
        minimal=True,
        title=spec["title"],
        progress_bar=False,
        pool_size=1,
        # What characters a text is made of: the dearest part of the page, and the least read.
        vars={"text": {"characters": False}},
        # The minifier would turn entities back into characters where it deems that safe.
        html={"minify_html": False, "inline": True},
    )
    (folder / "report.html").write_text(report.to_html(), encoding="utf-8")
    made = {"version": data_profiling.__version__, "rows": len(frame)}
    (folder / "made.json").write_text(json.dumps(made), encoding="utf-8")
    return 0


def _limit(spec: dict[str, Any]) -> None:
    """Set the ceilings of this process, which nothing that it loads can lift again."""
    for kind, most in (
        (resource.RLIMIT_AS, spec["memory_bytes"]),
        (resource.RLIMIT_FSIZE, spec["file_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        ceiling = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (ceiling, ceiling))


def _leave_network() -> None:
    """Have no network: none at all where the system lets us, else none through Python."""
    if sys.platform == "linux":
        # Refused in most containers; the audit hook below remains.
        ctypes.CDLL(None).unshare(_NEW_USER_NAMESPACE | _NEW_NETWORK)

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event in _NETWORK_EVENTS:
            raise PermissionError("The deep report may not use the network.")

    sys.addaudithook(refuse)


def _die_with_parent(parent_pid: int) -> None:
    """Be killed with whoever started this; asked for after the namespace, which forgets it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() not in (parent_pid, 0):
        sys.exit(1)


def _read(folder: Path, columns: list[dict[str, str]], pandas: Any) -> Any:
    """Read the sample, each column as what it holds."""
    cells = {
        column["name"]: _read_column(folder / f"c{i}.csv", column["kind"], pandas)
        for i, column in enumerate(columns)
    }
    return pandas.DataFrame(cells)


def _read_column(path: Path, kind: str, pandas: Any) -> Any:
    types = {
        "integer": "Int64", "decimal": "float64", "boolean": "boolean", "category": "category",
    }  # fmt: skip
    cells = pandas.read_csv(
        path,
        usecols=["cell"],
        dtype={"cell": types.get(kind, "object")},
        keep_default_na=False,
        na_values=[""],
    )["cell"]
    if kind == "datetime":
        times = pandas.to_datetime(cells, errors="coerce", format="ISO8601")
        # Years that pandas cannot hold: better a text than a missing cell.
        return times if times.isna().sum() == cells.isna().sum() else cells
    if kind in ("integer", "boolean") and not cells.isna().any():
        return cells.astype("int64" if kind == "integer" else "bool")
    return cells


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
