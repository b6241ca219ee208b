"""Which encoding a text file has: decided on the whole file, with the reason.

Valid (or nearly valid) UTF-8 is never overruled: statistical guessers call a UTF-8 file
with one bad byte cp1250.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from automl_core.errors import TableUnreadableError
from automl_core.tabular.source import Source

SAMPLE_BYTES: Final = 256 * 1024
BLOCK_BYTES: Final = 1024**2
MAX_BAD_SHARE: Final = 0.001
"""Bytes that do not fit the encoding, above which it is not that encoding."""
MAX_NUL_SHARE: Final = 0.001
"""NUL bytes above which a file is binary; below they are stray and left out."""
MAX_CONTROL_SHARE: Final = 0.02
"""Control characters above which a file is binary: random bytes have one in ten."""
_CONTROLS: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
"""Without those that occur in text: blanks, line ends, end of file, escape sequences."""
MIN_WIDE_NUL_SHARE: Final = 0.3
"""Of every second byte: UTF-16 of any alphabet has NULs there for digits and delimiters."""
MAX_CHAOS: Final = 0.1
"""Of charset-normalizer's own measure, 0 to 1."""
MIN_KANA_SHARE: Final = 0.1
CONVERTED: Final = {
    "jsonl": "JSON records; every key is a column",
    "xlsx": "an Excel workbook; the values of its first sheet",
}

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MULTIBYTE: Final = frozenset(
    {"big5", "big5hkscs", "cp932", "cp949", "cp950", "euc_jp", "euc_kr", "gb18030", "gb2312",
     "gbk", "hz", "iso2022_jp", "johab", "shift_jis"}
)  # fmt: skip
_JAPANESE: Final = ("cp932", "euc_jp")
_CYRILLIC: Final = ("cp1251", "koi8-r", "cp866", "iso8859-5")
_FREQUENT: Final = "оеаинтсрвл"
MIN_FREQUENT_SHARE: Final = 0.45
"""Of the letters: two thirds are these ten in Russian, a sixth in any wrong code page."""
MIN_RUN_SHARE: Final = 0.8
"""Of the bytes beyond ASCII, in words of three and more of them."""
_HIGH_RUN = re.compile(rb"[\x80-\xff]{3,}")
_ASCII = bytes(range(128))
_GUESSED = (
    "The encoding is a guess ({}): if letters beyond the English ones look wrong, name the "
    "encoding."
)
_KANA = re.compile("[\u3041-\u30ff]")
_REPLACEMENT_UTF8 = "\ufffd".encode()
_NON_ASCII = bytes(range(128, 256))


@dataclass(frozen=True)
class Survey:
    """What one pass over all bytes found.

    Attributes
    ----------
    n_bytes, sha256
        Of the file as it was uploaded (packed, if it is).
    encoding : str
        Name of a Python codec.
    reason : str
        One sentence.
    warnings : list of str
        About what was lost.
    """

    n_bytes: int
    sha256: str
    encoding: str
    reason: str
    warnings: list[str]


@dataclass
class _Counts:
    n_bytes: int = 0
    n_nul: int = 0
    n_bad: int = 0
    """Bytes, or groups of them, that are not valid UTF-8."""
    n_wide: int = 0
    """Valid UTF-8 characters beyond ASCII."""


def survey(source: Source, head: bytes, wished: str | None) -> Survey:
    """Read every byte once: hash, size and encoding.

    Parameters
    ----------
    source : Source
    head : bytes
        The beginning of the unpacked file.
    wished : str or None
        The user's encoding; taken if the file can be read with it.

    Raises
    ------
    TableUnreadableError
        If the file cannot be read in the wished encoding.
    """
    digest = hashlib.sha256()
    n_raw = 0

    def tap(data: bytes) -> None:
        nonlocal n_raw
        n_raw += len(data)
        digest.update(data)

    if source.is_converted:
        with source.expanded(tap):
            reason = CONVERTED[source.format]
            return Survey(n_raw, digest.hexdigest(), "utf-8", reason, list(source.notes))
    certain = _settle(head, wished)
    encoding = certain[0] if certain is not None else "utf-8"
    counts = _count(source, encoding, tap)
    if certain is not None:
        reason, warnings = certain[1], _bad_bytes_note(counts, encoding)
        if wished is not None and counts.n_bad > MAX_BAD_SHARE * counts.n_bytes:
            raise TableUnreadableError(
                f"{counts.n_bad:,} places of this file are not valid {wished}. Leave the encoding "
                "open, or name the one the file was written in."
            )
    else:
        encoding, reason, warnings = _decide(source, head, counts)
    if counts.n_nul and not encoding.startswith(("utf-16", "utf-32")):
        warnings.append(f"{counts.n_nul:,} NUL characters were left out.")
    return Survey(n_raw, digest.hexdigest(), encoding, reason, warnings)


