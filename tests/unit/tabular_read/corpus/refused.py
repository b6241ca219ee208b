"""Files that are no tables, each refused by its name."""

import gzip
import io
import tarfile
import zipfile


def _zipped(*names: str) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return memory.getvalue()


def _tarred() -> bytes:
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return memory.getvalue()


def _refused(name: str, data: bytes, says: str) -> dict:
    return {"name": name, "data": data, "error": "table-unreadable", "says": says}


CASES = [
    _refused("a PDF", b"%PDF-1.7\nabc\n", "PDF"),
    _refused("an old Excel file", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "old Excel"),
    _refused("an Excel file that is HTML", b"<table><tr><td>a</td></tr></table>", "HTML"),
    _refused("a web page behind a login", b"\r\n<!DOCTYPE html>\n<html><body>Log in", "HTML"),
    _refused("a binary workbook", _zipped("xl/workbook.bin"), "xlsb"),
    _refused("a zip archive of tables", _zipped("a.csv", "b.csv"), "zip archive"),
    _refused("a Word document", _zipped("[Content_Types].xml", "word/document.xml"), "Word"),
    _refused(
        "an OpenDocument spreadsheet",
        b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
        "damaged",
    ),
    _refused("a tar archive", _tarred(), "tar"),
    _refused("a tar archive in gzip", gzip.compress(_tarred()), "tar"),
    _refused("a Stata file", b"<stata_dta><header>" + bytes(50), "Stata"),
    _refused("an SPSS file", b"$FL2@(#) SPSS DATA FILE", "SPSS"),
    _refused("an R object", gzip.compress(b"X\n\0\0\0\x03"), "R object"),
    _refused("contacts of a phone", b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\n", "vCard"),
    _refused("a calendar of a phone", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", "iCalendar"),
    _refused("a photo of a phone", b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
    _refused("Weka's own format", b"@relation weather\n@attribute a numeric\n", "ARFF"),
    _refused("XML", b"\xef\xbb\xbf<?xml version='1.0'?><a/>", "XML"),
    {"name": "no byte at all", "data": b"", "error": "table-empty"},
    {"name": "a mark and blanks", "data": b"\xef\xbb\xbf \r\n \r\n", "error": "table-empty"},
    {"name": "a header alone", "data": b"a,b,c\n", "error": "table-empty"},
    {
        "name": "prose",
        "data": b"text\nwell, this\nno comma\nand, one\nnothing\n" * 9,
        "error": "table-too-narrow",
    },
]
