"""What the command says and where: results on stdout, everything else on stderr.

With ``--json`` stdout carries exactly one JSON document; a script can rely on it.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO

#: A cell of a printed table longer than this is cut; names of columns can be pages long.
MAX_CELL = 60


@dataclass(frozen=True)
class Speech:
    """The two streams of one command.

    ``as_json`` decides what stdout is for: one document for scripts, or words for people.
    """

    as_json: bool
    out: TextIO
    err: TextIO

    def result(self, document: Any, words: str) -> None:
        """Give the command's answer: the document with ``--json``, else the words."""
        text = json_text(document) if self.as_json else words
        print(text, file=self.out, flush=True)

    def say(self, words: str = "") -> None:
        """Tell something that belongs to the answer but is no part of the document."""
        print(words, file=self.err if self.as_json else self.out, flush=True)

    def note(self, words: str) -> None:
        """Tell something beside the answer: a warning, progress, a hint."""
        print(words, file=self.err, flush=True)


def open_speech(as_json: bool) -> Speech:
    """Speak through the process's own streams, whatever they can encode."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    return Speech(as_json=as_json, out=sys.stdout, err=sys.stderr)


def json_text(document: Any) -> str:
    """One JSON document, strict: no NaN, no infinity."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=str)


def printable(value: object) -> str:
    """Text from a table or a server, safe for a terminal.

    Control characters could move the cursor or retitle the window.

    >>> printable("a\\x1b[2Jb")
    'a�[2Jb'
    """
    return "".join("�" if unicodedata.category(c) in ("Cc", "Cf") else c for c in str(value))


def cell(value: object) -> str:
    """A value as it stands in a printed table.

    >>> cell(None), cell(0.123456), cell(True), cell(12)
    ('–', '0.1235', 'yes', '12')
    """
    text = _uncut(value)
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"


def _uncut(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else printable(value)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Aligned columns under a head; numbers to the right.

    >>> print(table(["name", "rows"], [["a", 5], ["bc", 12]]))
    name  rows
    a        5
    bc      12
    """
    cells = [[cell(value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(head), *cells]) for i in range(len(head))]
    is_number = [
        bool(rows)
        and all(isinstance(row[i], int | float) and not isinstance(row[i], bool) for row in rows)
        for i in range(len(head))
    ]
    lines = [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, is_number, strict=True)
        ).rstrip()
        for line in [list(head), *cells]
    ]
    return "\n".join(lines)


def facts(pairs: Sequence[tuple[str, object]]) -> str:
    """One fact a line, its name in front.

    >>> print(facts([("rows", 5), ("target", "y")]))
    rows    5
    target  y
    """
    width = max((len(name) for name, _ in pairs), default=0)
    return "\n".join(f"{name.ljust(width)}  {_uncut(value)}" for name, value in pairs)


def listing(names: Sequence[str], *, at_most: int = 6) -> str:
    """Names in a sentence, the long tail counted.

    >>> listing(["a", "b"]), listing(list("abcdefgh"), at_most=2)
    ('a, b', 'a, b and 6 more')
    """
    shown = ", ".join(printable(name) for name in names[:at_most])
    return shown if len(names) <= at_most else f"{shown} and {len(names) - at_most} more"


def seconds_text(seconds: float) -> str:
    """A duration as people say it.

    >>> seconds_text(8.4), seconds_text(75), seconds_text(3700)
    ('8 s', '1 min 15 s', '1 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def moment_text(moment: str | None) -> str | None:
    """A time stamp of the platform (ISO 8601, UTC) to the second.

    >>> moment_text("2026-03-01T09:05:07.651511Z"), moment_text(None)
    ('2026-03-01 09:05:07', None)
    """
    return None if moment is None else printable(moment)[:19].replace("T", " ")


def bytes_text(size: float) -> str:
    """A size in decimal units.

    >>> bytes_text(512), bytes_text(52_000), bytes_text(3_400_000)
    ('512 B', '52 kB', '3.4 MB')
    """
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def dollars_text(low: float, high: float) -> str:
    """A range of cost; below a cent the digits that matter.

    >>> dollars_text(0.0012, 0.0041), dollars_text(0.02, 0.5), dollars_text(0, 0)
    ('$0.0012 to $0.0041', '$0.02 to $0.50', '$0.00')
    """

    def one(value: float) -> str:
        return f"${value:.4f}" if 0 < value < 0.01 else f"${value:.2f}"

    return one(low) if one(low) == one(high) else f"{one(low)} to {one(high)}"
