"""JSON Lines as CSV: one record a line, or one list of records.

A key is a column, in the order in which keys first appear; a record without it has an empty
cell, as has ``null``. Numbers keep the digits they are written with. Lists and objects inside
a record stay what they are, as JSON text in a cell; that is told.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from automl_core.errors import TableTooWideError, TableUnreadableError
from automl_core.tabular.plain_csv import SURROGATES, write_csv
from automl_core.tabular.schema import ReadLimits

MAX_RECORD_CHARACTERS: Final = 8 * 1024**2
"""A longer record would have to be held in memory whole."""
PIECE_BYTES: Final = 256 * 1024
CHUNK_ROWS: Final = 1000
MIN_CELLS: Final = 8 * 1024**2
"""Cells that any file may make, however few of them it fills."""
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: A record, or a list of records: with a key, or empty.
_BEGINNING: Final = re.compile(r"""\s*(?:\[\s*)?\{\s*(?:"(?:[^"\\]|\\.)*"\s*:|\})""")
_BLANKS: Final = " \t\r\n"
_BLANK_RUN: Final = re.compile(r"[ \t\r\n]+")
_WAY_OUT = 'Write one record a line (JSON Lines), such as {"a": 1, "b": "x"}.'

Record = dict[str, Any]


def is_json(start: bytes) -> bool:
    """Tell by a file's first bytes whether it holds JSON records."""
    encoding = next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")
    text = start.decode(encoding, errors="ignore").removeprefix("\ufeff")
    return _BEGINNING.match(text) is not None


@dataclass
class JsonTable:
    """One JSON file, read twice: for its keys, then for its records.

    Attributes
    ----------
    keys : list of str
        In the order of their first appearance; complete after :meth:`survey`.
    notes : list of str
        What was kept, changed or left out, one sentence each.
    """

    open_text: Callable[[], AbstractContextManager[BinaryIO]]
    limits: ReadLimits
    keys: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _n_bytes: int = 0

    def survey(self) -> None:
        """Find all keys, and refuse what is no flat record.

        Raises
        ------
        TableUnreadableError
            With the number of the line.
        TableTooWideError
            If there are more keys than columns may be.
        """
        keys: dict[str, None] = {}
        nested: Counter[str] = Counter()
        n_lost = n_records = 0
        for line, record in self._records():
            n_records += 1
            if not record.keys() <= keys.keys():
                keys |= dict.fromkeys(record)
                if len(keys) > self.limits.max_columns:
                    raise TableTooWideError(
                        f"The records up to line {line:,} have {len(keys):,} different keys; at "
                        f"most {self.limits.max_columns:,} columns are read. Leave out keys that "
                        "cannot matter."
                    )
            for key, value in record.items():
                kind = type(value)
                if kind is str:
                    if len(value) > self.limits.max_cell_bytes:
                        raise TableUnreadableError(
                            f"The value of {key!r} in line {line:,} is longer than "
                            f"{self.limits.max_cell_bytes:,} characters. Shorten it."
                        )
                    n_lost += _is_lossy(value)
                elif kind is dict or kind is list:
                    nested[key] += 1
        if n_records == 1 and nested:
            raise TableUnreadableError(
                f"The file is one JSON object, and {next(iter(nested))!r} in it holds a list or an "
                f"object. If that is the table, take it out of the object. {_WAY_OUT}"
            )
        self._refuse_hollow(n_records, len(keys))
        self.keys = list(keys)
        self.notes = []
        if nested:
            shown = ", ".join(repr(key) for key, _ in nested.most_common(5))
            self.notes.append(
                f"{nested.total():,} values are lists or objects (in {shown}) and are kept as JSON "
                "text; give what matters in them keys of its own."
            )
        if n_lost:
            self.notes.append(
                f"{n_lost:,} texts hold NUL or half a character; these signs were left out or "
                "replaced by �."
            )

    def _refuse_hollow(self, n_records: int, n_keys: int) -> None:
        """Refuse records that share so few keys that the table were mostly empty cells."""
        allowed = max(MIN_CELLS, self.limits.max_expansion * self._n_bytes)
        if n_records * n_keys > allowed:
            raise TableTooWideError(
                f"The {n_records:,} records have {n_keys:,} different keys, and each has so few of "
                "them that nearly all cells would be empty. Leave out the rare keys."
            )

    def as_csv(self) -> Iterator[bytes]:
        """Yield the table as UTF-8 CSV, header first, in pieces."""
        rows: list[list[str]] = [self.keys]
        keys = self.keys
        for _, record in self._records():
            values = map(record.get, keys)
            rows.append([value if type(value) is str else _cell(value) for value in values])
            if len(rows) >= CHUNK_ROWS:
                yield write_csv(rows)
                rows = []
        yield write_csv(rows)

    def _records(self) -> Iterator[tuple[int, Record]]:
        """Yield every record with its line."""
        with self.open_text() as raw:
            start = raw.read(4)
            encoding = next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")
            text = JsonText(raw, start, encoding)
            for line, value in _values(text):
                if not isinstance(value, dict):
                    found = "a list" if isinstance(value, list) else "a single value"
                    raise TableUnreadableError(
                        f"Line {line:,} holds {found} where a record is expected. {_WAY_OUT}"
                    )
                yield line, value
            self._n_bytes = text.n_bytes


