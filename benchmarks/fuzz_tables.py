"""Throw made-up and broken tables at the reader, and count what it makes of them.

    python benchmarks/fuzz_tables.py [--seconds 600] [--seed 0] [--keep FOLDER]

Half of the inputs are drawn by hypothesis: columns of many kinds in a drawn dialect, encoding
and packing, with ragged lines, titles and blank lines. The other half are the tests' corpus of
nasty tables with bytes changed, doubled, dropped or swapped. Each input must either be refused
with a sentence, or be read so that

- its rows and the lines set aside are as many as Python's own csv module (or json) finds with
  the dialect that the reader settled on;
- the typed Parquet is the same whether it is written on the way or by the schema afterwards, and
  has as many rows, as many missing cells in every column as the schema says,
  and every text and plain number that the csv module finds;
- no more than ten seconds of processor time pass.

Prints the counts, keeps failing inputs in FOLDER, and exits with 1 if there are any.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import json
import math
import random
import re
import runpy
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from automl_core.errors import AutoMLError
from automl_core.tabular.convert import read_columns, read_table, write_parquet
from automl_core.tabular.read import preview_rows
from automl_core.tabular.schema import ColumnSchema, FileFacts, TableSchema

CORPUS = Path(__file__).parents[1] / "tests" / "unit" / "tabular_read" / "corpus"
MAX_CPU_S = 10
BATCH = 100
MAX_INPUT_BYTES = 200_000
UNKNOWN = "\0"
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]+)?")


class HangError(BaseException):
    """An input took longer than ``MAX_CPU_S``; passes through every ``except Exception``."""


@dataclass
class Tally:
    """What became of the inputs."""

    keep: Path | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    def take(self, data: bytes) -> None:
        """Check one input and remember the result."""
        before = time.process_time()
        outcome, problem = check(data)
        self.slowest_s = max(self.slowest_s, time.process_time() - before)
        self.outcomes[outcome] += 1
        if problem is None:
            return
        name = hashlib.sha256(data).hexdigest()[:12]
        self.problems.append(f"{name} ({len(data):,} bytes): {problem}")
        if self.keep is not None:
            self.keep.mkdir(parents=True, exist_ok=True)
            (self.keep / name).write_bytes(data)


# -- Checking one input ---------------------------------------------------------------


def check(data: bytes) -> tuple[str, str | None]:
    """Read one input; tell what became of it, and what is wrong with that."""
    signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, MAX_CPU_S)
    try:
        return _check(data)
    except HangError:
        return "hang", f"takes more than {MAX_CPU_S} s"
    except Exception:  # noqa: BLE001 - a crash is what is looked for
        return "crash", traceback.format_exc(limit=-4)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise HangError


def _check(data: bytes) -> tuple[str, str | None]:
    with tempfile.TemporaryDirectory() as folder:
        out, again = Path(folder) / "table.parquet", Path(folder) / "again.parquet"
        try:
            scan = read_table(
                lambda: io.BytesIO(data), filename="fuzz", out=out, scratch=Path(folder)
            )
        except AutoMLError as error:
            sentence = str(error)
            is_sentence = len(sentence) > len("No table.") and sentence[-1] in ".…"
            is_settled = "has changed" not in sentence
            kept = is_sentence and is_settled
            return f"refused: {error.code}", None if kept else f"no reason: {sentence!r}"
        schema = scan.schema
        try:
            write_parquet(lambda: io.BytesIO(data), schema, again, scratch=Path(folder))
        except AutoMLError as error:
            return "read", f"scanned, but not written: {error}"
        table = read_columns(out, schema)
        other = read_columns(again, schema)
    if any(list(map(repr, table[name])) != list(map(repr, other[name])) for name in table):
        return "read", "written otherwise while it was scanned than afterwards"
    shown = preview_rows(lambda: io.BytesIO(data), schema, n_rows=schema.n_rows + 10)
    lengths = {len(column) for column in table.values()} | {len(shown)}
    if lengths != {schema.n_rows}:
        return "read", f"{schema.n_rows} rows in the schema, {lengths} in table and preview"
    return "read", _compare(data, schema, table)


def _compare(data: bytes, schema: TableSchema, table: dict[str, Any]) -> str | None:
    """Compare what was read with what the standard library reads."""
    rows, n_set_aside = read_independently(data, schema)
    if rows is None:
        return None
    if (len(rows), n_set_aside) != (schema.n_rows, schema.rows_set_aside):
        return (
            f"{schema.n_rows} rows and {schema.rows_set_aside} set aside, where the csv module "
            f"finds {len(rows)} and {n_set_aside}"
        )
    for column in schema.columns:
        values = table[column.name].tolist()
        found = [None if value is None or value != value else value for value in values]  # noqa: PLR0124 - NaN
        n_missing = found.count(None)
        if n_missing != column.n_missing:
            return f"{column.name!r}: {n_missing} missing, {column.n_missing} in the schema"
        for row, value in zip(rows, found, strict=True):
            cell = row[column.position]
            if cell != UNKNOWN and not _agrees(value, cell, column, schema.file.decimal):
                return f"{column.name!r}: {value!r} where the file says {cell!r}"
    return None


def _agrees(value: Any, cell: str, column: ColumnSchema, decimal: str) -> bool:
    """Whether a value may stand for a cell; judged where that is beyond doubt."""
    stripped = cell.strip()
    if not stripped:
        return value is None
    if column.storage == "text":
        wanted = None if stripped in column.missing_tokens else stripped
        return (None if value is None else value.strip()) == wanted
    is_number = column.storage in {"integer", "decimal"}
    if is_number and decimal == "." and _PLAIN_NUMBER.fullmatch(stripped):
        return value is not None and math.isclose(value, float(stripped), rel_tol=1e-15)
    return True


def read_independently(data: bytes, schema: TableSchema) -> tuple[list[list[str]] | None, int]:
    """Rows by the standard library and the lines that do not fit; None where it has no say."""
    file = schema.file
    unpacked = gzip.decompress(data) if file.compression == "gzip" else data
    if file.format == "jsonl":
        return _read_json(unpacked), 0
    if file.format != "csv":
        return None, 0
    text = unpacked.decode(file.encoding, errors="replace").removeprefix("\ufeff")
    lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text.replace("\0", ""))
    return _read_records(lines[file.skipped_lines :], file, len(schema.columns))


def _read_records(lines: list[str], file: FileFacts, width: int) -> tuple[list[list[str]], int]:
    reader = csv.reader(
        lines,
        delimiter=file.delimiter,
        quotechar=file.quote,
        escapechar=file.escape,
        skipinitialspace=file.skip_initial_space,
        strict=True,
    )
    rows: list[list[str]] = []
    n_set_aside, has_header = 0, not file.has_header
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return rows, n_set_aside
        except csv.Error:
            n_set_aside += 1
            continue
        if not record:
            continue
        if not has_header:
            has_header = True
        elif any(cell.strip() for cell in record[width:]):
            n_set_aside += 1
        else:
            rows.append((record + [""] * width)[:width])


def _read_json(unpacked: bytes) -> list[list[str]] | None:
    try:
        text = unpacked.decode("utf-8-sig")
        listed = text.lstrip(" \t\r\n").startswith("[")
        records = (
            json.loads(text)
            if listed
            else [json.loads(line) for line in text.split("\n") if line.strip(" \t\r\n")]
        )
    except ValueError:
        # Another encoding, or records over many lines: nothing to compare with.
        return None
    keys = list(dict.fromkeys(key for record in records for key in record))
    return [[_as_cell(record.get(key)) for key in keys] for record in records]


def _as_cell(value: object) -> str:
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value).replace("\0", "")
    # Numbers and nested values are spelled as in the file; only their absence is compared.
    return "" if value is None else UNKNOWN


# -- Inputs ---------------------------------------------------------------------------

_CELLS = {
    "integers": st.integers(-(10**6), 10**6).map(str),
    "decimals": st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: f"{x:.3f}"),
    "commas": st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: f"{x:.2f}".replace(".", ",")),
    "grouped": st.integers(-(10**9), 10**9).map(lambda n: f"{n:,}"),
    "blanks": st.integers(0, 10**9).map(lambda n: f"{n:,}".replace(",", "\u202f")),
    "money": st.integers(0, 10**6).map(lambda n: f"${n / 100:,.2f}"),
    "percent": st.integers(-100, 100).map(lambda n: f"{n}%"),
    "behind": st.integers(0, 10**6).map(lambda n: f"{n / 100:.2f}-"),
    "days": st.dates().map(str),
    "german days": st.dates().map(lambda d: d.strftime("%d.%m.%Y")),
    "moments": st.datetimes().map(str),
    "oracle": st.dates().map(lambda d: d.strftime("%d-%b-%Y").upper()),
    "truth": st.sampled_from(["yes", "no", "Yes", "NO"]),
    "codes": st.integers(0, 99_999).map(lambda n: f"{n:05}"),
    "long": st.integers(10**14, 10**20).map(str),
    "classes": st.sampled_from(["None", "NA", "cat", "dog", "?", "-", "null", ".", "\\N"]),
    "words": st.text(st.sampled_from("abc ÄßéЖ日😀'\"\\,;|\t\r\n#=+-.0123456789\u200b\ufeff"),
                     max_size=15),
    "anything": st.text(max_size=8),
}  # fmt: skip
_HOLES = st.sampled_from(["", "", "", " ", "NA", "null", ".", "-", "inf", "twelve"])
_ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "cp1251",
              "shift_jis", "gb18030", "utf-32")  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table as some program may write it."""
    kinds = draw(
        st.lists(
            st.sampled_from(sorted(_CELLS)),
            min_size=draw(st.sampled_from([1, 2, 2, 2])),
            max_size=6,
        )
    )
    n_rows = draw(st.sampled_from([1, 2, 3, 5, 12, 40]))
    cells = [
        draw(st.lists(_CELLS[kind] | _HOLES if draw(st.booleans()) else _CELLS[kind],
                      min_size=n_rows, max_size=n_rows))
        for kind in kinds
    ]  # fmt: skip
    rows = [list(row) for row in zip(*cells, strict=True)]
    if draw(st.integers(0, 4)):
        rows.insert(0, draw(st.lists(st.text(max_size=6) | st.sampled_from(["a", "b", "id"]),
                                     min_size=len(kinds), max_size=len(kinds))))  # fmt: skip
    if draw(st.integers(0, 5)) == 0:
        return _as_json(rows, is_list=draw(st.booleans()))
    text = io.StringIO()
    writer = csv.writer(
        text,
        delimiter=draw(st.sampled_from(",,;\t|")),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        lineterminator=draw(st.sampled_from(["\n", "\n", "\r\n", "\r"])),
    )
    for row in rows:
        if draw(st.integers(0, 40)) == 0:
            row.append("more")
        writer.writerow(row[:-1] if draw(st.integers(0, 40)) == 0 else row)
    written = draw(st.sampled_from(["", "", "", "Report\n", "# made by x\n\n", "sep=;\n", "\n"]))
    data = (written + text.getvalue()).encode(draw(st.sampled_from(_ENCODINGS)), errors="replace")
    return gzip.compress(data) if draw(st.integers(0, 15)) == 0 else data


