"""Encodings, line ends, quotes, ragged lines: whatever can go wrong between two programs."""

import gzip

_GOOD = "".join(f"{i},x,y\n" for i in range(100))
_JAPANESE = "都市,人口\n" + "東京とおおさかのまち,1\nきょうとしのひと,2\n" * 20
_CHINESE = "城市,人口\n" + "北京是中华人民共和国的首都,1\n上海是中国的经济中心城市,2\n" * 20
_RUSSIAN = "город,число\n" + "Санкт-Петербург и Москва,1\nНижний Новгород,2\n" * 20

CASES = [
    {
        "name": "UTF-16 little endian without a mark",
        "data": "a,b\n1,x\n2,y\n".encode("utf-16-le"),
        "columns": {"a:integer": [1, 2], "b:text": ["x", "y"]},
    },
    {
        "name": "UTF-16 big endian without a mark, words of another alphabet",
        "data": "имя,б\nАнна,1\nПётр,2\n".encode("utf-16-be"),
        "columns": {"имя:text": ["Анна", "Пётр"], "б:integer": [1, 2]},
    },
    {
        "name": "UTF-32 with a mark",
        "data": "a,b\n1,é\n2,y\n".encode("utf-32"),
        "columns": {"a:integer": [1, 2], "b:text": ["é", "y"]},
    },
    {
        "name": "Shift-JIS",
        "data": _JAPANESE.encode("shift_jis"),
        "head": {"都市:text": ["東京とおおさかのまち", "きょうとしのひと"], "人口:integer": [1, 2]},
        "rows": 40,
    },
    {
        "name": "GBK",
        "data": _CHINESE.encode("gbk"),
        "head": {"城市:text": ["北京是中华人民共和国的首都", "上海是中国的经济中心城市"]},
        "rows": 40,
    },
    {
        "name": "Cyrillic of Windows",
        "data": _RUSSIAN.encode("cp1251"),
        "head": {"город:text": ["Санкт-Петербург и Москва", "Нижний Новгород"]},
        "rows": 40,
    },
    {
        "name": "Cyrillic of Windows, named by the user",
        "data": "имя,n\nАнна,1\nПётр,2\n".encode("cp1251"),
        "options": {"encoding": "cp1251"},
        "columns": {"имя:text": ["Анна", "Пётр"], "n:integer": [1, 2]},
    },
    {
        "name": "UTF-8 with one bad byte",
        "data": b"name,n\n" + "Zoë,1\n".encode() * 300 + b"Zo\xeb,2\n",
        "rows": 301,
        "head": {"name:text": ["Zoë"], "n:integer": [1]},
        "warnings": ["1 places are not valid utf-8"],
    },
    {
        "name": "NUL in a cell",
        "data": b"a,b\n1,x\0y\n2,z\n3,w\n" + b"4,v\n" * 200,
        "head": {"a:integer": [1, 2, 3], "b:text": ["xy", "z", "w"]},
        "rows": 203,
        "warnings": ["1 NUL characters"],
    },
    {
        "name": "mixed line ends",
        "data": b"a,b\r\n1,x\n2,y\r3,z\r\n",
        "columns": {"a:integer": [1, 2, 3], "b:text": ["x", "y", "z"]},
    },
    {
        "name": "blank lines everywhere",
        "data": b"\n\na,b\n\n1,x\n\n\n2,y\n\n",
        "columns": {"a:integer": [1, 2], "b:text": ["x", "y"]},
        "warnings": ["2 lines before the table"],
    },
    {
        "name": "no end of the last line",
        "data": b"a,b\n1,x\n2,y",
        "columns": {"a:integer": [1, 2], "b:text": ["x", "y"]},
    },
    {
        "name": "gzip of two members, semicolons",
        "data": gzip.compress(b"a;b\n1;x\n") + gzip.compress(b"2;y\n"),
        "columns": {"a:integer": [1, 2], "b:text": ["x", "y"]},
    },
    {
        "name": "single quotes around cells with delimiters",
        "data": b"'a','b'\n'1','x, y'\n'2','z'\n'3','w'\n",
        "columns": {"a:integer": [1, 2, 3], "b:text": ["x, y", "z", "w"]},
    },
    {
        "name": "apostrophes are no quotes",
        "data": b"name,n\nO'Neill,1\nD'Arcy,2\n'tis,3\n",
        "columns": {"name:text": ["O'Neill", "D'Arcy", "'tis"], "n:integer": [1, 2, 3]},
    },
    {
        "name": "inches in a cell without quotes",
        "data": b'size,n\n19",1\n21",2\n24",3\n',
        "columns": {"size:text": ['19"', '21"', '24"'], "n:integer": [1, 2, 3]},
    },
    {
        "name": "a blank behind each delimiter, quotes after it",
        "data": b'a, b, c\n1, "x, y", 2\n3, "z", 4\n5, "w", 6\n',
        "columns": {
            "a:integer": [1, 3, 5],
            "b:text": ["x, y", "z", "w"],
            "c:integer": [2, 4, 6],
        },
    },
    {
        "name": "short lines are padded, long ones set aside, both told",
        "data": ('a,b,c\n"1\n2",x,y\n3,x\n4,x,y,z\n' + _GOOD).encode(),
        "rows": 102,
        "padded": 1,
        "set_aside": 1,
        "warnings": ["set aside", "read as empty"],
    },
    {
        "name": "a quote that closes inside a cell costs its row alone",
        "data": ('a,b,c\n1,"x"y,z\n' + _GOOD).encode(),
        "rows": 100,
        "set_aside": 1,
    },
    {
        "name": "half of the lines too long",
        "data": b"a,b\n" + b"1,2\n1,2,3\n" * 50,
        "error": "table-unreadable",
        "says": "do not fit a table of 2 columns",
    },
    {
        "name": "a quote that is never closed",
        "data": b'a,b\n1,x\n2,"y\n3,z\n',
        "error": "table-unreadable",
        "says": "line 3 is never closed",
    },
    {
        "name": "a cell past a million characters",
        "data": b"a,b\n1,x\n2," + b"y" * 1_100_000 + b"\n3,z\n",
        "error": "table-unreadable",
        "says": "line 3",
    },
    {
        "name": "words of two columns, no numbers",
        "data": b"color,shape\nred,round\nblue,square\nred,square\n",
        "columns": {
            "color:text": ["red", "blue", "red"],
            "shape:text": ["round", "square", "square"],
        },
    },
    {
        "name": "numbers without a header",
        "data": b"1,2.5,a\n2,3.5,b\n3,4.5,a\n",
        "columns": {
            "col_1:integer": [1, 2, 3],
            "col_2:decimal": [2.5, 3.5, 4.5],
            "col_3:text": ["a", "b", "a"],
        },
        "warnings": ["No header was found"],
    },
    {
        "name": "numbers as names, said by the user",
        "data": b"1,2\n3,4\n5,6\n",
        "options": {"header": True},
        "columns": {"1:integer": [3, 5], "2:integer": [4, 6]},
    },
    {
        "name": "a delimiter that only the user knows",
        "data": b"a^b\n1^x\n2^y\n",
        "options": {"delimiter": "^"},
        "columns": {"a:integer": [1, 2], "b:text": ["x", "y"]},
    },
    {
        "name": "a semicolon file full of commas",
        "data": b"text;n\nwell, this, that;1\none, two;2\nnothing;3\n",
        "columns": {
            "text:text": ["well, this, that", "one, two", "nothing"],
            "n:integer": [1, 2, 3],
        },
    },
    {
        "name": "rows that are all empty stay rows",
        "data": b"a,b\n1,x\n,\n3,z\n",
        "columns": {"a:integer": [1, None, 3], "b:text": ["x", None, "z"]},
    },
    {
        "name": "lone carriage returns inside quotes",
        "data": b'a,b\n1,"x\ry"\n2,z\n',
        "columns": {"a:integer": [1, 2], "b:text": ["x\ry", "z"]},
    },
    {
        "name": "line separators of Unicode end no line",
        "data": "a,b\n1,x\u2028y\n2,z\x85w\n3,\x0bv\n".encode(),
        "columns": {"a:integer": [1, 2, 3], "b:text": ["x\u2028y", "z\x85w", "v"]},
    },
    {
        "name": "digits of other scripts are words",
        "data": "a,b\n١٢,1\n１２,2\n²,3\n".encode(),
        "columns": {"a:text": ["١٢", "１２", "²"], "b:integer": [1, 2, 3]},
    },
    {
        "name": "numbers at the edge of what a float holds",
        "data": b"a,b\n1e308,1\n-1e-320,2\n.5,3\n5.,4\n+7,5\n",
        "columns": {"a:decimal": [1e308, -1e-320, 0.5, 5.0, 7.0], "b:integer": [1, 2, 3, 4, 5]},
    },
    {
        "name": "a huge cell that is nearly a number",
        "data": b"a,b\n" + b"1" * 900_000 + b"x,1\n2,2\n",
        "columns": {"a:text": ["1" * 900_000 + "x", "2"], "b:integer": [1, 2]},
    },
    {
        "name": "dates that no calendar has",
        "data": b"d,n\n2023-02-29,1\n2023-13-01,2\n2023-01-31,3\n",
        "columns": {"d:text": ["2023-02-29", "2023-13-01", "2023-01-31"], "n:integer": [1, 2, 3]},
    },
]