def guess_from_head(head: bytes, wished: str | None) -> str:
    """An encoding that is good enough to find line ends and delimiters."""
    certain = _settle(head, wished)
    if certain is not None:
        return certain[0]
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _settle(head: bytes, wished: str | None) -> tuple[str, str] | None:
    """Encoding and reason where no counting is needed."""
    if wished is not None:
        try:
            name = codecs.lookup(wished).name
            "1,2".encode(name)
        except (LookupError, UnicodeError) as error:
            raise TableUnreadableError(
                f"There is no text encoding called {wished!r}. Common ones are utf-8, cp1252, "
                "utf-16, shift_jis and gb18030."
            ) from error
        if name in {"utf-16", "utf-32"}:
            marked = next((n for mark, n in _MARKS if head.startswith(mark)), f"{name}-le")
            name = marked if marked.startswith(name) else f"{name}-le"
        return ("utf-8" if name == "utf-8-sig" else name), "given by the user"
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name, "the file begins with its byte order mark"
    sample = head[:SAMPLE_BYTES]
    half = max(1, len(sample) // 2)
    even, odd = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if max(even, odd) >= MIN_WIDE_NUL_SHARE and min(even, odd) <= MAX_NUL_SHARE:
        name = "utf-16-le" if odd > even else "utf-16-be"
        return name, "every second byte is NUL where the text is plain"
    return None


def refuse_binary(head: bytes, wished: str | None) -> None:
    """Refuse a file whose beginning is no text in any encoding.

    Raises
    ------
    TableUnreadableError
        Naming what was found in it.
    """
    certain = _settle(head, wished)
    if certain is not None and certain[0].startswith(("utf-16", "utf-32")):
        return
    n_nul = head.count(0)
    n_control = len(head) - len(head.translate(None, _CONTROLS))
    for count, share, name in (
        (n_nul, MAX_NUL_SHARE, "NUL bytes"),
        (n_control, MAX_CONTROL_SHARE, "control characters"),
    ):
        # More than one: a stray one in a small file is no proof.
        if count > 1 and count > share * len(head):
            raise TableUnreadableError(
                f"This is a binary file ({count:,} {name} in its first {len(head):,} bytes), not a "
                "table. Export the table as CSV (or Parquet) and upload that."
            )


def _count(source: Source, encoding: str, tap: Callable[[bytes], object] | None = None) -> _Counts:
    """Decode the whole file, in blocks, and count what does not fit."""
    counts = _Counts()
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    with source.expanded(tap) as stream:
        while block := stream.read(BLOCK_BYTES):
            counts.n_bytes += len(block)
            counts.n_nul += block.count(0)
            if encoding == "utf-8" and block.isascii() and not decoder.getstate()[0]:
                continue
            text = decoder.decode(block)
            if text.isascii():
                continue
            # U+FFFD may also stand in the file itself, as it does after a bad conversion.
            n_replaced = text.count("\ufffd") - block.count(_REPLACEMENT_UTF8)
            counts.n_bad += max(0, n_replaced)
            counts.n_wide += len(text) - len(block.translate(None, _NON_ASCII)) - n_replaced
        counts.n_bad += len(decoder.decode(b"", True))
    return counts


def _decide(source: Source, head: bytes, counts: _Counts) -> tuple[str, str, list[str]]:
    if counts.n_bad == 0:
        return "utf-8", "every byte of the file is valid UTF-8", []
    share = counts.n_bad / counts.n_bytes
    if share < MAX_BAD_SHARE and counts.n_wide > counts.n_bad:
        return (
            "utf-8",
            f"all but {counts.n_bad:,} places of the file are valid UTF-8",
            _bad_bytes_note(counts, "utf-8"),
        )
    cyrillic = _guess_cyrillic(head[:SAMPLE_BYTES])
    if cyrillic is not None:
        return (
            cyrillic,
            "the bytes are no UTF-8 and have the letters of Cyrillic words in this encoding",
            [_GUESSED.format(cyrillic)],
        )
    guess = _guess_multibyte(head[:SAMPLE_BYTES])
    if guess is not None:
        found = _count(source, guess)
        if found.n_bad <= MAX_BAD_SHARE * found.n_bytes:
            return (
                guess,
                "the bytes are no UTF-8 and make words in this encoding",
                _bad_bytes_note(found, guess),
            )
    return (
        "cp1252",
        "the bytes are no UTF-8; Western European is the usual other one",
        [_GUESSED.format("cp1252")],
    )


def _guess_cyrillic(sample: bytes) -> str | None:
    """A code page of Cyrillic, if most letters are the frequent ones of its languages."""
    letters = b"".join(_HIGH_RUN.findall(sample))
    # Western words have single accents; these are whole words beyond ASCII.
    if len(letters) < MIN_RUN_SHARE * len(sample.translate(None, _ASCII)):
        return None
    shares = []
    for name in _CYRILLIC:
        text = letters.decode(name, errors="replace")
        n_frequent = sum(text.count(letter) for letter in _FREQUENT)
        shares.append((n_frequent / max(1, len(text)), name))
    share, name = max(shares)
    return name if share >= MIN_FREQUENT_SHARE else None


def _guess_multibyte(sample: bytes) -> str | None:
    """A multi-byte code page of East Asia, if the sample makes sense in one."""
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    if best is None or best.encoding not in _MULTIBYTE or best.chaos > MAX_CHAOS:
        return None
    # It takes Japanese for Korean at times; syllable signs settle that.
    for name in _JAPANESE:
        text = sample.decode(name, errors="ignore")
        n_wide = sum(1 for character in text if character > "\x7f")
        if n_wide and len(_KANA.findall(text)) / n_wide >= MIN_KANA_SHARE:
            return name
    return str(best.encoding)


def _bad_bytes_note(counts: _Counts, encoding: str) -> list[str]:
    if counts.n_bad == 0:
        return []
    return [
        f"{counts.n_bad:,} places are not valid {encoding} and were replaced by the sign �; "
        "if letters look wrong, name the encoding."
    ]
