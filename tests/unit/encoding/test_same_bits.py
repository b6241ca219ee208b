"""Training encodes whole typed columns, serving one row of JSON: the same bits, whatever comes."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.bundle.manifest import probe_rows_of
from automl_core.bundle.runtime import Encoder
from automl_core.records import ColumnKind, Storage

from .conftest import learn, make_schema

#: Words that come back, and whatever else people and machines write.
WORDS = st.sampled_from(["door", "Door", "Straße", "STRASSE", "日本", "é", "e\u0301", "😀", "NA"])
ODD = st.text(max_size=8)
TEXTS = st.lists(WORDS | ODD, max_size=6).map(" ".join)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**30), 10**30)
CATEGORIES = st.sampled_from(["Oslo", "oslo", " Oslo", "ß", "ss", "0", "-0.0", "NA", ""]) | ODD

KINDS: dict[str, tuple[Storage, ColumnKind, st.SearchStrategy[Any]]] = {
    "number": ("decimal", "numeric", NUMBERS),
    "whole": ("integer", "numeric", st.integers(-(2**70), 2**70)),
    "category": ("text", "categorical", CATEGORIES),
    "truth": ("boolean", "categorical", st.sampled_from(["Yes", "yes", "no", "NO", "n", " yes"])),
    "code": ("integer", "categorical", st.integers(-3, 3) | st.integers(-(2**70), 2**70)),
    "share": ("decimal", "categorical", st.sampled_from([0.0, -0.0, 0.1, 1e22, 5e-324])),
    "moment": ("datetime", "datetime", st.datetimes()),
    "day": ("date", "datetime", st.dates().map(lambda d: datetime(d.year, d.month, d.day))),  # noqa: DTZ001
    "text": ("text", "text", TEXTS),
}


def typed(values: list[Any], kind: str) -> np.ndarray:
    """A column as ``read_columns`` gives it."""
    storage = KINDS[kind][0]
    if storage in {"integer", "decimal"}:
        return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
    if storage in {"date", "datetime"}:
        return np.array(values, dtype="datetime64[us]")
    return np.array(values, dtype=object)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whole_columns_single_rows_and_many_rows_give_the_same_bits(kind: str, data: Any):
    storage, column_kind, strategy = KINDS[kind]
    some = data.draw(st.lists(st.none() | strategy, min_size=1, max_size=12))
    # Values that come back often enough to be known, and some that do not.
    values = some[: len(some) // 2] * 5 + some
    column = make_schema("x", storage, column_kind, missing_tokens=["NA"])
    table = {"x": typed(values, kind)}
    (spec,) = learn([column], table)
    encoder = Encoder([json.loads(json.dumps(spec))])
    rows = json.loads(json.dumps(probe_rows_of([spec], table, n_rows=len(values))))

    whole = encoder.encode(table, len(values))

    singly = np.concatenate([encoder.encode_rows([row]) for row in rows])
    together = encoder.encode_rows(rows)
    noted = encoder.encode_noted(rows)[0]
    assert whole.dtype == np.float32
    assert whole.tobytes() == singly.tobytes() == together.tobytes() == noted.tobytes()


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=9))
def test_a_text_counts_the_same_whatever_stands_before_and_behind_it(texts: list[str]):
    column = make_schema("x", "text", "text")
    (spec,) = learn([column], {"x": np.array(texts * 5, dtype=object)})
    encoder = Encoder([spec])

    alone = [encoder.encode({"x": [text]}, 1) for text in texts]

    assert np.concatenate(alone).tobytes() == encoder.encode({"x": texts}, len(texts)).tobytes()


def test_rows_of_several_kinds_are_encoded_alike():
    columns = [make_schema(name, storage, kind) for name, (storage, kind, _) in KINDS.items()]
    values: dict[str, list[Any]] = {
        "number": [1e300, None, -2.5], "whole": [2**60, 3, None], "category": ["b", "a", None],
        "truth": ["Yes", None, "no"], "code": [1, 2, None], "share": [None, 0.1, 0.1],
        "moment": [None, datetime(1066, 10, 14, 9), datetime(2020, 2, 29)],  # noqa: DTZ001
        "day": [datetime(1969, 12, 31), None, None],  # noqa: DTZ001
        "text": ["door door", None, "日本 door"],
    }  # fmt: skip
    table = {name: typed(values[name] * 6, name) for name in KINDS}
    specs = learn(columns, table)
    encoder = Encoder(specs)

    rows = probe_rows_of(specs, table, n_rows=18)

    assert encoder.encode(table, 18).tobytes() == encoder.encode_rows(rows).tobytes()
