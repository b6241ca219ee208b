"""JSON Lines and lists of records, from document stores, web services and phones."""

import gzip

CASES = [
    {
        "name": "one record a line, keys in any order, some missing",
        "data": b'{"a": 1, "b": "x"}\n{"b": "y", "c": true}\n\n{"a": 3.50, "c": false}\n',
        "columns": {
            "a:decimal": [1.0, None, 3.5],
            "b:text": ["x", "y", None],
            "c:boolean": [None, "true", "false"],
        },
        "format": "jsonl",
    },
    {
        "name": "numbers keep their digits: an account is no float",
        "data": b'{"id": 12345678901234567890, "n": 1}\n{"id": 12345678901234567891, "n": 2}\n',
        "columns": {
            "id:text": ["12345678901234567890", "12345678901234567891"],
            "n:integer": [1, 2],
        },
    },
    {
        "name": "null, empty text and a class named None",
        "data": b'{"a": null, "b": "None"}\n{"a": "", "b": "cat"}\n{"a": 5, "b": "None"}\n',
        "columns": {"a:integer": [None, None, 5], "b:text": ["None", "cat", "None"]},
    },
    {
        "name": "a list of records over many lines",
        "data": b'[\n  {"a": 1,\n   "b": "x"},\n  {"a": 2, "b": "y"}\n]\n',
        "columns": {"a:integer": [1, 2], "b:text": ["x", "y"]},
        "format": "jsonl",
    },
    {
        "name": "records over many lines, one after another",
        "data": b'{\n  "a": 1,\n  "b": "x"\n}\n{\n  "a": 2,\n  "b": "y"\n}\n',
        "columns": {"a:integer": [1, 2], "b:text": ["x", "y"]},
    },
    {
        "name": "nested values are kept as JSON text and told",
        "data": b'{"a": 1, "t": [1.50, "x"]}\n{"a": 2, "t": {"k": null}}\n',
        "columns": {"a:integer": [1, 2], "t:text": ['[1.50, "x"]', '{"k": null}']},
        "warnings": ["lists or objects (in 't')"],
    },
    {
        "name": "texts with delimiters, quotes and line ends",
        "data": b'{"a": "x, \\"y\\"", "b": "l1\\nl2\\rl3"}\n{"a": "z", "b": "\\u00e9"}\n',
        "columns": {"a:text": ['x, "y"', "z"], "b:text": ["l1\nl2\rl3", "é"]},
    },
    {
        "name": "half of an emoji and NUL are told",
        "data": b'{"a": "\\ud83d", "b": 1}\n{"a": "x\\u0000y", "b": 2}\n',
        "columns": {"a:text": ["\ufffd", "xy"], "b:integer": [1, 2]},
        "warnings": ["2 texts hold NUL or half a character"],
    },
    {
        "name": "NaN and Infinity of Python",
        "data": b'{"a": 1.5, "b": 1}\n{"a": NaN, "b": 2}\n{"a": -Infinity, "b": 3}\n',
        "columns": {"a:decimal": [1.5, None, None], "b:integer": [1, 2, 3]},
        "unreadable": {"a": 1},
    },
    {
        "name": "gzip, with a mark",
        "data": gzip.compress(b'\xef\xbb\xbf{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}'),
        "columns": {"a:integer": [1, 2], "b:text": ["x", "y"]},
    },
    {
        "name": "UTF-16, as a shell of Windows writes it",
        "data": '{"a": 1, "b": "é"}\r\n{"a": 2, "b": "y"}\r\n'.encode("utf-16"),
        "columns": {"a:integer": [1, 2], "b:text": ["é", "y"]},
    },
    {
        "name": "words that would be a header of CSV are data",
        "data": b'{"1": "a", "2": "b"}\n{"1": "c", "2": "d"}\n',
        "columns": {"1:text": ["a", "c"], "2:text": ["b", "d"]},
    },
    {
        "name": "a line that is no JSON",
        "data": b'{"a": 1, "b": 2}\n{"a": 1, b: 2}\n',
        "error": "table-unreadable",
        "says": "Line 2 is no valid JSON",
    },
    {
        "name": "a list that is cut short",
        "data": b'[{"a": 1, "b": 2},\n {"a": 1, "b"',
        "error": "table-unreadable",
        "says": "Line 2 is no valid JSON",
    },
    {
        "name": "a line that is no record",
        "data": b'{"a": 1, "b": 2}\n[1, 2]\n',
        "error": "table-unreadable",
        "says": "Line 2 holds a list",
    },
    {
        "name": "a key twice in one record",
        "data": b'{"a": 1, "b": 2}\n{"a": 1, "a": 2}\n',
        "error": "table-unreadable",
        "says": "'a' twice",
    },
    {
        "name": "records inside an object",
        "data": b'{"count": 2, "results": [{"a": 1}, {"a": 2}]}\n',
        "error": "table-unreadable",
        "says": "'results' in it holds a list",
    },
    {
        "name": "bytes that are no UTF-8",
        "data": b'{"a": 1, "b": "x"}\n{"a": 2, "b": "\xe9"}\n',
        "error": "table-unreadable",
        "says": "Line 2 is not valid utf-8",
    },
    {
        "name": "nested without end",
        "data": b'{"a": ' + b"[" * 100_000 + b"\n",
        "error": "table-unreadable",
        "says": "Line 1",
    },
    {
        "name": "no record at all",
        "data": b"[{}]",
        "error": "table-empty",
    },
]
