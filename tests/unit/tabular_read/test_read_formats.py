"""JSON Lines and Excel workbooks: limits, what comes out as CSV, and what is kept private."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import runpy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.errors import TableTooWideError, TableUnreadableError, UploadTooLargeError
from automl_core.tabular import jsonl, workbook
from automl_core.tabular.read import preview_rows, read_text_columns, scan_table
from automl_core.tabular.schema import ReadLimits, ReadOptions
from automl_core.tabular.source import Source

WORKBOOKS = runpy.run_path(str(Path(__file__).parent / "corpus" / "workbooks.py"), run_name="books")
make_workbook = WORKBOOKS["make_workbook"]


def scan(data: bytes, **kwargs):
    return scan_table(lambda: io.BytesIO(data), filename="table", **kwargs)


def expanded(data: bytes) -> str:
    with Source(lambda: io.BytesIO(data), ReadLimits()).expanded() as stream:
        return stream.read().decode()


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=6),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), min_size=2, max_size=8),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_every_record_becomes_a_row_under_its_keys(records, indent, is_list):
    if not records[0]:
        records[0] = {"a": 1}
    if is_list:
        data = json.dumps(records, indent=indent).encode()
    else:
        data = "\n".join(json.dumps(record, indent=indent) for record in records).encode()
    keys = list(dict.fromkeys(key for record in records for key in record))

    rows = list(csv.reader(io.StringIO(expanded(data), newline="")))

    assert rows[0] == [key.replace("\0", "") for key in keys]
    for row, record in zip(rows[1:], records, strict=True):
        for key, cell in zip(keys, row, strict=True):
            value = record.get(key)
            if isinstance(value, str):
                assert cell == value.replace("\0", "")
            elif value is None:
                assert cell == ""
            else:
                assert json.loads(cell) == value


def test_hash_and_size_are_those_of_the_upload():
    data = gzip.compress(b'{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n')

    file = scan(data).schema.file

    assert (file.bytes, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert (file.format, file.compression, file.encoding, file.delimiter) == (
        "jsonl", "gzip", "utf-8", ",",
    )  # fmt: skip
    assert "every key is a column" in file.encoding_reason


def test_columns_of_a_workbook_are_read_again_as_text():
    data = make_workbook({"S": [["a", "b"], [1.5, "x"], [2, None]]})
    schema = scan(data).schema

    columns = read_text_columns(lambda: io.BytesIO(data), schema, ["a", "b"])

    assert (list(columns["a"]), list(columns["b"])) == (["1.5", "2"], ["x", None])
    assert preview_rows(lambda: io.BytesIO(data), schema, n_rows=1) == [["1.5", "x"]]


def test_a_workbook_without_names_may_be_told_so():
    data = make_workbook({"S": [["x", "y"], ["z", "w"]]})

    schema = scan(data, options=ReadOptions(header=False)).schema

    assert (schema.n_rows, [c.name for c in schema.columns]) == (2, ["col_1", "col_2"])


def test_a_workbook_past_the_limit_is_refused():
    with pytest.raises(UploadTooLargeError, match="50 MiB"):
        scan(b"PK\x03\x04" + bytes(workbook.MAX_BYTES))


def test_a_workbook_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data = make_workbook({"S": [["a", "b"], [1, 2]]})

    scan(data)

    assert list(tmp_path.iterdir()) == []


def test_more_keys_than_columns_may_be_are_refused_with_the_line():
    data = b"\n".join(b'{"k%d": 1, "l%d": 2}' % (i, i) for i in range(20))

    with pytest.raises(TableTooWideError, match="up to line 6 have 12 different keys"):
        scan(data, limits=ReadLimits(max_columns=10))


def test_records_that_share_no_keys_are_refused():
    data = b"\n".join(b'{"k%d": 1}' % (i % 1500) for i in range(9000))

    with pytest.raises(TableTooWideError, match="nearly all cells would be empty"):
        scan(data)


def test_a_value_past_the_limit_is_refused_with_its_line_and_key():
    data = b'{"a": 1, "b": "x"}\n{"a": 1, "b": "%s"}\n' % (b"y" * 300)

    with pytest.raises(TableUnreadableError, match="'b' in line 2 is longer than 200"):
        scan(data, limits=ReadLimits(max_cell_bytes=200))


def test_a_record_without_end_is_refused_before_memory_is(monkeypatch):
    monkeypatch.setattr(jsonl, "MAX_RECORD_CHARACTERS", 100_000)
    data = b'[{"a": 1},\n{"a": "' + b"x" * 3_000_000

    with pytest.raises(TableUnreadableError, match="record at line 2 is longer"):
        scan(data)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"a":1}', id="a record"),
        pytest.param(' \n[ {"a b\\"c" : 1', id="a list, cut inside"),
        pytest.param("\ufeff{}", id="an empty record behind a mark"),
    ],
)
def test_json_is_told_by_its_beginning(text):
    assert jsonl.is_json(text.encode())


@pytest.mark.parametrize(
    "text",
    ["{a},b\n1,2", "[1, 2]", '"{""a"": 1}",2', "[{(a)}]", "{'a': 1}", "", '{"a", "b"'],
)
def test_other_text_is_no_json(text):
    assert not jsonl.is_json(text.encode())
