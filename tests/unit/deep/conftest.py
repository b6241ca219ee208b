"""A small table, and interpreters whose profiler does what a test tells it to."""

from __future__ import annotations

import os
import sysconfig
import venv
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from automl_core.tabular.convert import write_parquet
from automl_core.tabular.read import scan_table
from automl_training.deep import DeepLimits, DeepSource, find_deep_python

#: A profiler that writes names and cells as they come, as the real one does.
HONEST = """
class ProfileReport:
    def __init__(self, frame, **options):
        self.frame, self.options = frame, options

    def to_html(self):
        names = "".join(f"<h2>{name}</h2>" for name in self.frame.columns)
        cells = "".join(f"<td>{cell}</td>" for cell in self.frame.astype(str).to_numpy().ravel())
        kinds = "".join(f"<i>{kind}</i>" for kind in self.frame.dtypes)
        return (
            "<!doctype html><html><head><title>" + self.options["title"] + "</title></head>"
            "<body>" + names + kinds + "<table><tr>" + cells + "</tr></table>"
            "<script>start()</script></body></html>"
        )
"""

#: The same, but it does something before it writes.
FIRST = """
import os, signal, socket, subprocess, sys, time

def first():
{body}

class ProfileReport:
    def __init__(self, frame, **options):
        self.said = first()

    def to_html(self):
        return f"<html><head></head><body>{{self.said}}</body></html>"
"""

FakePython = Callable[..., Path]
Sourced = Callable[..., DeepSource]


@pytest.fixture(scope="session")
def fake_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter of its own with pandas from ours, and with a plotting library in name."""
    folder = tmp_path_factory.mktemp("deep-python")
    venv.create(folder, symlinks=True, with_pip=False)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib"))
    (packages / "matplotlib.py").write_text("rcParams = {}\n")
    return folder


@pytest.fixture
def fake_python(fake_environment: Path) -> Iterator[FakePython]:
    """Give the fake environment a profiler by its source, or by what it does first."""
    module = next(fake_environment.glob("lib/python*/site-packages")) / "data_profiling.py"

    def make(source: str = HONEST, *, does: str | None = None) -> Path:
        if does is not None:
            lines = "".join(f"    {line}\n" for line in does.strip().splitlines())
            source = FIRST.format(body=lines)
        module.write_text(f'__version__ = "0.1"\n{source}')
        # Two sources written within a second must not share one compiled file.
        for compiled in module.parent.glob("__pycache__/data_profiling.*"):
            compiled.unlink()
        return fake_environment / "bin" / "python"

    yield make
    module.unlink(missing_ok=True)


@pytest.fixture
def real_python(leave_out: Callable[[str], None]) -> Path:
    """The interpreter that has the real profiler."""
    named = os.environ.get("AUTOML_DEEP_REPORT_PYTHON")
    found = find_deep_python(Path(named) if named else None)
    if found is None:
        leave_out("left out: the deep report's own environment is not there (make deep)")
    assert found is not None
    return found


@pytest.fixture
def sourced(tmp_path: Path) -> Sourced:
    """Read a CSV text as every upload is read, and make of it what a report is made of."""

    def make(text: str, **changes: object) -> DeepSource:
        upload = tmp_path / "upload.csv"
        upload.write_text(text, encoding="utf-8")
        scan = scan_table(lambda: upload.open("rb"), filename=upload.name)
        table = tmp_path / "table.parquet"
        write_parquet(lambda: upload.open("rb"), scan.schema, table, scratch=tmp_path)
        source = DeepSource(
            table=table,
            schema=scan.schema,
            title="upload.csv",
            limits=DeepLimits(seconds=60),
        )
        return replace(source, **changes)

    return make


@pytest.fixture
def plain(sourced: Sourced) -> Sourced:
    """Forty rows of three columns."""
    rows = "".join(f"{i},{i * 1.5},{'ab'[i % 2]}\n" for i in range(1, 41))
    return lambda **changes: sourced(f"size,weight,class\n{rows}", **changes)
