"""Predict with a model bundle: encoder, ONNX session, CSV scoring. Needs numpy and onnxruntime.

This file is complete in itself. A copy lies in every bundle as ``predict.py``, so that a
model can be used without anything else of the project::

    python predict.py INPUT.csv --out SCORED.csv

or from Python::

    predictor = Predictor.load("bundle")          # a folder or a zip
    predictions, notes = predictor.predict_rows([{"age": 41, "city": "Oslo"}], notes=True)

Raw values become one row of a float32 matrix in the same way in training and here:

- a number is itself, cast to float32; what is missing becomes ``fill``, or stays missing;
- a category is its code: 0 missing, 1 unknown or too rare to be learned, 2 … known;
- a date is seven numbers in UTC: day since 1970, year, month, day, weekday, day of the
  year, hour;
- a text is its number of characters, of words, and how often words of the buckets occur that
  the manifest lists; a word's bucket is its CRC-32.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import itertools
import json
import math
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timezone
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple, TextIO

import numpy as np

# What only files, dates or rare types need is imported where they are read, and patterns are
# compiled at their first use: a function that answers rows starts a tenth sooner for it.

# Predictions stay on this machine: the official builds of ONNX Runtime report their use to
# their maker unless told before they are loaded (its Privacy.md). Whoever set it decides.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

#: What is written; older ones are read too.
FORMAT = 2
READ_FORMATS = (1, FORMAT)
MODEL_NAME = "model.onnx"
MANIFEST_NAME = "manifest.json"
SCRIPT_NAME = "predict.py"

#: Larger files are no bundle of ours; read before anything is unpacked or parsed.
MAX_MODEL_BYTES = 256 * 1024**2
MAX_MANIFEST_BYTES = 64 * 1024**2
#: Largest difference between a probe's stored answer and this machine's: float32 sums in
#: another order, far below what moves a decision.
PROBE_TOLERANCE = 1e-5
#: Rows scored at once: a few megabytes of cells.
CHUNK_ROWS = 10_000
#: Texts, and about how many of their characters, whose words are counted together.
TEXTS_AT_ONCE = 4_000
CHARACTERS_AT_ONCE = 1_000_000
#: From so many rows on, they are read column by column; a few are read sooner one by one.
MIN_COLUMNWISE_ROWS = 8
#: Lines looked at for the header; some programs write a title above it.
HEADER_LINES = 30
DELIMITERS = ",;\t|"
#: Characters of a line or a cell beyond which a quote was left open.
MAX_LINE_CHARACTERS = 64 * 1024**2
MAX_CELL_CHARACTERS = 1024**2

_FLOAT32_MAX = float.fromhex("0x1.fffffep+127")
_NAN = math.nan
_SHOWN_CHARACTERS = 60

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    Matrix = npt.NDArray[np.float32]
NoteCode = Literal["missing", "unseen", "out_of_range", "unknown_column"]


class InputError(ValueError):
    """A row or column that cannot be used; says which and why.

    Parameters
    ----------
    message : str
        What is wrong, with the value, and what would repair it.
    pointer : str or None
        JSON pointer into the list of rows (``/0/age``), or the column's name.
    """

    def __init__(self, message: str, pointer: str | None = None) -> None:
        super().__init__(message)
        self.pointer = pointer


class BundleError(Exception):
    """The bundle is damaged, of another format, or holds what no bundle of ours holds."""


class Note(NamedTuple):
    """Something about one field of one row that makes its prediction less certain."""

    code: NoteCode
    column: str
    message: str


class Predictions(NamedTuple):
    """Answers in the order of the rows.

    Attributes
    ----------
    labels : list or None
        Most probable class of each row in the target's own coding; None for regression.
        Of equally probable classes the first in the manifest's order.
    probabilities : ndarray of shape (n_rows, n_classes) or None
        In the order of the manifest's classes; finite, each in [0, 1].
    values : ndarray of shape (n_rows,) or None
        Predicted numbers, finite; None for classification.
    lower, upper : ndarray of shape (n_rows,) or None
        Bounds of the interval whose coverage the manifest states.
    classes : sequence or None
        Labels in the manifest's order, where it has a threshold of label sets.
    set_threshold : float or None
        Probability from which a class belongs to a row's label set.
    """

    labels: list[Any] | None = None
    probabilities: FloatArray | None = None
    values: FloatArray | None = None
    lower: FloatArray | None = None
    upper: FloatArray | None = None
    classes: Sequence[Any] | None = None
    set_threshold: float | None = None

    @property
    def label_sets(self) -> list[list[Any]] | None:
        """Labels that each row may well have, in the manifest's order; None: not promised.

        The right one is among them as often as the manifest states. A set may hold several
        labels (the model hesitates) or none (nothing fits well enough).
        """
        if self.probabilities is None or self.classes is None or self.set_threshold is None:
            return None
        classes, threshold = self.classes, self.set_threshold
        return [
            [label for label, share in zip(classes, shares, strict=True) if share >= threshold]
            for shares in self.probabilities.tolist()
        ]

    def outputs(self) -> FloatArray:
        """Probabilities, or values as a single column: shape (n_rows, n_classes or 1)."""
        if self.values is not None:
            return self.values[:, None]
        return np.empty((0, 0)) if self.probabilities is None else self.probabilities


# -- Reading cells --------------------------------------------------------------------
# The same rules as the table reader's (automl_core.tabular.cells).

_NUMBERS = {
    mark: (
        rf"[+-]?(?:[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})+(?:{point}[0-9]*)?"
        rf"|(?:[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?)"
    )
    for mark, point, group in ((".", r"\.", ","), (",", ",", r"\."))
}
_DRESSED = (
    r"(?P<open>\()?(?P<sign>[-+−])?(?:(?P<front>[$€£¥₹])[ \u00a0\u202f]?(?P<inner>[-+−])?)?"
    r"(?P<body>[0-9.,'’ \u00a0\u202f\u2009]*[0-9.,])(?P<power>[eE][+-]?[0-9]{1,3})?"
    r"(?:[ \u00a0\u202f]?(?P<back>[%$€£¥₹]|AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|INR|JPY|NOK|PLN"
    r"|SEK|USD))?(?P<trail>-)?(?P<close>\))?"
)
_SET_APART = r"[1-9][0-9]{0,2}(?:(['’ \u00a0\u202f\u2009])[0-9]{3})(?:\1[0-9]{3})*(?:[.,][0-9]*)?"
_ISO_TIME = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
    r"( ?Z| UTC| GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_TRUE_WORDS = ("true", "yes", "y", "t", "1", "on")
_FALSE_WORDS = ("false", "no", "n", "f", "0", "off")


class _UnusableError(Exception):
    """A value that its column cannot hold; the message continues “Column 'x' …”."""


def _read_number_text(text: str, decimal: str) -> float | None:
    """Read stripped text as a finite number, or None."""
    if re.fullmatch(_NUMBERS[decimal], text) is None:
        text = _undress(text)
        if re.fullmatch(_NUMBERS[decimal], text) is None:
            return None
    text = text.replace(".", "").replace(",", ".") if decimal == "," else text.replace(",", "")
    value = float(text)
    return value if math.isfinite(value) else None


def _undress(text: str) -> str:
    """Take off what offices put around a number (``automl_core.tabular.spellings``); "" if none."""
    match = re.fullmatch(_DRESSED, text) if len(text) <= 60 else None
    if match is None:
        return ""
    signs = [sign for sign in match.group("sign", "inner", "open", "trail") if sign]
    has_half_bracket = (match["open"] is None) != (match["close"] is None)
    if len(signs) > 1 or has_half_bracket or (match["front"] and match["back"]):
        return ""
    body = match["body"]
    if re.search("['’ \u00a0\u202f\u2009]", body):
        if match["power"] or signs == ["+"] or re.fullmatch(_SET_APART, body) is None:
            return ""
        body = re.sub("['’ \u00a0\u202f\u2009]", "", body)
    minus = "" if not signs else "+" if signs == ["+"] else "-"
    return f"{minus}{body}{match['power'] or ''}"


def _read_time_text(text: str, time_format: str | None) -> datetime | None:
    """Read stripped text as a moment in UTC without zone, or None."""
    try:
        if time_format is not None:
            moment = datetime.strptime(text, time_format)  # noqa: DTZ007 - UTC by rule
        elif re.fullmatch(_ISO_TIME, text) is None:
            return None
        else:
            moment = datetime.fromisoformat(_plain_zone(text))
        return _as_utc(moment)
    except (ValueError, OverflowError):
        return None


def _plain_zone(text: str) -> str:
    """Spell the time zone of an ISO time as the standard does."""
    if text[-1] not in "ZCT":
        return text
    return text.removesuffix("Z").removesuffix("UTC").removesuffix("GMT").rstrip() + "+00:00"


def _as_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(timezone.utc).replace(tzinfo=None)  # noqa: UP017 - any Python 3


def _plain(value: object) -> object:
    """Turn numpy scalars and decimals into Python's own types."""
    if value is None or type(value) in {bool, int, float, str}:
        return value
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else value.astype("datetime64[us]").item()
    if isinstance(value, np.generic):
        return value.item()
    from decimal import Decimal

    if isinstance(value, Decimal):
        return float(value)
    return value


