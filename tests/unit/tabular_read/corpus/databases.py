"""What databases dump: MySQL, PostgreSQL, Oracle, SQL Server, BigQuery, SQLite, Hive."""

CASES = [
    {
        "name": "MySQL: SELECT INTO OUTFILE, \\N for NULL",
        "data": b"id\tprice\tname\n1\t1.5\tada\n2\t\\N\tbob\n3\t2.5\tcy\n",
        "columns": {
            "id:integer": [1, 2, 3],
            "price:decimal": [1.5, None, 2.5],
            "name:text": ["ada", "bob", "cy"],
        },
    },
    {
        "name": "MySQL: --batch writes NULL",
        "data": b"id\tborn\n1\t1815-12-10\n2\tNULL\n3\t1906-12-09\n",
        "columns": {"id:integer": [1, 2, 3], "born:date": ["1815-12-10", None, "1906-12-09"]},
    },
    {
        "name": "MySQL: backslashes before quotes",
        "data": b'id,note\n1,"say \\"hi, you\\""\n2,"\\"x\\""\n3,z\n',
        "columns": {"id:integer": [1, 2, 3], "note:text": ['say "hi, you"', '"x"', "z"]},
        "warnings": ["A backslash before a quote"],
    },
    {
        "name": "PostgreSQL: timestamptz with an offset of hours alone",
        "data": b"id,at,ok\n1,2024-01-31 10:00:00+02,t\n2,2024-01-31 10:00:00.5+00,f\n",
        "columns": {
            "id:integer": [1, 2],
            "at:datetime": ["2024-01-31T08:00:00", "2024-01-31T10:00:00.500"],
            "ok:boolean": ["t", "f"],
        },
    },
    {
        "name": "BigQuery: times with UTC behind",
        "data": (
            b"id,at,flag\n1,2024-01-31 10:00:00 UTC,true\n2,2024-01-31 10:00:00.25 UTC,false\n"
        ),
        "columns": {
            "id:integer": [1, 2],
            "at:datetime": ["2024-01-31T10:00:00", "2024-01-31T10:00:00.250"],
            "flag:boolean": ["true", "false"],
        },
    },
    {
        "name": "Oracle: months in capital letters",
        "data": b"ID,HIRED\n1,17-JUN-2003\n2,21-MAY-2007\n3,13-JAN-2001\n",
        "columns": {
            "ID:integer": [1, 2, 3],
            "HIRED:date": ["2003-06-17", "2007-05-21", "2001-01-13"],
        },
    },
    {
        "name": "Oracle: two digits for the year are not guessed",
        "data": b"ID,HIRED\n1,17-JUN-03\n2,21-SEP-07\n3,13-JAN-51\n",
        "columns": {"ID:integer": [1, 2, 3], "HIRED:text": ["17-JUN-03", "21-SEP-07", "13-JAN-51"]},
        "warnings": ["century"],
    },
    {
        "name": "SQL Server: NULL, bits, seven digits of a second",
        "data": (
            b"id,at,bit\n1,2024-01-31 10:00:00.1234567,1\n2,NULL,0\n"
            b"3,2024-02-01 00:00:00.0000000,1\n"
        ),
        "columns": {
            "id:integer": [1, 2, 3],
            "at:datetime": ["2024-01-31T10:00:00.123456", None, "2024-02-01T00:00:00"],
            "bit:integer": [1, 0, 1],
        },
    },
    {
        "name": "SQL Server: am and pm, month first",
        "data": b"id,at\n1,12/31/2023 9:05:00 PM\n2,1/2/2024 12:00:00 AM\n3,2/28/2024 1:15:30 AM\n",
        "columns": {
            "id:integer": [1, 2, 3],
            "at:datetime": ["2023-12-31T21:05:00", "2024-01-02T00:00:00", "2024-02-28T01:15:30"],
        },
    },
    {
        "name": "SQLite: bars",
        "data": b"id|name|x\n1|a, b|1.5\n2|c|2.5\n3|d; e|3.5\n",
        "columns": {
            "id:integer": [1, 2, 3],
            "name:text": ["a, b", "c", "d; e"],
            "x:decimal": [1.5, 2.5, 3.5],
        },
    },
    {
        "name": "JSON inside the cells of a CSV",
        "data": b'id,payload\n1,"{""a"": [1, 2]}"\n2,"{}"\n3,"{""b"": ""x,y""}"\n',
        "columns": {
            "id:integer": [1, 2, 3],
            "payload:text": ['{"a": [1, 2]}', "{}", '{"b": "x,y"}'],
        },
    },
    {
        "name": "a class called NULL among words stays one",
        "data": b"plate,n\nNULL,1\nABC,2\nXYZ,3\n",
        "columns": {"plate:text": ["NULL", "ABC", "XYZ"], "n:integer": [1, 2, 3]},
        "warnings": ["kept as a value"],
    },
    {
        "name": "a column of NULL alone is missing",
        "data": b"a,b\nNULL,1\nNULL,2\n",
        "columns": {"a:text": [None, None], "b:integer": [1, 2]},
    },
    {
        "name": "psql's printed answer is no table",
        "data": b" id | name \n----+------\n  1 | ada\n  2 | bob\n(2 rows)\n",
        "error": "table-unreadable",
        "says": "lines of dashes",
    },
    {
        "name": "mysql's printed answer is no table",
        "data": b"+----+------+\n| id | name |\n+----+------+\n|  1 | ada  |\n+----+------+\n",
        "error": "table-unreadable",
        "says": "lines of dashes",
    },
    {
        "name": "a script of SQL is no table",
        "data": b"-- a comment\nINSERT INTO t VALUES (1, 'a');\nINSERT INTO t VALUES (2, 'b');\n",
        "error": "table-unreadable",
        "says": "SQL",
    },
    {
        "name": "mysqldump is no table",
        "data": b"-- MySQL dump 10.13\n--\n-- Host: localhost\nCREATE TABLE t (a int);\n",
        "error": "table-unreadable",
        "says": "SQL",
    },
    {
        "name": "Hive: a delimiter that is no sign is refused",
        "data": b"a\x01b\n1\x012\n3\x014\n" * 20,
        "error": "table-unreadable",
        "says": "control characters",
    },
]
