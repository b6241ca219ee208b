"""The first sheet of an Excel workbook as CSV. Runs as a process of its own.

    python -m automl_core.tabular.sheet WORKBOOK OUT

A workbook of a few kilobytes can ask for any amount of memory (one cell in the last corner of
the sheet is enough), so that it is read where that harms nobody. Prints one JSON object.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time, timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from automl_core.tabular.plain_csv import write_csv

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

MEMORY_BYTES: Final = 2 * 1024**3
CHUNK_ROWS: Final = 2000
BLOCK_BYTES: Final = 1024**2
MAX_WHOLE: Final = 1e21
"""Larger whole numbers are written with an exponent."""
#: A formula whose value was never stored (programs that only write workbooks do not reckon),
#: or a cell that holds an error.
_ODD_CELL: Final = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f(?: [^>]*)?/>)(?:<(?:\w+:)?v ?/>|<(\w+:)?v></\1v>)?</(?:\w+:)?c>"
    rb"|\bt=[\"']e[\"'][^>]*>(?:<(?:\w+:)?f[^<]*</(?:\w+:)?f>)?<(?:\w+:)?v>(?P<error>[^<]{1,20})<"
)
_ODD_HINTS: Final = (b"f>", b"f/>", b"f />", b't="e"', b"t='e'")
_LONGEST_MATCH: Final = 2000

Cell = int | float | str | bool | time | date | datetime | timedelta


def convert(path: Path, out: Path) -> dict[str, Any]:
    """Write the first visible sheet as CSV.

    Returns
    -------
    dict
        ``notes``: sentences about what was left out; or ``refused``: why it cannot be read.
    """
    from python_calamine import CalamineError, PasswordError, load_workbook

    try:
        with load_workbook(str(path)) as workbook:
            return _write_sheet(workbook, path, out)
    except PasswordError:
        return {"refused": "The workbook is behind a password. Save it without one."}
    except (CalamineError, zipfile.BadZipFile, KeyError, OSError) as error:
        return {"refused": f"The workbook is damaged ({str(error)[:200]}). Save it again."}


def _write_sheet(workbook: CalamineWorkbook, path: Path, out: Path) -> dict[str, Any]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    sheets = [
        meta.name
        for meta in workbook.sheets_metadata
        if meta.typ == SheetTypeEnum.WorkSheet and meta.visible == SheetVisibleEnum.Visible
    ]
    if not sheets:
        return {"refused": "The workbook has no visible sheet with cells."}
    sheet = workbook.get_sheet_by_name(sheets[0])
    with out.open("wb") as file:
        rows: list[list[str]] = []
        for row in _rows(sheet):
            rows.append([cell if type(cell) is str else _text(cell) for cell in row])
            if len(rows) == CHUNK_ROWS:
                file.write(write_csv(rows))
                rows = []
        file.write(write_csv(rows))
    notes = []
    others = [name for name in workbook.sheet_names if name != sheets[0]]
    if others:
        shown = ", ".join(map(repr, others[:5]))
        notes.append(f"Only the first sheet, {sheets[0]!r}, was read; left out: {shown}.")
    errors = _count_odd_cells(path, sheets[0])
    n_unknown = errors.pop("", 0)
    if errors:
        notes.append(
            f"{errors.total():,} cells hold an error ({', '.join(sorted(errors))}) and are read as "
            "missing."
        )
    if n_unknown:
        notes.append(
            f"{n_unknown:,} formulas have no stored value and are read as missing; open the "
            "workbook in a spreadsheet and save it."
        )
    merged = [ranges for ranges in sheet.merged_cell_ranges or [] if ranges[0][0] != ranges[1][0]]
    if merged:
        notes.append(
            f"{len(merged):,} cells are merged over several rows; only the first row of each has "
            "the value."
        )
    return {"notes": notes}


def _rows(sheet: CalamineSheet) -> Iterator[Sequence[Cell]]:
    """The rows that are not blank, from the first to the last column that is used."""
    if sheet.start is None:
        return
    first = sheet.start[1]
    for row in sheet.iter_rows():
        # Rows come from column A on, whether that is used or not.
        used = row[first:] if len(row) > sheet.width else row
        if any(cell != "" for cell in used):
            yield used


def _text(cell: Cell) -> str:
    """The one way in which a value is written.

    Whole numbers have no point: a workbook knows no other numbers than fractions.
    """
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < MAX_WHOLE else repr(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str | int):
        return str(cell)
    return _duration(cell) if isinstance(cell, timedelta) else _time(cell)


def _time(value: time | date | datetime) -> str:
    if isinstance(value, datetime):
        is_day = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return value.date().isoformat() if is_day else value.isoformat(sep=" ")
    return value.isoformat()


def _duration(value: timedelta) -> str:
    """Hours, minutes and seconds, as the sheet shows them."""
    seconds = round(value.total_seconds())
    sign = "-" if seconds < 0 else ""
    hours, rest = divmod(abs(seconds), 3600)
    return f"{sign}{hours:02}:{rest // 60:02}:{rest % 60:02}"


def _count_odd_cells(path: Path, sheet: str) -> Counter[str]:
    """Cells of a sheet by their error; formulas without a value under the empty text."""
    counts: Counter[str] = Counter()
    with zipfile.ZipFile(path) as archive:
        name = _file_of_sheet(archive, sheet)
        if name not in archive.namelist():
            return counts
        tail = b""
        with closing(archive.open(name)) as stream:
            while block := stream.read(BLOCK_BYTES):
                text, end = tail + block, 0
                if not any(hint in text for hint in _ODD_HINTS):
                    tail = block[-_LONGEST_MATCH:]
                    continue
                for match in _ODD_CELL.finditer(text):
                    counts[(match["error"] or b"").decode("utf-8", "replace")] += 1
                    end = match.end()
                tail = text[max(end, len(text) - _LONGEST_MATCH) :]
    return counts


def _file_of_sheet(archive: zipfile.ZipFile, sheet: str) -> str:
    """Path of a sheet in the archive; empty if it cannot be told."""
    book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    for tag in re.findall(r"<(?:\w+:)?sheet [^>]*>", book):
        if _attribute(tag, "name") == sheet:
            wanted = _attribute(tag, r"\w+:id")
            for link in re.findall(r"<(?:\w+:)?Relationship [^>]*>", links):
                if _attribute(link, "Id") == wanted:
                    target = _attribute(link, "Target")
                    return target[1:] if target.startswith("/") else f"xl/{target}"
    return ""


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf"\s{name}=([\"'])(.*?)\1", tag)
    return unescape(match[2]) if match else ""


def main() -> None:
    """Convert the workbook that the command line names."""
    path, out = Path(sys.argv[1]), Path(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    answer = convert(path, out)
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