def _as_json(rows: list[list[str]], *, is_list: bool) -> bytes:
    records = [dict(zip(rows[0], row, strict=False)) for row in rows[1:]]
    if is_list:
        return json.dumps(records, indent=1).encode()
    return "\n".join(map(json.dumps, records)).encode()


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Change a few bytes of a real input."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        at = chance.randrange(len(changed) + 1)
        end = min(len(changed), at + chance.choice([1, 1, 2, 5, 30]))
        piece = bytes(changed[at:end])
        match chance.randrange(5):
            case 0:
                changed[at:end] = b""
            case 1:
                changed[at:at] = piece * chance.choice([1, 1, 2, 50])
            case 2:
                signs = [b",", b";", b"\t", b"|", b'"', b"'", b"\\", b"\n", b"\r", b"\0", b" ",
                         b"\xef\xbb\xbf", b"\xff", b"-", b".", b"1,234", b"{", b"}", b"#",
                         b"NA"]  # fmt: skip
                changed[at:at] = chance.choice(signs)
            case 3:
                changed[at:end] = bytes(chance.randrange(256) for _ in piece)
            case _:
                to = chance.randrange(len(changed) + 1)
                changed[to:to] = piece
    return bytes(changed)


def corpus() -> list[bytes]:
    """The tests' nasty tables, small enough to be read often."""
    cases = [
        bytes(case["data"])
        for path in sorted(CORPUS.glob("*.py"))
        for case in runpy.run_path(str(path), run_name=path.stem)["CASES"]
    ]
    # A workbook starts a process; its container is not what is tested here.
    return [data for data in cases if len(data) <= MAX_INPUT_BYTES and data[:2] != b"PK"]