def _values(text: JsonText) -> Iterator[tuple[int, Any]]:
    """All values of the file with their lines: one a line, in a list, or one after another."""
    # Numbers come as bytes: their digits as they are written, and no text.
    decoder = json.JSONDecoder(
        object_pairs_hook=_record,
        parse_float=str.encode,
        parse_int=str.encode,
        parse_constant=str.encode,
    )
    is_list = text.peek() == "["
    if is_list:
        text.skip()
    line = text.line
    try:
        if not is_list and text.begins_with_whole_line(decoder):
            for line, written in text.lines():
                stripped = written.strip(_BLANKS)
                value, end = decoder.raw_decode(stripped)
                if end != len(stripped):
                    raise _broken(line, "something follows behind the record")
                yield line, value
            return
        while sign := text.peek():
            line = text.line
            if is_list and sign == "]":
                break
            yield line, text.decode_one(decoder)
            if is_list and text.peek() == ",":
                text.skip()
            elif is_list and text.peek() != "]":
                raise _broken(text.line, "a comma or the end of the list is missing")
    except json.JSONDecodeError as error:
        raise _broken(line + error.lineno - 1, error.msg) from error
    except RecursionError as error:
        raise _broken(line, "too deeply nested") from error
    except _DoubleKeyError as error:
        raise TableUnreadableError(
            f"The record at line {line:,} has the key {error.key!r} twice, and only one of its "
            "values could be kept. Give each key once."
        ) from error
    if is_list:
        _check_end(text)


def _check_end(text: JsonText) -> None:
    if text.peek() != "]":
        raise _broken(text.line, "the list is not closed")
    text.skip()
    if text.peek():
        raise _broken(text.line, "something follows behind the list")


def _broken(line: int, message: str) -> TableUnreadableError:
    return TableUnreadableError(f"Line {line:,} is no valid JSON ({message}). {_WAY_OUT}")


class _DoubleKeyError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _record(pairs: list[tuple[str, Any]]) -> Record:
    record = dict(pairs)
    if len(record) != len(pairs):
        counted = Counter(key for key, _ in pairs)
        raise _DoubleKeyError(counted.most_common(1)[0][0])
    return record


class JsonText:
    """Text that is read piece by piece, with the number of the present line."""

    def __init__(self, raw: BinaryIO, start: bytes, encoding: str) -> None:
        self._raw = raw
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._is_over = False
        self.n_bytes = len(start)
        self._text = ""
        self._at = 0
        self.line = 1
        self._text = self._decode(start)
        self._more()
        self._text = self._text.removeprefix("\ufeff")

    def _decode(self, data: bytes) -> str:
        try:
            return self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            n_before = self._text.count("\n", self._at) + data[: error.start].count(b"\n")
            raise TableUnreadableError(
                f"Line {self.line + n_before:,} is not valid {self._encoding}, which this file is "
                "otherwise written in. Save it as UTF-8."
            ) from error

    def _more(self) -> bool:
        """Read on; False if nothing is left."""
        self._text, self._at = self._text[self._at :], 0
        while not self._is_over:
            data = self._raw.read(PIECE_BYTES)
            self._is_over = not data
            self.n_bytes += len(data)
            piece = self._decode(data)
            if piece:
                self._text += piece
                return True
        return False

    def peek(self) -> str:
        """The next character that is no blank, or the empty string at the end."""
        while True:
            match = _BLANK_RUN.match(self._text, self._at)
            self._pass(match.end() if match else self._at)
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def skip(self) -> None:
        """Pass over one character."""
        self._at += 1

    def _pass(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end

    def begins_with_whole_line(self, decoder: json.JSONDecoder) -> bool:
        """Tell whether the first line is a value of its own."""
        while "\n" not in self._text[self._at :] and self._more():
            _check_length(len(self._text), self.line)
        first = self._text[self._at :].partition("\n")[0]
        try:
            decoder.decode(first)
        except json.JSONDecodeError:
            return False
        return True

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines that are left and not blank, with their numbers."""
        while True:
            lines = self._text[self._at :].split("\n")
            self._text, self._at = lines.pop(), 0
            for line in lines:
                if line.strip(_BLANKS):
                    yield self.line, line
                self.line += 1
            _check_length(len(self._text), self.line)
            if not self._more():
                break
        if self._text.strip(_BLANKS):
            yield self.line, self._text

    def decode_one(self, decoder: json.JSONDecoder) -> Any:
        """Read the value that comes next."""
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # It may be cut; twice the text keeps a long record from being read ever again.
                wanted = 2 * (len(self._text) - self._at)
                if not self._more():
                    raise json.JSONDecodeError(error.msg, error.doc[self._at :], 0) from error
                while len(self._text) < wanted and self._more():
                    pass
                _check_length(len(self._text) // 2, self.line)
            else:
                self._pass(end)
                return value


def _check_length(n_characters: int, line: int) -> None:
    if n_characters > MAX_RECORD_CHARACTERS:
        raise TableUnreadableError(
            f"The record at line {line:,} is longer than {MAX_RECORD_CHARACTERS:,} characters. "
            f"{_WAY_OUT}"
        )


def _is_lossy(text: str) -> bool:
    if text.isascii():
        return "\0" in text
    return "\0" in text or SURROGATES.search(text) is not None


def _cell(value: object) -> str:
    """A value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return value.decode() if isinstance(value, bytes) else _json(value)


def _json(value: object) -> str:
    """Write a value as JSON, its numbers in the digits of the file."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json(key)}: {_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    if isinstance(value, bytes):
        return value.decode()
    return json.dumps(value, ensure_ascii=False)
