"""Files that are no tables: told by their first bytes, refused by their name."""

from __future__ import annotations

import re
from typing import Final

from automl_core.errors import TableUnreadableError

#: First bytes, and what a file that begins with them is.
_MAGIC: Final = (
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program (ELF)"),
    (b"MZ\x90\0", "a program"),
    (b"\x89PNG", "a PNG image"),
    (b"GIF8", "a GIF image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file, or one behind a password"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x04\x22\x4d\x18", "an lz4 archive"),
    (b"BZh", "a bzip2 archive"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"CDF\x01", "a NetCDF file"),
    (b"ARROW1", "an Arrow file"),
    (b"FEA1", "a Feather file"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"RDX2\n", "an R workspace"),
    (b"RDX3\n", "an R workspace"),
    (b"X\n\0\0\0", "an R object (RDS)"),
    (b"$FL2", "an SPSS file"),
    (b"$FL3", "an SPSS file"),
    (b"<stata_dta>", "a Stata file"),
    (b"MATLAB 5.0", "a MATLAB file"),
    (b"HEADER RECORD*******", "a SAS transport file"),
    (b"\0" * 12 + b"\xc2\xea\x81\x60", "a SAS file"),
    (b"PGDMP", "a PostgreSQL dump"),
    (b"bplist00", "an Apple property list"),
    (b"\x1f\x8b", "a gzip file inside a gzip file"),
)
_MARKUP: Final = (
    ("<?xml", "an XML document"),
    ("<svg", "an SVG image"),
    ("{\\rtf", "an RTF document"),
    ("mime-version:", "a web page (MHTML)"),
    ("begin:vcard", "a list of contacts (vCard)"),
    ("begin:vcalendar", "a calendar (iCalendar)"),
    ("@relation", "an ARFF file"),
    ("{", "JSON that is no list of records"),
    ("[{", "JSON that is no list of records"),
)
_HTML: Final = re.compile(r"<(?:!doctype|!--|html|head|body|table|meta|div|style|script|p>)")
_SQL: Final = re.compile(
    r"(?:(?:--|/\*)[^\n]*\n|\s)*(?:insert into|create table|create database|drop table|set names"
    r"|begin transaction|pragma |use `|lock tables)"
)
_DUMP: Final = re.compile(r"-- (?:mysql|mariadb|phpmyadmin) |--\s*\n-- postgresql")
#: Lines that a database's client draws around what it prints.
_RULE: Final = re.compile(r"[ \t]*(?:\+(?:[-=]{2,}\+)+|\|?[-: ]{3,}(?:[+|][-: ]{3,})+\|?)[ \t]*")
_RULE_LINES: Final = 5
_WAY_OUT: Final = "Export the table as CSV (or Parquet) and upload that."


def refuse_other_files(head: bytes) -> None:
    """Refuse what is visibly no table, by its first bytes.

    Raises
    ------
    TableUnreadableError
        With the name of what it is.
    """
    kind = next((name for magic, name in _MAGIC if head.startswith(magic)), None)
    if head.startswith(b"PK\x03\x04"):
        kind = _name_archive(head[:4096])
    if head[257:262] == b"ustar":
        kind = "a tar archive"
    if kind is None:
        kind = _name_text(head[:4096])
    if kind is not None:
        raise TableUnreadableError(f"This file is {kind}, not a table. {_WAY_OUT}")


def _name_archive(start: bytes) -> str:
    if b"opendocument.spreadsheet" in start:
        return "an OpenDocument spreadsheet"
    if b"word/" in start:
        return "a Word document"
    return "an Excel workbook" if b"xl/" in start else "a zip archive"


def _name_text(start: bytes) -> str | None:
    text = start.removeprefix(b"\xef\xbb\xbf").decode("latin-1").lstrip().lower()
    if _HTML.match(text):
        return "an HTML page"
    if _SQL.match(text) or _DUMP.match(text):
        return "a script of SQL statements"
    lines = text.splitlines()[:_RULE_LINES]
    if any(_RULE.fullmatch(line) and ("--" in line or "==" in line) for line in lines):
        return "the printed answer of a database or a drawn table (with lines of dashes)"
    return next((name for magic, name in _MARKUP if text.startswith(magic)), None)
