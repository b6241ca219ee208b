"""Table work in processes of its own gives what it gives here, and ends in our words."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from automl_backend.runners import tables
from automl_backend.runners.tables import WorkInChild
from automl_core.errors import ConfigInvalidError, PlatformError, TableEmptyError
from automl_core.records import ReadOptions
from automl_core.samples import penguins_path
from automl_core.tabular.schema import ReadLimits
from automl_core.tabular.work import ReadOrder, WorkHere

MADE = ("schema.json", "rejects.json", "preview.json")


def order(**options: object) -> ReadOrder:
    return ReadOrder(
        filename="t.csv",
        options=ReadOptions.model_validate(options),
        limits=ReadLimits(max_columns=20),
    )


@pytest.fixture
def work() -> WorkInChild:
    """Children with this process's environment."""
    return WorkInChild(os.environ)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two empty folders."""
    made = (tmp_path / "child", tmp_path / "here")
    for folder in made:
        folder.mkdir()
    return made


@pytest.mark.slow
def test_a_child_makes_what_is_made_here(work, folders):
    child, here = folders
    upload = penguins_path()

    work.read(upload, child, order())
    WorkHere().read(upload, here, order())
    for name in MADE:
        assert (child / name).read_bytes() == (here / name).read_bytes()
    first = (child / "table.parquet").stat().st_size
    (child / "table.parquet").unlink()
    work.convert(upload, child)
    work.profile(child)

    assert (child / "table.parquet").stat().st_size == first
    assert sorted(path.name for path in child.iterdir()) == sorted(
        [*MADE, "table.parquet", "profile.json"]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cells", "options", "error"),
    [
        pytest.param(b"a,b\n", {}, TableEmptyError, id="no rows"),
        pytest.param(b"a,b\n1,2\n", {"delimiter": "\n"}, ConfigInvalidError, id="wrong option"),
    ],
)
def test_a_childs_refusal_is_raised_in_its_own_words(work, folders, cells, options, error):
    upload = folders[1] / "upload"
    upload.write_bytes(cells)
    with pytest.raises(error) as here:
        WorkHere().read(upload, folders[1], order(**options))

    with pytest.raises(error) as child:
        work.read(upload, folders[0], order(**options))

    assert (child.value.detail, child.value.pointer) == (here.value.detail, here.value.pointer)


def test_a_child_that_dies_is_the_platforms_trouble(work, folders, monkeypatch):
    monkeypatch.setattr(tables.sys, "executable", "/bin/false")

    with pytest.raises(PlatformError, match="ended with 1; this machine may be short of memory"):
        work.profile(folders[0])


def test_a_child_that_cannot_be_started_is_the_platforms_trouble(work, folders, monkeypatch):
    monkeypatch.setattr(tables.sys, "executable", "/nowhere/python")

    with pytest.raises(PlatformError, match="No process for this table could be started"):
        work.profile(folders[0])


@pytest.fixture
def sleeper(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Has children sleep instead."""
    script = folders[1] / "sleeper"
    script.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    script.chmod(0o755)
    monkeypatch.setattr(tables.sys, "executable", str(script))


@pytest.mark.usefixtures("sleeper")
def test_a_child_that_hangs_is_ended(folders):
    work = WorkInChild(os.environ, timeout_s=0.2)

    with pytest.raises(PlatformError, match="took longer than"):
        work.profile(folders[0])


@pytest.mark.usefixtures("sleeper")
def test_stopping_the_platform_ends_what_is_done_and_what_waits_for_its_turn(work, folders):
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(work.profile, folder) for folder in folders]
        while not work._children:
            time.sleep(0.01)
        work.stop()
        errors = [each.exception(timeout=20) for each in asked]

    assert all(isinstance(error, PlatformError) for error in errors)
    assert any("being stopped" in error.detail for error in errors)
