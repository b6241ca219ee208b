"""Which wishes a table's reading already follows."""

from __future__ import annotations

from typing import get_args

import pytest

from automl_backend.services.read_options import OPTIONS_OF, agrees, as_read
from automl_core.tabular.schema import FileFacts, ReadOptions, TableFormat, TableSchema


def schema(table_format: TableFormat) -> TableSchema:
    file = FileFacts(
        bytes=1,
        sha256="0" * 64,
        format=table_format,
        encoding="cp1252",
        delimiter=";",
        decimal=",",
        has_header=False,
    )
    return TableSchema(file=file, n_rows=1, columns=[])


@pytest.mark.parametrize("table_format", get_args(TableFormat))
def test_a_table_agrees_with_the_options_it_was_read_with_and_with_none(table_format):
    found = schema(table_format)

    assert set(as_read(found.file).model_dump(exclude_none=True)) == set(OPTIONS_OF[table_format])
    assert agrees(found, as_read(found.file))
    assert agrees(found, ReadOptions())


OTHERS = [{"encoding": "utf-8"}, {"delimiter": ","}, {"decimal": "."}, {"header": True}]


@pytest.mark.parametrize("table_format", get_args(TableFormat))
@pytest.mark.parametrize("other", OTHERS, ids=lambda other: next(iter(other)))
def test_another_wish_matters_only_where_the_format_leaves_room_for_it(table_format, other):
    matters = next(iter(other)) in OPTIONS_OF[table_format]

    assert agrees(schema(table_format), ReadOptions(**other)) is not matters
