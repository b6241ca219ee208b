"""Excel workbooks (.xlsx) as CSV: the first sheet, values only.

The sheet is read by a process of its own with a limit of memory and time; see ``sheet``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import BinaryIO, Final

from automl_core.errors import TableUnreadableError, UploadTooLargeError

MAX_BYTES: Final = 50 * 1024**2
TIMEOUT_S: Final = 300
COPY_BYTES: Final = 1024**2
_WAY_OUT = "Export the sheet as CSV and upload that."


def keep(stream: BinaryIO, path: Path) -> None:
    """Write an upload to a file, unless it is larger than a workbook may be.

    Raises
    ------
    UploadTooLargeError
    """
    n_bytes = 0
    with path.open("wb") as file:
        while block := stream.read(COPY_BYTES):
            n_bytes += len(block)
            if n_bytes > MAX_BYTES:
                raise UploadTooLargeError(
                    f"This file is a workbook or an archive of more than {MAX_BYTES // 1024**2} "
                    f"MiB, the limit for Excel. {_WAY_OUT}"
                )
            file.write(block)


def is_workbook(path: Path) -> bool:
    """Tell a workbook from other zip archives.

    Raises
    ------
    TableUnreadableError
        If it is a workbook of a kind that is not read, or a damaged one.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError) as error:
        raise TableUnreadableError(
            f"This file is an Excel workbook or a zip archive, and damaged ({error}). {_WAY_OUT}"
        ) from error
    if "xl/workbook.bin" in names:
        raise TableUnreadableError(
            f"This file is a binary Excel workbook (.xlsb). Save it as .xlsx. {_WAY_OUT}"
        )
    return "xl/workbook.xml" in names


def convert(path: Path, out: Path) -> list[str]:
    """Write the first sheet as CSV; return what there is to tell.

    Raises
    ------
    TableUnreadableError
        If it is damaged, or needs more memory or time than a table may.
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # -P: nothing is imported from the folder that the server happens to stand in.
    command = [
        sys.executable or "python3",
        "-P",
        "-m",
        "automl_core.tabular.sheet",
        str(path),
        str(out),
    ]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, capture_output=True, timeout=TIMEOUT_S, env=environment, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TableUnreadableError(
            f"Reading this workbook takes longer than {TIMEOUT_S} s. {_WAY_OUT}"
        ) from error
    if done.returncode != 0:
        raise TableUnreadableError(
            "This workbook cannot be read: it is damaged, or its cells lie so far apart that they "
            f"need more memory than a table may. Clear what lies beyond the table, or: {_WAY_OUT}"
        )
    answer = json.loads(done.stdout)
    if "refused" in answer:
        raise TableUnreadableError(f"{answer['refused']} {_WAY_OUT}")
    notes: list[str] = answer["notes"]
    return notes