def drawn(number: int, n_inputs: int) -> Iterator[bytes]:
    """Inputs from hypothesis; the same number gives the same ones."""
    made: list[bytes] = []

    @seed(number)
    @settings(max_examples=n_inputs, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(tables())
    def draw(data: bytes) -> None:
        made.append(data)

    draw()
    yield from made


def fuzz(tally: Tally, *, first_seed: int, seconds: float, batch: int = BATCH) -> None:
    """Check inputs until the time is over; at least one batch of each kind."""
    files = corpus()
    number = first_seed
    end = time.monotonic() + seconds
    while True:
        chance = random.Random(number)  # noqa: S311 - the same inputs again
        inputs = [
            *drawn(number, batch),
            *(mutate(chance.choice(files), chance) for _ in range(batch)),
        ]
        for data in inputs:
            tally.take(data)
            if time.monotonic() > end and number > first_seed:
                return
        number += 1
        if time.monotonic() > end:
            return


def main() -> int:
    """Fuzz for the wished time and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"))
    arguments = parser.parse_args()
    tally = Tally(keep=arguments.keep)
    before = time.monotonic()
    fuzz(tally, first_seed=arguments.seed, seconds=arguments.seconds)
    n_inputs = tally.outcomes.total()
    print(
        f"{n_inputs:,} inputs in {time.monotonic() - before:.0f} s, slowest {tally.slowest_s:.2f} s"
    )
    for outcome, count in tally.outcomes.most_common():
        print(f"  {outcome}: {count:,}")
    for problem in tally.problems:
        print(problem)
    print(f"{len(tally.problems)} problems" + (f", kept in {tally.keep}" if tally.problems else ""))
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