def number_text(number: float) -> str:
    """Write a number the one way in which categories of numbers are spelled.

    >>> number_text(3.0), number_text(-0.0), number_text(2.5)
    ('3', '0', '2.5')
    """
    return str(int(number)) if number.is_integer() else repr(number)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


# -- Columns --------------------------------------------------------------------------


class _Column:
    """How one column of the table becomes columns of the matrix."""

    width = 1

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.name: str = spec["name"]
        self.original_name: str = spec.get("original_name") or self.name
        self.storage: str = spec.get("storage", "text")
        self.missing = frozenset(spec.get("missing_tokens") or ())

    @property
    def feature_names(self) -> list[str]:
        return [self.name]

    def append(self, value: object, cells: list[float]) -> None:
        """Add the features of one value; raises ``_UnusableError``."""
        raise NotImplementedError

    def encode(self, values: Sequence[Any] | npt.NDArray[Any], matrix: Matrix) -> None:
        """Fill this column's part of the matrix; what cannot be read is missing."""
        cells: list[float] = []
        # Texts and gaps come back; other values may equal each other and differ in kind.
        seen: dict[Any, list[float]] = {}
        for value in values:
            is_text = type(value) is str or value is None
            made = seen.get(value) if is_text else None
            if made is None:
                made = []
                try:
                    self.append(value, made)
                except _UnusableError:
                    self.append(None, made)
                if is_text:
                    seen[value] = made
            cells += made
        matrix[:] = np.array(cells, dtype=np.float64).reshape(len(values), self.width)

    def note(self, value: object) -> tuple[NoteCode, str] | None:
        """Say what is unusual about a value that :meth:`append` has accepted."""
        raise NotImplementedError

    def read(self, values: Sequence[Any]) -> tuple[Sequence[float] | FloatArray, Iterable[int]]:
        """Read many values strictly: their features in one row after another, and where
        :meth:`note` has something to say; raises ``_UnusableError``."""
        cells: list[float] = []
        for value in values:
            self.append(value, cells)
        noted: dict[Any, bool] = {}
        unusual = []
        for at, value in enumerate(values):
            is_text = type(value) is str or value is None
            is_noted = noted.get(value) if is_text else None
            if is_noted is None:
                is_noted = self.note(value) is not None
                if is_text:
                    noted[value] = is_noted
            if is_noted:
                unusual.append(at)
        return cells, unusual

    def _is_missing_text(self, stripped: str) -> bool:
        return not stripped or stripped in self.missing


class _NumberColumn(_Column):
    def __init__(self, spec: Mapping[str, Any]) -> None:
        super().__init__(spec)
        self.decimal: str = spec.get("decimal") or "."
        self.fill = _NAN if spec.get("fill") is None else float(spec["fill"])
        self.minimum: float | None = spec.get("minimum")
        self.maximum: float | None = spec.get("maximum")

    def _read(self, value: object) -> float:
        """Read a number within float32's range; NaN: missing."""
        if value is None:
            return _NAN
        kind = type(value)
        if isinstance(value, str):
            value = self._read_text(value)
        elif kind is not float and kind is not int:
            value = _plain(value)
            if value is None:
                return _NAN
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _UnusableError(f"expects a number, not {_shown(value)}.")
        try:
            number = float(value)  # type: ignore[arg-type] # int or float by now
        except OverflowError:
            raise _UnusableError("expects a number within ±1.8e308.") from None
        if number > _FLOAT32_MAX:
            if number == math.inf:
                raise _UnusableError("expects a finite number, not infinity.")
            return _FLOAT32_MAX
        if number < -_FLOAT32_MAX:
            if number == -math.inf:
                raise _UnusableError("expects a finite number, not minus infinity.")
            return -_FLOAT32_MAX
        return number

    def _read_text(self, text: str) -> float:
        stripped = text.strip()
        if self._is_missing_text(stripped):
            return _NAN
        number = _read_number_text(stripped, self.decimal)
        if number is None:
            raise _UnusableError(f"expects a number, not the text {_shown(text)}.")
        return number

    def append(self, value: object, cells: list[float]) -> None:
        number = self._read(value)
        cells.append(number if number == number else self.fill)  # noqa: PLR0124 - not NaN

    def read(self, values: Sequence[Any]) -> tuple[Sequence[float] | FloatArray, Iterable[int]]:
        kinds = set(map(type, values))
        if not kinds <= {float, int, type(None)}:
            return super().read(values)
        if type(None) in kinds:
            values = [_NAN if value is None else value for value in values]
        try:
            numbers = np.array(values, dtype=np.float64)
        except OverflowError:
            return super().read(values)
        if np.isinf(numbers).any():
            return super().read(values)
        np.minimum(np.maximum(numbers, -_FLOAT32_MAX, out=numbers), _FLOAT32_MAX, out=numbers)
        is_missing = np.isnan(numbers)
        is_unusual = is_missing.copy()
        # Comparisons with NaN are false, hence it is asked for by itself.
        if self.minimum is not None:
            is_unusual |= numbers < self.minimum
        if self.maximum is not None:
            is_unusual |= numbers > self.maximum
        numbers[is_missing] = self.fill
        return numbers, np.flatnonzero(is_unusual).tolist()

    def encode(self, values: Sequence[Any] | npt.NDArray[Any], matrix: Matrix) -> None:
        if not (isinstance(values, np.ndarray) and values.dtype.kind in "fiu"):
            super().encode(values, matrix)
            return
        numbers = values.astype(np.float64)
        numbers[~np.isfinite(numbers)] = self.fill
        matrix[:, 0] = np.clip(numbers, -_FLOAT32_MAX, _FLOAT32_MAX)

    def note(self, value: object) -> tuple[NoteCode, str] | None:
        number = self._read(value)
        if math.isnan(number):
            told = "" if math.isnan(self.fill) else f"; taken as {self.fill:g}"
            return "missing", f"No value for {self.name!r}{told}."
        if self.minimum is not None and number < self.minimum:
            return "out_of_range", f"{number:g} is below the training data's {self.minimum:g}."
        if self.maximum is not None and number > self.maximum:
            return "out_of_range", f"{number:g} is above the training data's {self.maximum:g}."
        return None


