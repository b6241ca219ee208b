"""Tables for the benchmarks: made up, realistic, and the same bytes wherever they are made.

``write_mixed`` makes shop orders of 30 columns: identifiers, ISO times, categories from 4 to 1,200
levels, counts, money, measurements, flags, titles, and notes of which a third are quoted because
they hold commas or quotes; gaps in five columns; ``late`` is the target.
``write_wide`` makes many columns of numbers (a tenth of them categories) and a target of classes.
Everything is drawn from numpy's PCG64 with a seed, block by block, and written as UTF-8 with
``\\n``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

BLOCK_ROWS = 5_000
MIXED_TARGET = "late"
WIDE_TARGET = "outcome"
WORDS = [
    "amber", "basalt", "cedar", "delta", "ember", "fjord", "granite", "harbor", "indigo",
    "juniper", "kelp", "lagoon", "meadow", "nectar", "onyx", "prairie", "quartz", "river",
    "summit", "thistle", "umber", "valley", "willow", "yarrow", "zephyr",
]  # fmt: skip

Cells = list[str]
Maker = Callable[[np.random.Generator, int, int], Cells]
"""Cells of a block: generator, rows, number of its first row."""


def _spelled(form: str, values: Any) -> Cells:
    return list(map(form.__mod__, values.tolist()))


def _whole(draw: Callable[[np.random.Generator, int], Any]) -> Maker:
    return lambda rng, n, _: list(map(str, draw(rng, n).astype(np.int64).tolist()))


def _number(form: str, draw: Callable[[np.random.Generator, int], Any]) -> Maker:
    return lambda rng, n, _: _spelled(form, draw(rng, n))


def _choice(levels: Sequence[str], power: float = 0.0) -> Maker:
    """One of the levels; the first ones more often if ``power`` says so (Zipf)."""
    weights = 1.0 / np.arange(1, len(levels) + 1) ** power
    weights /= weights.sum()
    names = np.array(levels, dtype=object)
    return lambda rng, n, _: names[rng.choice(len(levels), n, p=weights)].tolist()


def _gappy(share: float, maker: Maker) -> Maker:
    def make(rng: np.random.Generator, n: int, first: int) -> Cells:
        cells = maker(rng, n, first)
        for row in np.flatnonzero(rng.random(n) < share).tolist():
            cells[row] = ""
        return cells

    return make


def _moments(unit: str) -> Maker:
    """Orders come in as time goes by, some 40 s apart."""

    def make(rng: np.random.Generator, n: int, first: int) -> Cells:
        seconds = 1_700_000_000 + (first + np.arange(n)) * 40 + rng.integers(0, 40, n)
        spelled = seconds.astype("datetime64[s]").astype(f"datetime64[{unit}]")
        return np.datetime_as_string(spelled).tolist()

    return make


def _titles(rng: np.random.Generator, n: int, _: int) -> Cells:
    words = rng.integers(0, len(WORDS), (n, 3)).tolist()
    return [f"{WORDS[a]} {WORDS[b]} {WORDS[c]}" for a, b, c in words]


def _notes(rng: np.random.Generator, n: int, _: int) -> Cells:
    """Mostly empty; a third of the rest needs quotes."""
    cells = [""] * n
    for row in np.flatnonzero(rng.random(n) < 0.3).tolist():
        a, b, style = rng.integers(0, len(WORDS), 3).tolist()
        plain = f"{WORDS[a]} {WORDS[b]}"
        cells[row] = (
            f'"{WORDS[a]}, {WORDS[b]}"' if style % 6 == 0
            else f'"said ""{WORDS[a]}"" twice"' if style % 12 == 1
            else plain
        )  # fmt: skip
    return cells


def _late(rng: np.random.Generator, n: int, _: int) -> Cells:
    return np.where(rng.random(n) < 0.12, "yes", "no").tolist()


#: The columns of a mixed table, in order.
MIXED: dict[str, Maker] = {
    "order_id": lambda _, n, first: [f"O{first + i:09d}" for i in range(n)],
    "order_no": lambda _, n, first: list(map(str, range(first + 1, first + n + 1))),
    "created_at": _moments("s"),
    "day": _moments("D"),
    "customer_id": _whole(lambda rng, n: rng.integers(1, 50_000, n)),
    "country": _choice([f"{a}{b}" for a in "ABCDEF" for b in "TLNK"], 1.0),
    "city": _choice([f"{word}{i}" for word in WORDS[:20] for i in range(20)], 0.7),
    "channel": _choice(["web", "shop", "phone", "partner"], 0.8),
    "plan": _choice(list("ABCDE")),
    "product": _choice([f"P-{i:04d}" for i in range(1200)], 0.9),
    "quantity": _whole(lambda rng, n: 1 + rng.poisson(1.4, n)),
    "price": _number("%.2f", lambda rng, n: rng.lognormal(3.5, 1.0, n)),
    "discount": _choice(["0", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.5"], 1.5),
    "weight_kg": _number("%.3f", lambda rng, n: rng.gamma(2.0, 1.5, n)),
    "distance_km": _whole(lambda rng, n: rng.gamma(1.5, 400.0, n)),
    "age": _gappy(0.05, _whole(lambda rng, n: rng.integers(18, 92, n))),
    "children": _whole(lambda rng, n: rng.poisson(0.9, n)),
    "rating": _gappy(0.2, _choice(["5", "4", "3", "1", "2"], 0.6)),
    "score": _number("%.6f", lambda rng, n: rng.normal(0.0, 1.0, n)),
    "temperature": _gappy(0.03, _number("%.1f", lambda rng, n: rng.normal(11.0, 8.0, n))),
    "latitude": _number("%.5f", lambda rng, n: rng.uniform(36.0, 60.0, n)),
    "longitude": _number("%.5f", lambda rng, n: rng.uniform(-9.0, 30.0, n)),
    "balance": _gappy(0.1, _number("%.2f", lambda rng, n: rng.normal(120.0, 900.0, n))),
    "visits": _whole(lambda rng, n: rng.geometric(0.08, n)),
    "is_member": _choice(["yes", "no"]),
    "returned": _choice(["false", "true"], 3.0),
    "title": _titles,
    "note": _notes,
    "warehouse": _choice([str(100 + 7 * i) for i in range(16)], 0.5),
    MIXED_TARGET: _late,
}


def _wide_columns(n_columns: int) -> dict[str, Maker]:
    columns: dict[str, Maker] = {}
    for i in range(1, n_columns):
        if i % 10 == 0:
            columns[f"group_{i}"] = _choice(WORDS[: 3 + i % 8], 0.5)
        elif i % 3 == 0:
            columns[f"count_{i}"] = _whole(lambda rng, n: rng.poisson(1.0, n))
        else:
            columns[f"signal_{i}"] = _number("%.6f", lambda rng, n: rng.normal(0.0, 1.0, n))
    columns[WIDE_TARGET] = _choice(["healthy", "ill", "unclear"], 0.7)
    return columns


def _write(
    path: Path, columns: dict[str, Maker], *, seed: int, n_rows: int | None, n_bytes: int | None
) -> int:
    """Write rows until there are enough of them or of bytes; tell how many."""
    rng = np.random.Generator(np.random.PCG64(seed))
    written = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(",".join(columns) + "\n")
        while (written < n_rows) if n_rows is not None else (out.tell() < (n_bytes or 0)):
            size = BLOCK_ROWS if n_rows is None else min(BLOCK_ROWS, n_rows - written)
            cells = [make(rng, size, written) for make in columns.values()]
            out.write("\n".join(map(",".join, zip(*cells, strict=True))) + "\n")
            written += size
    return written


def write_mixed(
    path: Path,
    *,
    n_rows: int | None = None,
    n_bytes: int | None = None,
    only: Sequence[str] | None = None,
    seed: int = 4,
) -> int:
    """Write a mixed table of so many rows, or of at least so many bytes (in whole blocks).

    Returns
    -------
    int
        Its rows.
    """
    columns = MIXED if only is None else {name: MIXED[name] for name in only}
    return _write(path, columns, seed=seed, n_rows=n_rows, n_bytes=n_bytes)


def write_wide(path: Path, *, n_rows: int, n_columns: int, seed: int = 4) -> int:
    """Write a wide table, the target last; tell its rows."""
    return _write(path, _wide_columns(n_columns), seed=seed, n_rows=n_rows, n_bytes=None)
