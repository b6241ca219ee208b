"""A package as a zip whose bytes depend on its content alone."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from infrastructure.packaging.plans import DROPPED

#: The earliest date that a zip can hold.
DATE = (1980, 1, 1, 0, 0, 0)
READABLE = 0o644
#: Shared libraries: the loader asks for execution where it is switched on for a file system.
EXECUTABLE = 0o755
LEVEL = 6


def content_of(folder: Path) -> dict[str, Path]:
    """Files below a folder that belong into a package, by their path inside it."""
    found = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    return {inside: path for inside, path in found.items() if not is_dropped(inside)}


def is_dropped(inside: str) -> bool:
    """Tell whether no function reads a file; a compiled one follows its source.

    >>> is_dropped("pydantic/v1/__pycache__/main.cpython-313.pyc"), is_dropped("pydantic/main.py")
    (True, False)
    >>> is_dropped("numpy/__pycache__/conftest.cpython-313.pyc")
    True
    """
    path = PurePosixPath(inside)
    if path.parent.name == "__pycache__":
        inside = (path.parent.parent / f"{path.name.partition('.')[0]}.py").as_posix()
    return any(fnmatchcase(inside, pattern) for pattern in DROPPED)


def write_zip(target: Path, content: Mapping[str, Path]) -> int:
    """Write a package; returns the bytes that it takes unpacked."""
    size = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for inside, path in sorted(content.items()):
            data = path.read_bytes()
            size += len(data)
            entry = zipfile.ZipInfo(inside, DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Unix, so that the mode counts wherever the package is built.
            entry.create_system = 3
            mode = EXECUTABLE if ".so" in PurePosixPath(inside).suffixes else READABLE
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, data, compresslevel=LEVEL)
    return size
