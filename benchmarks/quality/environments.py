"""Make the folders that the comparison needs and the project does not: other systems, data."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
DEFAULT = Path(__file__).parents[2] / ".bench"

#: torch by itself first: asked for together with the others, some installers take a build for
#: graphics cards of several gigabytes.
FIRST = {"autogluon": ["torch==2.13.0"]}
ENVIRONMENTS = ("autogluon", "mljar")
DATA = "data"


def _pip(python: Path | str, *arguments: str | Path) -> None:
    subprocess.run(
        [
            str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet",
            "--no-compile", *map(str, arguments),
        ],
        check=True,
    )  # fmt: skip


def set_up(folder: Path, names: Sequence[str] = (*ENVIRONMENTS, DATA)) -> None:
    """Install what is pinned in ``autogluon.txt``, ``mljar.txt`` and ``data.txt``.

    Each goes into a folder of its own under ``folder``; one that is there already is brought
    to the pinned versions. Needs the Python that runs this to be one that AutoGluon takes
    (3.11 was measured).
    """
    for name in names:
        pins = HERE / f"{name}.txt"
        if name == DATA:
            # Files only: nothing of these packages is ever imported.
            _pip(sys.executable, "--no-deps", "--upgrade", "--target", folder / DATA, "-r", pins)
            continue
        home = folder / name
        python = home / "bin/python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        for package in FIRST.get(name, ()):
            _pip(python, package)
        _pip(python, "--no-deps", "-r", pins)
