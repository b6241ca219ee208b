"""CSV that every reader of CSV reads alike. Imports nothing: small processes use it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Final

SURROGATES: Final = re.compile("[\\ud800-\\udfff]")


def write_csv(rows: Sequence[Sequence[str]]) -> bytes:
    """Write rows as UTF-8 CSV that every reader of CSV reads alike.

    NUL is left out, and half of a surrogate pair becomes U+FFFD: neither can stand in a table.
    """
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n", quoting=quoting).writerows(rows)
        written = text.getvalue().replace("\0", "")
        # A lone CR inside a cell ends a line for many readers, and not every Python quotes it.
        if "\r" not in written:
            break
    try:
        return written.encode()
    except UnicodeEncodeError:
        return SURROGATES.sub("\ufffd", written).encode()
