"""Excel workbooks made by hand: only the parts that a reader looks at."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_DAY_STYLE, _MOMENT_STYLE, _PERCENT_STYLE = 1, 2, 3
_EPOCH = datetime.fromisoformat("1899-12-30")


@dataclass(frozen=True)
class Formula:
    """A formula and the value that was stored with it."""

    text: str
    value: float | None = None


@dataclass(frozen=True)
class Percent:
    """A number that the sheet shows as percent."""

    value: float


@dataclass(frozen=True)
class Error:
    """A cell whose formula failed."""

    text: str


def make_workbook(
    sheets: Mapping[str, Sequence[Sequence[Any]]],
    *,
    hidden: Sequence[str] = (),
    merged: Sequence[str] = (),
    first_row: int = 1,
    first_column: int = 0,
) -> bytes:
    """Write a workbook; None is a cell that is not there.

    Parameters
    ----------
    merged : sequence of str
        Ranges of the first sheet, such as ``A1:C1``.
    first_row, first_column : int
        Where the first cell stands, as people leave margins.
    """
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _content_types(len(sheets)))
        archive.writestr("_rels/.rels", _relations([("rId1", "officeDocument", "xl/workbook.xml")]))
        listed = "".join(
            f'<sheet name="{escape(name)}" sheetId="{i}" r:id="rId{i}"'
            + (' state="hidden"/>' if name in hidden else "/>")
            for i, name in enumerate(sheets, start=1)
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">'
            f"<sheets>{listed}</sheets></workbook>",
        )
        links = [
            (f"rId{i}", "worksheet", f"worksheets/sheet{i}.xml") for i in range(1, len(sheets) + 1)
        ]
        archive.writestr(
            "xl/_rels/workbook.xml.rels", _relations([*links, ("rIdS", "styles", "styles.xml")])
        )
        archive.writestr("xl/styles.xml", _STYLES)
        for i, rows in enumerate(sheets.values(), start=1):
            archive.writestr(
                f"xl/worksheets/sheet{i}.xml",
                _sheet(rows, merged if i == 1 else (), first_row, first_column),
            )
    return memory.getvalue()


def _content_types(n_sheets: int) -> str:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{kind}.worksheet+xml"/>'
        for i in range(1, n_sheets + 1)
    )
    return (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{sheets}</Types>'
    )


def _relations(links: Sequence[tuple[str, str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="{name}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for name, kind, target in links
    )
    place = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{place}">{listed}</Relationships>'


#: General, a date, a moment, a percentage: built-in formats 0, 14, 22 and 10.
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="14" '
    'applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/><xf numFmtId="10" '
    'applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def _sheet(
    rows: Sequence[Sequence[Any]], merged: Sequence[str], first_row: int, first_column: int
) -> str:
    written = "".join(
        f'<row r="{number}">'
        + "".join(
            _cell(f"{_letters(column)}{number}", value)
            for column, value in enumerate(row, start=first_column)
            if value is not None
        )
        + "</row>"
        for number, row in enumerate(rows, start=first_row)
    )
    ranges = "".join(f'<mergeCell ref="{ref}"/>' for ref in merged)
    ranges = f'<mergeCells count="{len(merged)}">{ranges}</mergeCells>' if merged else ""
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{written}</sheetData>{ranges}</worksheet>'


def _cell(place: str, value: Any) -> str:  # noqa: PLR0911 - one for each kind of value
    match value:
        case bool():
            return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
        case int() | float():
            return f'<c r="{place}"><v>{value!r}</v></c>'
        case Percent():
            return f'<c r="{place}" s="{_PERCENT_STYLE}"><v>{value.value!r}</v></c>'
        case datetime():
            days = (value - _EPOCH).total_seconds() / 86400
            return f'<c r="{place}" s="{_MOMENT_STYLE}"><v>{days!r}</v></c>'
        case date():
            return f'<c r="{place}" s="{_DAY_STYLE}"><v>{value.toordinal() - 693594}</v></c>'
        case Formula():
            stored = "" if value.value is None else f"<v>{value.value!r}</v>"
            return f'<c r="{place}"><f>{escape(value.text)}</f>{stored}</c>'
        case Error():
            return f'<c r="{place}" t="e"><v>{value.text}</v></c>'
        case _:
            text = escape(value).replace("\r", "&#13;")
            return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _letters(column: int) -> str:
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _far_apart() -> bytes:
    """Two cells in opposite corners of a sheet: small to store, huge to hold."""
    small = make_workbook({"Sheet": [["a", "b"], [1, 2]]})
    memory = io.BytesIO()
    corner = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    with (
        zipfile.ZipFile(io.BytesIO(small)) as before,
        zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(b"</sheetData>", corner))
    return memory.getvalue()


_PEOPLE = [
    ["name", "n", "x", "day", "at", "ok"],
    ["Ada", 1, 1.5, date(2024, 1, 31), datetime.fromisoformat("2024-01-31T10:30:00"), True],
    ["007", 2, -0.25, date(2024, 2, 29), datetime.fromisoformat("2024-02-29"), False],
    ["x\r\ny", 3, 3, None, datetime.fromisoformat("2024-12-31T23:59:59"), True],
]
_READ = {
    "name:text": ["Ada", "007", "x\r\ny"],
    "n:integer": [1, 2, 3],
    "x:decimal": [1.5, -0.25, 3.0],
    "day:date": ["2024-01-31", "2024-02-29", None],
    "at:datetime": ["2024-01-31T10:30:00", "2024-02-29T00:00:00", "2024-12-31T23:59:59"],
    "ok:boolean": ["true", "false", "true"],
}

CASES = [
    {
        "name": "a workbook with every kind of value",
        "data": make_workbook({"Data": _PEOPLE}),
        "columns": _READ,
        "format": "xlsx",
    },
    {
        "name": "a merged title, a blank row and a margin",
        "data": make_workbook(
            {"Data": [["Report of May"], [], *_PEOPLE]},
            merged=["C4:F4"],
            first_row=4,
            first_column=2,
        ),
        "columns": _READ,
        "warnings": ["before the header"],
    },
    {
        "name": "several sheets, the first one hidden",
        "data": make_workbook(
            {"Lists": [["z"], ["y"]], "Data": _PEOPLE, "More": [["q"]]}, hidden=["Lists"]
        ),
        "columns": _READ,
        "warnings": ["Only the first sheet, 'Data', was read"],
    },
    {
        "name": "formulas by value, and those that have none",
        "data": make_workbook(
            {"S": [["a", "b"], [Formula("1+1", 2), Formula("A2")], [Formula("2+2", 4), 7]]}
        ),
        "columns": {"a:integer": [2, 4], "b:integer": [None, 7]},
        "warnings": ["1 formulas have no stored value"],
    },
    {
        "name": "cells that hold an error",
        "data": make_workbook({"S": [["a", "b"], [Error("#N/A"), 1], [2, Error("#DIV/0!")]]}),
        "columns": {"a:integer": [None, 2], "b:integer": [1, None]},
        "warnings": ["2 cells hold an error (#DIV/0!, #N/A)"],
    },
    {
        "name": "cells merged over rows",
        "data": make_workbook({"S": [["a", "b"], ["x", 1], [None, 2], ["y", 3]]}, merged=["A2:A3"]),
        "columns": {"a:text": ["x", None, "y"], "b:integer": [1, 2, 3]},
        "warnings": ["merged over several rows"],
    },
    {
        "name": "percent is what is stored",
        "data": make_workbook({"S": [["a", "b"], [Percent(0.25), 1], [Percent(0.5), 2]]}),
        "columns": {"a:decimal": [0.25, 0.5], "b:integer": [1, 2]},
    },
    {
        "name": "no names above the numbers",
        "data": make_workbook({"S": [[1, 2.5], [2, 3.5], [3, 4.5]]}),
        "columns": {"col_1:integer": [1, 2, 3], "col_2:decimal": [2.5, 3.5, 4.5]},
        "warnings": ["No header was found"],
    },
    {
        "name": "an empty sheet",
        "data": make_workbook({"S": []}),
        "error": "table-empty",
    },
    {
        "name": "half a workbook",
        "data": make_workbook({"Data": _PEOPLE})[:900],
        "error": "table-unreadable",
        "says": "damaged",
    },
    {
        "name": "two cells at the ends of the sheet",
        "data": _far_apart(),
        "error": "table-unreadable",
        "says": "so far apart",
    },
]