class _CategoryColumn(_Column):
    MISSING, UNKNOWN, FIRST_KNOWN = 0.0, 1.0, 2

    def __init__(self, spec: Mapping[str, Any]) -> None:
        super().__init__(spec)
        self.decimal: str = spec.get("decimal") or "."
        self.is_number = self.storage in {"integer", "decimal"}
        categories: list[str] = list(spec.get("categories") or ())
        codes = {text: float(code) for code, text in enumerate(categories, self.FIRST_KNOWN)}
        self._folded: dict[str, float] = {}
        for text, code in codes.items():
            self._folded.setdefault(text.casefold(), code)
        fill: str | None = spec.get("fill_category")
        self.fill = fill
        self._known = codes
        self._missing_code = self.MISSING if fill is None else codes.get(fill, self.UNKNOWN)

    def _code(self, value: object) -> float | None:
        """Find the code of a value; None: missing."""
        if isinstance(value, str):
            return self._code_of_text(value)
        value = _plain(value)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None
        if isinstance(value, bool):
            return self._code_of_bool(value)
        if isinstance(value, int | float):
            return self._code_of_number(value)
        if isinstance(value, date):
            return self._known.get(str(value), self.UNKNOWN)
        raise _UnusableError(f"expects a text, a number or a truth value, not {_shown(value)}.")

    def _code_of_text(self, text: str) -> float | None:
        stripped = text.strip()
        if self._is_missing_text(stripped):
            return None
        if self.is_number:
            number = _read_number_text(stripped, self.decimal)
            return self.UNKNOWN if number is None else self._code_of_number(number)
        if self.storage == "boolean":
            return self._folded.get(stripped.casefold(), self.UNKNOWN)
        # The reader leaves out the blanks around a text; bundles of its first version kept them.
        code = self._known.get(stripped)
        return self._known.get(text, self.UNKNOWN) if code is None else code

    def _code_of_number(self, number: int | float) -> float:
        try:
            spellings = (number_text(float(number)), repr(number))
        except (OverflowError, ValueError):
            return self.UNKNOWN
        return next((self._known[text] for text in spellings if text in self._known), self.UNKNOWN)

    def _code_of_bool(self, value: bool) -> float:
        words: tuple[str, ...] = _TRUE_WORDS if value else _FALSE_WORDS
        if self.storage != "boolean":
            words = words[:1]
        return next((self._folded[word] for word in words if word in self._folded), self.UNKNOWN)

    def _read(self, value: object) -> float:
        """Find the feature of a value."""
        code = self._known.get(value) if type(value) is str else None
        if code is None or value in self.missing:
            code = self._code(value)
        return self._missing_code if code is None else code

    def append(self, value: object, cells: list[float]) -> None:
        cells.append(self._read(value))

    def encode(self, values: Sequence[Any] | npt.NDArray[Any], matrix: Matrix) -> None:
        if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
            numbers, places = np.unique(values.astype(np.float64), return_inverse=True)
            codes = [self._read(number) for number in numbers.tolist()]
            matrix[:, 0] = np.array(codes, dtype=np.float64)[places]
            return
        if isinstance(values, np.ndarray) and values.dtype.kind == "O":
            values = values.tolist()
        if not set(map(type, values)) <= {str, type(None)}:
            super().encode(values, matrix)
            return
        # Few values come again and again; each is looked up once.
        code_of = {value: self._read(value) for value in set(values)}
        matrix[:, 0] = np.fromiter(map(code_of.__getitem__, values), np.float64, len(values))

    def read(self, values: Sequence[Any]) -> tuple[Sequence[float] | FloatArray, Iterable[int]]:
        if not set(map(type, values)) <= {str, type(None)}:
            return super().read(values)
        # Few values come again and again; each is looked up once.
        codes = {value: self._code(value) for value in set(values)}
        unusual = {value for value, code in codes.items() if code is None or code == self.UNKNOWN}
        cells = {v: self._missing_code if code is None else code for v, code in codes.items()}
        noted = [at for at, value in enumerate(values) if value in unusual] if unusual else ()
        return [cells[value] for value in values], noted

    def note(self, value: object) -> tuple[NoteCode, str] | None:
        code = self._code(value)
        if code is None:
            told = "" if self.fill is None else f"; taken as {_shown(self.fill)}"
            return "missing", f"No value for {self.name!r}{told}."
        if code == self.UNKNOWN:
            return "unseen", f"{_shown(value)} was not seen in training, or too rarely."
        return None


