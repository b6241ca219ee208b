"""Compiled modules beside their sources, the same bytes every time.

Lambda's file system is read-only: without compiled files each start of a function would
compile every module anew, which doubles the time of its imports. They are marked as never to
be checked (``unchecked-hash``), so neither dates nor sources are looked at. The sources stay
in the package: tracebacks show their lines, and leaving them out gains little (the figures
are in ``benchmarks/README.md``).

How a module is marshalled depends a little on what the process has interned before. Each
folder is therefore compiled by a process of its own, in sorted order.
"""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path

from infrastructure.packaging.modules import PackagingError
from infrastructure.packaging.plans import ROOT, TASK_ROOT


def compile_tree(folder: Path) -> None:
    """Compile every module below a folder.

    Raises
    ------
    PackagingError
        If a module cannot be compiled.
    """
    done = subprocess.run(
        [sys.executable, "-B", "-m", "infrastructure.packaging.compiling", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PackagingError(f"A module does not compile:\n{done.stderr.strip()}")


def _compile(folder: Path) -> None:
    tag = sys.implementation.cache_tag
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder).as_posix()
        py_compile.compile(
            str(path),
            cfile=str(path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc"),
            dfile=f"{TASK_ROOT}/{inside}",
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )


if __name__ == "__main__":
    _compile(Path(sys.argv[1]))
