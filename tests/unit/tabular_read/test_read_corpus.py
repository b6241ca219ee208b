"""Nasty tables as programs really write them: read right, or refused with a sentence."""

from __future__ import annotations

import io
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_core.errors import AutoMLError
from automl_core.tabular.convert import read_columns, write_parquet
from automl_core.tabular.read import preview_rows, scan_table
from automl_core.tabular.schema import ReadOptions

CORPUS = Path(__file__).parent / "corpus"
CASES: list[dict[str, Any]] = [
    case
    for path in sorted(CORPUS.glob("*.py"))
    for case in runpy.run_path(str(path), run_name=path.stem)["CASES"]
]
READ = [case for case in CASES if "error" not in case]
REFUSED = [case for case in CASES if "error" in case]


def name_of(case: dict[str, Any]) -> str:
    return str(case["name"])


def open_case(case: dict[str, Any]):
    return lambda: io.BytesIO(case["data"])


def plain(values: np.ndarray, limit: int | None) -> list[Any]:
    """A column as Python values; what is missing is None."""
    if values.dtype.kind == "f":
        return [None if np.isnan(value) else float(value) for value in values[:limit]]
    if values.dtype.kind == "M":
        return [None if np.isnat(value) else value for value in values[:limit]]
    return list(values[:limit])


def expected(values: list[Any], storage: str) -> list[Any]:
    if storage not in {"date", "datetime"}:
        return values
    return [None if value is None else np.datetime64(value, "us") for value in values]


@pytest.mark.parametrize("case", READ, ids=name_of)
def test_a_table_is_read_as_its_author_meant_it(case, tmp_path):
    options = ReadOptions(**case.get("options", {}))
    scan = scan_table(open_case(case), filename="t", options=options)
    schema = scan.schema
    out = tmp_path / "table.parquet"
    write_parquet(open_case(case), schema, out, scratch=tmp_path)
    table = read_columns(out, schema)

    wanted = case.get("columns") or case.get("head", {})
    limit = None if "columns" in case else max(map(len, wanted.values()), default=0)
    found = {
        f"{column.name}:{column.storage}": plain(table[column.name], limit)
        for column in schema.columns
    }
    told = " ".join([*schema.warnings, *(w for c in schema.columns for w in c.warnings)])
    if "columns" in case:
        assert list(found) == list(wanted)
    assert {name: found.get(name) for name in wanted} == {
        name: expected(values, name.rpartition(":")[2]) for name, values in wanted.items()
    }
    assert schema.n_rows == case.get("rows", max(map(len, wanted.values()), default=0))
    assert (schema.rows_set_aside, schema.rows_padded) == (
        case.get("set_aside", 0),
        case.get("padded", 0),
    )
    assert {c.name: c.n_unreadable for c in schema.columns if c.n_unreadable} == case.get(
        "unreadable", {}
    )
    assert [sentence for sentence in case.get("warnings", ()) if sentence not in told] == []
    assert case.get("format", schema.file.format) == schema.file.format
    assert len(preview_rows(open_case(case), schema, n_rows=10_000)) == schema.n_rows
    # What the schema counts is what the typed table holds.
    assert {c.name: c.n_missing for c in schema.columns} == {
        name: sum(value is None for value in plain(values, None)) for name, values in table.items()
    }


@pytest.mark.parametrize("case", REFUSED, ids=name_of)
def test_what_is_no_table_is_refused_with_a_sentence(case):
    with pytest.raises(AutoMLError) as refusal:
        scan_table(open_case(case), filename="t")

    assert (refusal.value.code, case.get("says", "") in str(refusal.value)) == (
        case["error"], True,
    ), str(refusal.value)  # fmt: skip


def test_the_corpus_is_as_large_as_it_is_said_to_be():
    assert len(CASES) >= 100
    assert len({case["name"] for case in CASES}) == len(CASES)