class _DateColumn(_Column):
    width = 7
    PARTS = ("epoch_day", "year", "month", "day", "weekday", "day_of_year", "hour")
    _EPOCH = date(1970, 1, 1).toordinal()

    def __init__(self, spec: Mapping[str, Any]) -> None:
        super().__init__(spec)
        self.time_format: str | None = spec.get("time_format")
        fill = spec.get("fill")
        self.fill_s = None if fill is None else int(fill)
        self.fill = (
            [_NAN] * self.width
            if self.fill_s is None
            else self._from_datetime64(np.array([self.fill_s], dtype="datetime64[s]"))[0].tolist()
        )
        self.minimum: float | None = spec.get("minimum")
        self.maximum: float | None = spec.get("maximum")

    @property
    def feature_names(self) -> list[str]:
        return [f"{self.name}:{part}" for part in self.PARTS]

    def _read(self, value: object) -> datetime | None:
        """Read a moment in UTC without zone; None: missing.

        ISO 8601 is understood beside the file's own format: forms and JSON send it.
        """
        value = _plain(value)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None
        if isinstance(value, datetime):
            return _as_utc(value)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - UTC by rule
        if isinstance(value, str):
            stripped = value.strip()
            if self._is_missing_text(stripped):
                return None
            moment = _read_time_text(stripped, self.time_format)
            if moment is None and self.time_format is not None:
                moment = _read_time_text(stripped, None)
            if moment is not None:
                return moment
        wanted = f"a time like {self.time_format}" if self.time_format else "an ISO 8601 time"
        raise _UnusableError(f"expects {wanted}, not {_shown(value)}.")

    def _parts(self, moment: datetime | None) -> Sequence[float]:
        if moment is None:
            return self.fill
        return (
            moment.toordinal() - self._EPOCH,
            moment.year,
            moment.month,
            moment.day,
            moment.weekday(),
            moment.timetuple().tm_yday,
            moment.hour,
        )

    def append(self, value: object, cells: list[float]) -> None:
        cells += self._parts(self._read(value))

    def encode(self, values: Sequence[Any] | npt.NDArray[Any], matrix: Matrix) -> None:
        if not (isinstance(values, np.ndarray) and values.dtype.kind == "M"):
            super().encode(values, matrix)
            return
        matrix[:] = self._from_datetime64(values)
        matrix[np.isnat(values)] = self.fill

    @staticmethod
    def _from_datetime64(moments: npt.NDArray[Any]) -> Matrix:
        is_missing = np.isnat(moments)
        there = np.where(is_missing, np.datetime64(0, "s"), moments)
        days = there.astype("datetime64[D]")
        months = there.astype("datetime64[M]")
        years = there.astype("datetime64[Y]")
        epoch_day = days.astype(np.int64)
        parts = (
            epoch_day,
            years.astype(np.int64) + 1970,
            months.astype(np.int64) % 12 + 1,
            (days - months).astype(np.int64) + 1,
            (epoch_day + 3) % 7,  # 1970-01-01 was a Thursday
            (days - years).astype(np.int64) + 1,
            there.astype("datetime64[h]").astype(np.int64) % 24,
        )
        return np.stack(parts, axis=1).astype(np.float32)

    def note(self, value: object) -> tuple[NoteCode, str] | None:
        moment = self._read(value)
        if moment is None:
            told = ""
            if self.fill_s is not None:
                told = f"; taken as {np.datetime64(self.fill_s, 's')}"
            return "missing", f"No value for {self.name!r}{told}."
        seconds = (moment - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001 - UTC by rule
        if self.minimum is not None and seconds < self.minimum:
            return "out_of_range", f"{moment.isoformat()} lies before the training data."
        if self.maximum is not None and seconds > self.maximum:
            return "out_of_range", f"{moment.isoformat()} lies after the training data."
        return None


#: A word, after casefolding: a run of letters and digits, or one sign of a script without
#: blanks, one symbol or one emoji. Written out rather than ``\\w``, which grows with Python's
#: tables of Unicode: training and serving may run on different versions.
_WORD = (
    r"[\u2190-\u2bff\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\U0001f000-\U0001faff"
    r"\U00020000-\U0003ffff]"
    r"|[0-9a-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0588\u058a-\u05bd"
    r"\u05bf-\u060b\u060d-\u061a\u061c-\u061e\u0620-\u06d3\u06d5-\u0963\u0966-\u167f"
    r"\u1681-\u1fff\u2c00-\u2dff\u2e80-\u2fff\u3105-\u33ff\ua000-\ud7ff\ufb00-\ufdff"
    r"\ufe70-\ufefe\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc"
    r"\U00010000-\U0001efff]+"
)
#: Stands behind each of the texts that are split together; no word holds it.
TEXT_END = "\0"


def split_words(text: str) -> list[str]:
    """Split a text into words that do not depend on case, accents' spelling or place.

    >>> split_words("Don't PANIC: 42 Stra\u00dfen!")
    ['don', 't', 'panic', '42', 'strassen']
    """
    return re.findall(_WORD, _folded(text))


def split_texts(texts: Sequence[str]) -> list[str]:
    """Split many texts at once: their words in one list, ``TEXT_END`` behind each text.

    >>> split_texts(["An apple.", "", "Two"]) == ["an", "apple", "\\0", "\\0", "two", "\\0"]
    True
    """
    joined = "".join(text.replace(TEXT_END, " ") + TEXT_END for text in texts)
    return re.findall(f"{_WORD}|{TEXT_END}", _folded(joined))


def split_runs(texts: Sequence[str]) -> Iterator[tuple[slice, list[str]]]:
    """Split texts in runs that memory holds: where a run stands, and what its texts split into."""
    start = n_characters = 0
    for end, text in enumerate(texts, 1):
        n_characters += len(text)
        is_full = n_characters >= CHARACTERS_AT_ONCE or end - start == TEXTS_AT_ONCE
        if is_full or end == len(texts):
            yield slice(start, end), split_texts(texts[start:end])
            start, n_characters = end, 0


def _folded(text: str) -> str:
    """Spell letters in one way: upper case and letters put together from parts."""
    text = text.casefold()
    if text.isascii():
        return text
    import unicodedata

    return unicodedata.normalize("NFC", text)


def word_bucket(word: str, n_buckets: int) -> int:
    """Give a word its number below ``n_buckets``, on every machine the same."""
    return zlib.crc32(word.encode()) % n_buckets


class _TextColumn(_Column):
    """Characters, words, and how often words of each kept bucket occur; missing: no words."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        super().__init__(spec)
        self.n_buckets: int = spec.get("n_buckets", 0)
        self.buckets: list[int] = list(spec.get("buckets") or ())
        if not (
            type(self.n_buckets) is int
            and all(type(one) is int and 0 <= one < self.n_buckets for one in self.buckets)
            and self.n_buckets > 0
            and len(set(self.buckets)) == len(self.buckets)
        ):
            raise BundleError(f"The buckets of column {self.name!r} do not hold together.")
        self.width = 2 + len(self.buckets)
        self._places = {bucket: place for place, bucket in enumerate(self.buckets, 2)}

    @property
    def feature_names(self) -> list[str]:
        counted = [f"{self.name}:word_{bucket}" for bucket in self.buckets]
        return [f"{self.name}:characters", f"{self.name}:words", *counted]

    def _read(self, value: object) -> str:
        """Read a text without the blanks around it; empty: missing."""
        if not isinstance(value, str):
            value = self._as_text(_plain(value))
        text = value.strip()
        return "" if text in self.missing else text

    @staticmethod
    def _as_text(value: object) -> str:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return ""
        if isinstance(value, str | date):
            return str(value)
        if isinstance(value, bool):
            return json.dumps(value)
        if isinstance(value, int | float):
            try:
                return number_text(float(value))
            except OverflowError:
                raise _UnusableError("expects a text, or a number within ±1.8e308.") from None
        raise _UnusableError(f"expects a text, not {_shown(value)}.")

    def _place(self, word: str) -> int:
        """Tell which feature counts a word; 0: none."""
        return self._places.get(word_bucket(word, self.n_buckets), 0)

    def append(self, value: object, cells: list[float]) -> None:
        text = self._read(value)
        words = split_words(text)
        counts = [0.0] * self.width
        for word in words:
            counts[self._place(word)] += 1.0
        counts[0], counts[1] = float(len(text)), float(len(words))
        cells += counts

    def encode(self, values: Sequence[Any] | npt.NDArray[Any], matrix: Matrix) -> None:
        texts = []
        for value in values:
            try:
                texts.append(self._read(value))
            except _UnusableError:
                texts.append("")
        self._count(texts, matrix)

    def _count(self, texts: Sequence[str], matrix: Matrix) -> None:
        """Fill the features of many texts, which are split together."""
        places = Numbered(self._place)
        for run, words in split_runs(texts):
            n_texts = run.stop - run.start
            found = np.fromiter(map(places.__getitem__, words), np.int64, len(words))
            is_end = found < 0
            of_text = np.cumsum(is_end)[~is_end]
            cells = of_text * self.width + found[~is_end]
            counts = np.bincount(cells, minlength=n_texts * self.width)
            part = matrix[run]
            part[:] = counts.reshape(n_texts, self.width)
            part[:, 0] = [len(text) for text in texts[run]]
            part[:, 1] = np.bincount(of_text, minlength=n_texts)

    def read(self, values: Sequence[Any]) -> tuple[Sequence[float] | FloatArray, Iterable[int]]:
        texts = [self._read(value) for value in values]
        matrix = np.empty((len(texts), self.width), dtype=np.float32)
        self._count(texts, matrix)
        return matrix.astype(np.float64), [at for at, text in enumerate(texts) if not text]

    def note(self, value: object) -> tuple[NoteCode, str] | None:
        if self._read(value):
            return None
        return "missing", f"No value for {self.name!r}; taken as a text without words."


class Numbered(dict[str, int]):
    """The number of each word met so far; the end of a text has -1."""

    def __init__(self, number: Callable[[str], int]) -> None:
        super().__init__({TEXT_END: -1})
        self._number = number

    def __missing__(self, word: str) -> int:
        number = self[word] = self._number(word)
        return number


_COLUMN_KINDS: dict[str, Callable[[Mapping[str, Any]], _Column]] = {
    "numeric": _NumberColumn,
    "categorical": _CategoryColumn,
    "datetime": _DateColumn,
    "text": _TextColumn,
}


class Encoder:
    """Turn raw values into the model's matrix, in training and at prediction alike.

    Parameters
    ----------
    columns : sequence of mapping
        The manifest's ``columns``.

    Attributes
    ----------
    feature_names : list of str
        Columns of the matrix.
    feature_columns : list of str
        For each of them the column of the table that it comes from.
    """

    def __init__(self, columns: Sequence[Mapping[str, Any]]) -> None:
        self._columns = [_COLUMN_KINDS[spec["kind"]](spec) for spec in columns]
        self.feature_names = [name for c in self._columns for name in c.feature_names]
        self.feature_columns = [c.name for c in self._columns for _ in range(c.width)]
        self._names = {column.name for column in self._columns}
        self._original = {
            column.original_name: column.name
            for column in self._columns
            if column.original_name not in self._names
        }

    @property
    def column_names(self) -> list[str]:
        """Names of the table's columns, in the manifest's order."""
        return [column.name for column in self._columns]

    def encode(self, table: Mapping[str, Sequence[Any] | npt.NDArray[Any]], n_rows: int) -> Matrix:
        """Encode columns; what cannot be read is missing, and so is an absent column.

        Parameters
        ----------
        table : mapping of str to sequence of length n_rows
            Float arrays (NaN: missing), datetime64 arrays, or sequences of text, numbers,
            truth values, dates and None. The same value gives the same bits in each form.

        Returns
        -------
        ndarray of float32, shape (n_rows, n_features)

        Raises
        ------
        InputError
            If a column has another number of values.
        """
        matrix = np.empty((n_rows, len(self.feature_names)), dtype=np.float32)
        start = 0
        for column in self._columns:
            values = table.get(column.name)
            if values is None:
                values = table.get(column.original_name)
            if values is None:
                values = [None] * n_rows
            if len(values) != n_rows:
                raise InputError(
                    f"Column {column.name!r} has {len(values)} values for {n_rows} rows.",
                    column.name,
                )
            part = matrix[:, start : start + column.width]
            column.encode(values, part)
            start += column.width
        return matrix

    def encode_rows(self, rows: Sequence[Mapping[str, Any]]) -> Matrix:
        """Encode rows, refusing values that their column cannot hold.

        Raises
        ------
        InputError
            Names the row (from 0), the column, the value and what is expected.
        """
        if len(rows) >= MIN_COLUMNWISE_ROWS:
            read = self._read_columnwise(rows)
            if read is not None:
                return read[0]
        cells: list[float] = []
        columns = [(column, column.name, column.original_name) for column in self._columns]
        for number, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise InputError(
                    f"Row {number} is no object of column names and values.", f"/{number}"
                )
            n_absent = 0
            for column, name, original_name in columns:
                value = row.get(name)
                if value is None:
                    value = row.get(original_name)
                    n_absent += name not in row and original_name not in row
                try:
                    column.append(value, cells)
                except _UnusableError as error:
                    raise InputError(
                        f"Row {number}: column {name!r} {error}",
                        f"/{number}/{_pointer_part(name)}",
                    ) from None
            if n_absent == len(self._columns):
                names = ", ".join(column.name for column in self._columns[:5])
                raise InputError(
                    f"Row {number} has none of the model's columns ({names} …).", f"/{number}"
                )
        return np.array(cells, dtype=np.float32).reshape(len(rows), len(self.feature_names))

    def encode_noted(
        self, rows: Sequence[Mapping[str, Any]], *, ignored: Iterable[str] = ()
    ) -> tuple[Matrix, list[list[Note]]]:
        """Encode rows as :meth:`encode_rows` and say of each what :meth:`notes` says."""
        ignored = list(ignored)
        read = self._read_columnwise(rows) if len(rows) >= MIN_COLUMNWISE_ROWS else None
        if read is None:
            return self.encode_rows(rows), [self.notes(row, ignored=ignored) for row in rows]
        matrix, unusual = read
        notes: list[list[Note]] = [[] for _ in rows]
        for column, values, places in unusual:
            for at in places:
                found = column.note(values[at])
                if found is not None:
                    notes[at].append(Note(found[0], column.name, found[1]))
        known = self._names.union(self._original, ignored)
        for row, told in zip(rows, notes, strict=True):
            if not known.issuperset(row):
                told.extend(self._unknown(row, known))
        return matrix, notes

    def _read_columnwise(
        self, rows: Sequence[Mapping[str, Any]]
    ) -> tuple[Matrix, list[tuple[_Column, Sequence[Any], Iterable[int]]]] | None:
        """Read rows column by column, which takes a fraction of the time.

        None if something is wrong with a row: reading them one by one finds the first.
        """
        if not all(isinstance(row, Mapping) for row in rows):
            return None
        matrix = np.empty((len(rows), len(self.feature_names)), dtype=np.float32)
        unusual: list[tuple[_Column, Sequence[Any], Iterable[int]]] = []
        start = 0
        is_each_there = False
        for column in self._columns:
            values = [row.get(column.name) for row in rows]
            if None in values and column.original_name != column.name:
                values = [
                    row.get(column.original_name) if value is None else value
                    for row, value in zip(rows, values, strict=True)
                ]
            is_each_there = is_each_there or None not in values
            try:
                cells, places = column.read(values)
            except _UnusableError:
                return None
            part = np.asarray(cells, dtype=np.float64).reshape(len(rows), column.width)
            matrix[:, start : start + column.width] = part
            start += column.width
            unusual.append((column, values, places))
        # Without a column that all rows have, one of them may have none of the model's.
        return (matrix, unusual) if is_each_there else None

    def find_columns(self, header: Sequence[str]) -> dict[str, int]:
        """Tell at which position of a file's header each column of the model stands.

        Raises
        ------
        InputError
            If a column of the model is not there.
        """
        final = {name: at for at, name in reversed(list(enumerate(clean_names(header))))}
        original = {name: at for at, name in reversed(list(enumerate(header)))}
        positions, absent = {}, []
        for column in self._columns:
            at = final.get(column.name, original.get(column.original_name))
            if at is None:
                absent.append(column.name)
            else:
                positions[column.name] = at
        if absent:
            shown = ", ".join(repr(name) for name in absent[:5])
            raise InputError(
                f"The model reads {len(absent)} columns that are not in the file: {shown}"
                f"{' …' if len(absent) > 5 else ''}. Add them; their cells may be empty.",
                absent[0],
            )
        return positions

    def notes(self, row: Mapping[str, Any], *, ignored: Iterable[str] = ()) -> list[Note]:
        """Say what is unusual in a row that :meth:`encode_rows` has accepted."""
        notes = []
        for column in self._columns:
            value = row.get(column.name)
            found = column.note(row.get(column.original_name) if value is None else value)
            if found is not None:
                notes.append(Note(found[0], column.name, found[1]))
        return notes + self._unknown(row, self._names.union(self._original, ignored))

    @staticmethod
    def _unknown(row: Mapping[str, Any], known: frozenset[str] | set[str]) -> list[Note]:
        return [
            Note("unknown_column", str(name), f"The model does not read a column {_shown(name)}.")
            for name in row
            if name not in known
        ]


def _pointer_part(name: str) -> str:
    """Escape a name for a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


# -- Guarding the model ---------------------------------------------------------------

#: Operators of the graphs that training writes or wrote. None of them runs a subgraph or reads a
#: file; anything else is refused before onnxruntime sees it.
ALLOWED_OPERATORS = frozenset(
    {
        ("ai.onnx.ml", "TreeEnsembleRegressor"),
        *(
            ("", name)
            for name in (
                "Add", "Cast", "Concat", "Constant", "Div", "Equal", "Gather", "Gemm",
                "Identity", "IsNaN", "Log", "MatMul", "Max", "Mul", "Reshape", "Sigmoid",
                "Softmax", "Sub", "Where",
            )
        ),
    }
)  # fmt: skip

# Field numbers of onnx.proto.
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_TRAINING, _MODEL_FUNCTIONS = 7, 8, 20, 25
_GRAPH_NODE, _GRAPH_TENSOR, _GRAPH_SPARSE = 1, 5, 15
_NODE_ATTRIBUTE, _NODE_OPERATOR, _NODE_DOMAIN = 5, 4, 7
_ATTRIBUTE_TENSOR = 5
_ATTRIBUTE_PLAIN = frozenset({1, 2, 3, 4, 7, 8, 9, 13, 20})  # names, numbers and texts
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14
_OPSET_DOMAIN = 1

#: A run of an attribute's floats, ints and short texts (field 7, 8 and 9). A forest has
#: millions of them; the regular expression skips them in C.
_PLAIN_RUN = (
    rb"(?:\x3d[\s\S]{4}|\x40[\x80-\xff]{0,9}[\x00-\x7f]"
    rb"|\x4a(?:\x0a[\s\S]{10}|\x09[\s\S]{9}|\x04[\s\S]{4}))++"
)


def check_onnx(model: bytes) -> None:
    """Refuse a model that does more than arithmetic on its input.

    Reads the protobuf's structure without the ``onnx`` package. Only operators of
    :data:`ALLOWED_OPERATORS` pass: no control flow, no subgraphs, no functions, no foreign
    domains, no data in other files (CVE-2024-27318, CVE-2025-51480 and their like).

    Raises
    ------
    BundleError
        If there is anything of that kind, or the bytes are no ONNX model.
    """
    try:
        n_graphs = 0
        for number, value in _messages(model, 0, len(model)):
            if number == _MODEL_GRAPH:
                n_graphs += 1
                _check_graph(model, *_span(value))
            elif number == _MODEL_OPSET:
                for inner, domain in _messages(model, *_span(value)):
                    if inner == _OPSET_DOMAIN and _text(model, domain) not in {"", "ai.onnx.ml"}:
                        raise BundleError(f"The model uses operators of {_text(model, domain)!r}.")
            elif number in {_MODEL_TRAINING, _MODEL_FUNCTIONS}:
                raise BundleError("The model defines functions of its own.")
    except (IndexError, UnicodeDecodeError) as error:
        raise BundleError("The model's bytes are no ONNX model.") from error
    if n_graphs != 1:
        raise BundleError("The model's bytes are no ONNX model.")


def _check_graph(model: bytes, start: int, end: int) -> None:
    for number, value in _messages(model, start, end):
        if number == _GRAPH_NODE:
            _check_node(model, *_span(value))
        elif number == _GRAPH_TENSOR:
            _check_tensor(model, *_span(value))
        elif number == _GRAPH_SPARSE:
            raise BundleError("The model holds sparse tensors.")


def _check_node(model: bytes, start: int, end: int) -> None:
    operator = domain = ""
    for number, value in _messages(model, start, end):
        if number == _NODE_OPERATOR:
            operator = _text(model, value)
        elif number == _NODE_DOMAIN:
            domain = _text(model, value)
        elif number == _NODE_ATTRIBUTE:
            _check_attribute(model, *_span(value))
    if (domain, operator) not in ALLOWED_OPERATORS:
        raise BundleError(f"The model uses the operator {f'{domain} {operator}'.strip()!r}.")


def _check_attribute(model: bytes, start: int, end: int) -> None:
    for number, value in _messages(model, start, end, skip=re.compile(_PLAIN_RUN)):
        if number == _ATTRIBUTE_TENSOR:
            _check_tensor(model, *_span(value))
        elif number not in _ATTRIBUTE_PLAIN:
            raise BundleError("The model holds an attribute that is no number, text or tensor.")


def _check_tensor(model: bytes, start: int, end: int) -> None:
    for number, value in _messages(model, start, end):
        if number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and value != 0):
            raise BundleError("The model keeps data in another file.")


def _messages(
    data: bytes, start: int, end: int, skip: re.Pattern[bytes] | None = None
) -> Iterator[tuple[int, int | tuple[int, int]]]:
    """Walk the fields of one protobuf message: number, and varint or span of bytes.

    Raises ``IndexError`` where the message is cut short or not of these wire types.
    """
    while start < end:
        if skip is not None and (run := skip.match(data, start, end)):
            start = run.end()
            continue
        tag, start = _varint(data, start)
        wire = tag & 7
        if wire == 0:
            number, start = _varint(data, start)
            yield tag >> 3, number
            continue
        if wire == 2:
            size, start = _varint(data, start)
        elif wire in {1, 5}:
            size = 8 if wire == 1 else 4
        else:
            raise IndexError(wire)
        if start + size > end:
            raise IndexError(start)
        yield tag >> 3, (start, start + size)
        start += size
    if start != end:
        raise IndexError(start)


def _varint(data: bytes, start: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[start]
        start += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, start
        shift += 7
        if shift > 63:
            raise IndexError(start)


def _span(value: int | tuple[int, int]) -> tuple[int, int]:
    if isinstance(value, int):
        raise IndexError(value)
    return value


def _text(data: bytes, value: int | tuple[int, int]) -> str:
    start, end = _span(value)
    return data[start:end].decode()


def available_providers() -> list[str]:
    """Name what onnxruntime can compute with here; a model needs CPUExecutionProvider."""
    return list(onnxruntime.get_available_providers())


def open_session(model: bytes, *, n_threads: int = 1) -> onnxruntime.InferenceSession:
    """Load a checked model, by default on one thread: a row is cheaper than waking a second one.

    Raises
    ------
    BundleError
        If the model is refused, here or by onnxruntime.
    """
    check_onnx(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4  # its refusals are raised; nothing goes to stderr
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except _ORT_REFUSALS as error:
        raise BundleError("onnxruntime cannot load the model.") from error


_ORT_REFUSALS = (
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
)


# -- Predictor ------------------------------------------------------------------------


class Predictor:
    """A loaded model bundle. Safe to use from several threads.

    Attributes
    ----------
    manifest : dict
        As in the bundle.
    encoder : Encoder
    """

    def __init__(
        self, manifest: dict[str, Any], encoder: Encoder, session: onnxruntime.InferenceSession
    ) -> None:
        self.manifest = manifest
        self.encoder = encoder
        self._run = session.run
        self._input = session.get_inputs()[0].name
        self._outputs = [session.get_outputs()[0].name]
        self._target: str = manifest["target"]["name"]
        self._classes: list[Any] = manifest["target"].get("classes") or []
        self._half_width, self._edges, self._half_widths = _widths(manifest.get("interval"))
        self._set_threshold = _set_threshold(manifest.get("label_set"))

    @classmethod
    def load(cls, path: str | Path) -> Predictor:
        """Load a bundle from its folder or its zip (which is read, not unpacked).

        Raises
        ------
        BundleError
            If a part is missing or damaged, of another format, or if a probe row is
            answered otherwise than when the model was proven.
        """
        path = Path(path)
        if path.is_dir():
            parts = [
                _read_file(path / name, limit)
                for name, limit in (
                    (MODEL_NAME, MAX_MODEL_BYTES),
                    (MANIFEST_NAME, MAX_MANIFEST_BYTES),
                )
            ]
        else:
            parts = _read_zip(path)
        return cls.from_bytes(*parts)

    @classmethod
    def from_bytes(cls, model: bytes, manifest: bytes) -> Predictor:
        """Load a bundle from the bytes of its two files; checks as in :meth:`load`."""
        facts = read_manifest(manifest)
        if hashlib.sha256(model).hexdigest() != facts["model"]["sha256"]:
            raise BundleError(
                "The model is not the one that the manifest describes (SHA-256 differs)."
            )
        try:
            encoder = Encoder(facts["columns"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BundleError(
                "The manifest describes a column that this version cannot read."
            ) from error
        session = open_session(model)
        _check_shape(session, facts, encoder)
        predictor = cls(facts, encoder, session)
        predictor._replay_probes()
        return predictor

    def predict(
        self, table: Mapping[str, Sequence[Any] | npt.NDArray[Any]], n_rows: int
    ) -> Predictions:
        """Predict columns, reading unreadable cells as missing (see :meth:`Encoder.encode`).

        Raises
        ------
        InputError
            If a column has another length, or a row has no finite answer.
        """
        return self.predict_matrix(self.encoder.encode(table, n_rows))

    def predict_rows(
        self, rows: Sequence[Mapping[str, Any]], *, notes: bool = False
    ) -> tuple[Predictions, list[list[Note]]]:
        """Predict rows as they come from JSON, strictly.

        Parameters
        ----------
        rows : sequence of mapping
            Column names to values; a column that is absent or None is missing.
        notes : bool
            Whether to say, per row, what was missing, unseen, out of range or unknown.

        Returns
        -------
        Predictions
        list of list of Note
            One list a row; empty lists without ``notes``.

        Raises
        ------
        InputError
            For a value that its column cannot hold, a row without any of the model's
            columns, or a row that has no finite answer.
        """
        if not notes:
            return self.predict_matrix(self.encoder.encode_rows(rows)), [[] for _ in rows]
        matrix, told = self.encoder.encode_noted(rows, ignored=[self._target])
        return self.predict_matrix(matrix), told

    def predict_matrix(self, matrix: Matrix) -> Predictions:
        """Predict rows that are already encoded."""
        return self._answer(self.outputs(matrix))

    def outputs(self, matrix: Matrix) -> FloatArray:
        """Answer encoded rows: probabilities, or values as a single column.

        Raises
        ------
        InputError
            If a row has no finite answer.
        """
        if not len(matrix):
            return np.zeros((0, max(1, len(self._classes))), dtype=np.float64)
        found: Matrix = self._run(self._outputs, {self._input: matrix})[0]
        if not math.isfinite(found.sum()) and not np.isfinite(found).all():
            row = int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])
            raise InputError(
                f"Row {row} has no finite answer; a value in it is far outside the training data.",
                f"/{row}",
            )
        output = found.astype(np.float64)
        if self._classes:
            # Sums of float32 shares may miss [0, 1] by a rounding.
            np.minimum(np.maximum(output, 0.0, out=output), 1.0, out=output)
        return output

    def _answer(self, output: FloatArray) -> Predictions:
        if self._classes:
            classes = self._classes
            labels = [classes[index] for index in output.argmax(axis=1).tolist()]
            return Predictions(
                labels=labels,
                probabilities=output,
                classes=classes,
                set_threshold=self._set_threshold,
            )
        values = output[:, 0]
        if self._half_width is None:
            return Predictions(values=values)
        width: float | FloatArray = self._half_width
        if self._edges is not None and self._half_widths is not None:
            # A value on an edge belongs to the bin above it, as where the widths were made.
            width = self._half_widths[self._edges.searchsorted(values, side="right")]
        return Predictions(values=values, lower=values - width, upper=values + width)

    def _replay_probes(self) -> None:
        probes = self.manifest.get("probes") or {"rows": [], "outputs": []}
        if not probes["rows"]:
            return
        try:
            expected = np.array(probes["outputs"], dtype=np.float64)
            answer = self.predict_rows(probes["rows"])[0]
        except (InputError, ValueError, TypeError) as error:
            raise BundleError("The bundle's probe rows cannot be answered.") from error
        found = answer.outputs()
        if found.shape != expected.shape:
            raise BundleError("The bundle's probe rows have another number of outputs.")
        gap = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
        if not gap.max() <= PROBE_TOLERANCE:
            raise BundleError(
                f"The model answers a probe row otherwise than when it was proven"
                f" (by {gap.max():.2g})."
            )


def _widths(
    interval: Mapping[str, Any] | None,
) -> tuple[float | None, FloatArray | None, FloatArray | None]:
    """Read half width, edges of bins and half widths of them; format 1 knows no bins."""
    if interval is None:
        return None, None, None
    try:
        single: float | None = interval["half_width"]
        bins = interval.get("bins")
        if bins is None or single is None:
            return single, None, None
        edges = np.array(bins["edges"], dtype=np.float64)
        widths = np.array(bins["half_widths"], dtype=np.float64)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleError("The manifest's interval cannot be read.") from error
    fits = edges.ndim == widths.ndim == 1 and widths.size == edges.size + 1
    if not (fits and (np.diff(edges) > 0).all() and (widths >= 0).all()):
        raise BundleError("The bins of the manifest's interval do not fit together.")
    return single, edges, widths


def _set_threshold(label_set: Any) -> float | None:
    """Read from which probability a class belongs to a label set; format 1 knows none."""
    if label_set is None:
        return None
    threshold = label_set.get("threshold") if isinstance(label_set, dict) else label_set
    if threshold is None:
        return None
    if type(threshold) not in (int, float) or not 0 <= threshold <= 1:
        raise BundleError("The manifest's threshold of label sets is no share.")
    return float(threshold)


def read_manifest(data: bytes) -> dict[str, Any]:
    """Parse a manifest and check what prediction relies on.

    Raises
    ------
    BundleError
        If it is no manifest of a format that this version reads.
    """
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BundleError("The bundle's manifest is no JSON.") from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(manifest, dict) or type(found) is not int or found not in READ_FORMATS:
        raise BundleError(
            f"The bundle's format is {_shown(found)}; this version reads {READ_FORMATS[0]} to"
            f" {READ_FORMATS[-1]}."
        )
    wanted: dict[str, type] = {
        "task": str,
        "target": dict,
        "columns": list,
        "features": list,
        "model": dict,
    }
    for name, kind in wanted.items():
        if not isinstance(manifest.get(name), kind):
            raise BundleError(f"The bundle's manifest has no valid {name!r}.")
    classes = manifest["target"].get("classes")
    is_classifier = manifest["task"] in {"binary", "multiclass"}
    if not (is_classifier or manifest["task"] == "regression"):
        raise BundleError(f"The bundle's task is {_shown(manifest['task'])}.")
    if is_classifier and not (isinstance(classes, list) and len(classes) > 1):
        raise BundleError("The bundle's manifest names no classes.")
    if not is_classifier and classes:
        raise BundleError("The bundle's manifest names classes for a regression.")
    if not isinstance(manifest["target"].get("name"), str) or "sha256" not in manifest["model"]:
        raise BundleError("The bundle's manifest names no target or no model.")
    return manifest


def _check_shape(
    session: onnxruntime.InferenceSession, manifest: Mapping[str, Any], encoder: Encoder
) -> None:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    n_outputs = max(1, len(manifest["target"].get("classes") or ()))
    if encoder.feature_names != manifest["features"]:
        raise BundleError("The manifest's features are not those of its columns.")
    fits = (
        len(inputs) == len(outputs) == 1
        and inputs[0].type == outputs[0].type == "tensor(float)"
        and len(inputs[0].shape) == len(outputs[0].shape) == 2
        and inputs[0].shape[1] == len(encoder.feature_names)
        and outputs[0].shape[1] == n_outputs
    )
    if not fits:
        raise BundleError("The model's input or output is not what the manifest says.")


def _read_file(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return _read_limited(stream, path.name, limit)
    except OSError as error:
        raise BundleError(f"The bundle's {path.name} cannot be read.") from error


def _read_zip(path: Path) -> list[bytes]:
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.count("/") <= 1]
            parts = []
            for wanted, limit in (
                (MODEL_NAME, MAX_MODEL_BYTES),
                (MANIFEST_NAME, MAX_MANIFEST_BYTES),
            ):
                found = [name for name in names if name.rsplit("/", 1)[-1] == wanted]
                if len(found) != 1:
                    raise BundleError(f"The zip holds {len(found)} files {wanted!r}, not one.")
                with archive.open(found[0]) as stream:
                    parts.append(_read_limited(stream, wanted, limit))
            return parts
    except (
        OSError,
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as error:
        raise BundleError("This is neither a folder nor a zip of a bundle.") from error


def _read_limited(stream: IO[bytes], name: str, limit: int) -> bytes:
    data = stream.read(limit + 1)
    if len(data) > limit:
        raise BundleError(f"The bundle's {name} is larger than {limit:,} bytes.")
    return data


# -- Scoring files --------------------------------------------------------------------

#: A cell that starts with one of these is run as a formula by spreadsheets (OWASP).
_FORMULA_STARTS = frozenset("=+-@\t\r")
_NUMBER_CELL = r"[+-]?(?:[0-9]+(?:[.,][0-9]*)*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?"


def safe_cell(text: str) -> str:
    """Put a quote before a text that a spreadsheet would run; numbers stay as they are.

    >>> safe_cell("=1+1"), safe_cell("-1.5e3"), safe_cell("-"), safe_cell("a=b")
    ("'=1+1", '-1.5e3', "'-", 'a=b')
    """
    if text[:1] in _FORMULA_STARTS and text and re.fullmatch(_NUMBER_CELL, text) is None:
        return "'" + text
    return text


def label_text(label: object) -> str:
    """Write a class label as it stands in the target's file: ``true``, ``1``, ``Adelie``."""
    return json.dumps(label) if isinstance(label, bool) else str(label)


class ScoreWriter:
    """Write scored rows as CSV: the input's columns, then the answers.

    Parameters
    ----------
    predictor : Predictor
    stream : text stream
        Opened with ``newline=""``.
    header : sequence of str
        The input's column names.
    """

    def __init__(self, predictor: Predictor, stream: TextIO, header: Sequence[str]) -> None:
        import csv

        self._writer = csv.writer(stream, lineterminator="\n")
        classes = predictor.manifest["target"].get("classes") or []
        added = ["prediction", *(f"probability_{label_text(label)}" for label in classes)]
        if predictor.manifest.get("interval") is not None:
            added += ["lower", "upper"]
        self._writer.writerow([safe_cell(name) for name in [*header, *_free_names(added, header)]])

    def write(self, rows: Sequence[Sequence[str]], predictions: Predictions) -> None:
        """Write rows in their order, with their predictions."""
        columns: list[Iterable[str]] = []
        if predictions.labels is not None:
            columns.append(safe_cell(label_text(label)) for label in predictions.labels)
        arrays = [predictions.values, predictions.lower, predictions.upper]
        if predictions.probabilities is not None:
            arrays += list(predictions.probabilities.T)
        # Nine digits tell every float32 apart.
        columns += [
            (f"{value:.9g}" for value in array.tolist()) for array in arrays if array is not None
        ]
        for row, *answers in zip(rows, *columns, strict=True):
            self._writer.writerow([*map(safe_cell, row), *answers])


def _free_names(added: Sequence[str], header: Sequence[str]) -> list[str]:
    """Rename added columns whose name the input has already.

    >>> _free_names(["prediction"], ["a", "prediction"])
    ['prediction_2']
    """
    taken = set(header)
    free = []
    for name in added:
        unique = name
        for number in itertools.count(2):
            if unique not in taken:
                break
            unique = f"{name}_{number}"
        taken.add(unique)
        free.append(unique)
    return free


def score_csv(predictor: Predictor, input: Path, out: Path) -> int:  # noqa: A002 - its plain name
    """Score a CSV file: its columns in their order, then the answers, row by row.

    UTF-8 (with or without BOM), UTF-16 with BOM, else Windows-1252; gzip too. The delimiter
    and the header's line are those with which most of the model's columns are found. Cells
    that cannot be read are missing, as in training. Memory does not grow with the file.

    Parameters
    ----------
    predictor : Predictor
    input : Path
    out : Path
        UTF-8 with commas; appears whole or not at all. After the input's columns:
        ``prediction``, then ``probability_<label>`` for each class in the manifest's order,
        or ``lower`` and ``upper``. Text cells that a spreadsheet would run as a formula get
        a leading quote.

    Returns
    -------
    int
        Rows scored; blank lines are none.

    Raises
    ------
    InputError
        If the file is no CSV, lacks a column of the model, or a line cannot be read.
    """
    import csv

    encoding = _find_encoding(input)
    delimiter, header_record = _find_header(input, encoding, predictor.encoder.column_names)
    # The module's limit is for the whole process; it is only ever raised, to the reader's own.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_CHARACTERS))
    part = out.with_name(out.name + ".part")
    try:
        with (
            _open_text(input, encoding) as source,
            part.open("w", encoding="utf-8", newline="") as sink,
        ):
            n_rows = _score_stream(predictor, source, sink, delimiter, header_record)
        os.replace(part, out)  # noqa: PTH105 - the one spelling that says “replace”
    finally:
        part.unlink(missing_ok=True)
    return n_rows


def _score_stream(
    predictor: Predictor, source: TextIO, sink: TextIO, delimiter: str, header_record: int
) -> int:
    records = _records(source, delimiter)
    header = next(itertools.islice(records, header_record, None))[1]
    positions = predictor.encoder.find_columns(header)
    writer = ScoreWriter(predictor, sink, header)
    n_rows = 0
    while chunk := [
        _fitted(record, len(header), line) for line, record in itertools.islice(records, CHUNK_ROWS)
    ]:
        table = {name: [row[at] for row in chunk] for name, at in positions.items()}
        writer.write(chunk, predictor.predict(table, len(chunk)))
        n_rows += len(chunk)
    return n_rows


def _fitted(record: list[str], width: int, line: int) -> list[str]:
    """Give a record the header's width; short ones are padded, as in training."""
    if len(record) > width:
        if any(record[width:]):
            raise InputError(f"Line {line} has {len(record)} cells, the header {width}.")
        return record[:width]
    return record + [""] * (width - len(record))


def clean_names(names: Sequence[str]) -> list[str]:
    """Name columns as the table reader does (``automl_core.tabular.names``).

    >>> clean_names([" a", "A", "", "a__2"])
    ['a', 'A__3', 'column_3', 'a__2']
    """
    wished = [_clean_name(name) or f"column_{index}" for index, name in enumerate(names, start=1)]
    first_at: dict[str, int] = {}
    for index, name in enumerate(wished):
        first_at.setdefault(name.casefold(), index)
    taken = set(first_at)
    final = []
    for index, name in enumerate(wished):
        unique = name
        if first_at[name.casefold()] != index:
            number = 2
            while (unique := f"{name}__{number}").casefold() in taken:
                number += 1
            taken.add(unique.casefold())
        final.append(unique)
    return final


def _clean_name(name: str) -> str:
    import unicodedata

    visible = "".join(
        " " if unicodedata.category(character) in {"Cc", "Zl", "Zp"} else character
        for character in unicodedata.normalize("NFC", name)
        if unicodedata.category(character) != "Cf"
    )
    return " ".join(visible.split())[:200].strip()


def _open_bytes(path: Path) -> IO[bytes]:
    import gzip

    with path.open("rb") as stream:
        is_gzip = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if is_gzip else path.open("rb")  # type: ignore[return-value] # GzipFile is one


def _open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(_open_bytes(path), encoding=encoding, newline="")


def _find_encoding(path: Path) -> str:
    """Tell the encoding from the mark at the start, else by trying UTF-8 on the whole file."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with _open_bytes(path) as stream:
            data = stream.read(1024**2)
            if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return "utf-16"
            while data:
                decoder.decode(data)
                data = stream.read(1024**2)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    except (OSError, EOFError, zlib.error) as error:
        raise InputError("The file cannot be read, or is a damaged gzip file.") from error
    return "utf-8-sig"


def _find_header(path: Path, encoding: str, wanted: Sequence[str]) -> tuple[str, int]:
    """Find the delimiter, and how many records stand before the header."""
    with _open_text(path, encoding) as stream:
        lines = list(itertools.islice(_lines(stream), HEADER_LINES))
    best = (0, DELIMITERS[0], 0)
    for delimiter in DELIMITERS:
        try:
            for index, (_, record) in enumerate(_records(lines, delimiter)):
                n_found = len(set(clean_names(record)).intersection(wanted))
                if n_found > best[0]:
                    best = (n_found, delimiter, index)
        except InputError:
            continue
    if best[0] == 0:
        names = ", ".join(wanted[:5])
        raise InputError(f"None of the model's columns ({names} …) stands in the file's header.")
    return best[1], best[2]


def _records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Read records with the line each ends at; blank lines are none."""
    import csv

    if isinstance(lines, io.TextIOBase):
        lines = _lines(lines)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        for record in reader:
            if record:
                yield reader.line_num, record
    except csv.Error as error:
        raise InputError(f"Line {reader.line_num} cannot be read: {error}.") from error


def _lines(stream: io.TextIOBase) -> Iterator[str]:
    """Read lines of bounded length."""
    number = 1
    try:
        while line := stream.readline(MAX_LINE_CHARACTERS):
            if len(line) == MAX_LINE_CHARACTERS:
                raise InputError(f"Line {number} has {MAX_LINE_CHARACTERS:,} characters or more.")
            yield line
            number += 1
    except UnicodeDecodeError as error:
        raise InputError(
            f"The text near line {number} is neither UTF-8 nor Windows-1252;"
            " save the file as UTF-8."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise InputError("The file cannot be read, or is a damaged gzip file.") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Score a file from the command line; the exit code is 65 for bad data, 70 for a bad model."""
    import argparse

    parser = argparse.ArgumentParser(
        description="Score the rows of a CSV file with a model bundle."
    )
    parser.add_argument("input", type=Path, help="CSV file, may be gzipped")
    parser.add_argument("--out", type=Path, required=True, help="CSV file to write")
    parser.add_argument(
        "--bundle",
        type=Path,
        default=Path(__file__).resolve().parent,
        help="folder or zip of the bundle (default: where this script lies)",
    )
    given = parser.parse_args(arguments)
    try:
        n_rows = score_csv(Predictor.load(given.bundle), given.input, given.out)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - this is a script
        return 65
    except BundleError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - as above
        return 70
    print(f"{n_rows} rows scored.", file=sys.stderr)  # noqa: T201 - as above
    return 0


if __name__ == "__main__":
    sys.exit(main())
