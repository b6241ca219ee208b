"""What R, SAS, SPSS, Stata, SAP, instruments, phones and Unix tools write."""

_MANY = "".join(f"{i},{i / 4},ok\n" for i in range(300))

CASES = [
    {
        "name": "R: write.csv with row names and NA",
        "data": b'"","mass","sex"\n"1",3750,"male"\n"2",NA,"female"\n"3",3250,NA\n',
        "columns": {
            "column_1:integer": [1, 2, 3],
            "mass:integer": [3750, None, 3250],
            "sex:text": ["male", "female", "NA"],
        },
        "warnings": ["kept as a value in a text column"],
    },
    {
        "name": "R: write.table with row names and a short header",
        "data": b"mass\tsex\nr1\t3750\tm\nr2\t3800\tf\nr3\t3250\tf\n",
        "columns": {
            "column_1:text": ["r1", "r2", "r3"],
            "mass:integer": [3750, 3800, 3250],
            "sex:text": ["m", "f", "f"],
        },
        "warnings": ["row names"],
    },
    {
        "name": "R: Inf, NaN and scientific notation",
        "data": b"x,y\n1e-05,1\nInf,2\nNaN,3\n-Inf,4\n1e+05,5\n",
        "columns": {"x:decimal": [1e-5, None, None, None, 1e5], "y:integer": [1, 2, 3, 4, 5]},
        "unreadable": {"x": 2},
        "warnings": ["no numbers"],
    },
    {
        "name": "SAS: points and letters for missing, DATE9.",
        "data": b"id,dose,visit\n1,2.5,31DEC2023\n2,.,01MAY2024\n3,.A,15JAN2024\n4,4,.\n",
        "columns": {
            "id:integer": [1, 2, 3, 4],
            "dose:decimal": [2.5, None, None, 4.0],
            "visit:date": ["2023-12-31", "2024-05-01", "2024-01-15", None],
        },
        "warnings": ["read as missing"],
    },
    {
        "name": "SAS: DATETIME20.",
        "data": b"id,at\n1,31DEC2023:23:59:58\n2,01JAN2024:00:00:00\n3,02JAN2024:07:08:09\n",
        "columns": {
            "id:integer": [1, 2, 3],
            "at:datetime": ["2023-12-31T23:59:58", "2024-01-01T00:00:00", "2024-01-02T07:08:09"],
        },
    },
    {
        "name": "SPSS: #NULL! and labels",
        "data": b"sex;income\r\nmale;2500\r\nfemale;#NULL!\r\nmale;3100\r\n",
        "columns": {"sex:text": ["male", "female", "male"], "income:integer": [2500, None, 3100]},
    },
    {
        "name": "Stata: export delimited with a point for missing",
        "data": b"make\tprice\trep78\nAMC\t4099\t3\nBuick\t.\t.\nVW\t5397\t5\n",
        "columns": {
            "make:text": ["AMC", "Buick", "VW"],
            "price:integer": [4099, None, 5397],
            "rep78:integer": [3, None, 5],
        },
    },
    {
        "name": "SAP: minus behind, blanks in front, thousands by points",
        "data": (
            b"Konto;Betrag;Menge\r\n4711;    1.234,50-;   12\r\n4712;      987,25 ;    3-\r\n"
            b"4713;   12.000,00-;    7\r\n"
        ),
        "columns": {
            "Konto:integer": [4711, 4712, 4713],
            "Betrag:decimal": [-1234.5, 987.25, -12000.0],
            "Menge:integer": [12, -3, 7],
        },
        "warnings": ["read as negative"],
    },
    {
        "name": "a class named None survives",
        "data": b"pet,n\nNone,1\ncat,2\nNone,3\ndog,4\n",
        "columns": {"pet:text": ["None", "cat", "None", "dog"], "n:integer": [1, 2, 3, 4]},
        "warnings": ["kept as a value"],
    },
    {
        "name": "None beside the only truth value is the other class",
        "data": b"garage,n\nyes,1\nNone,2\nyes,3\n",
        "columns": {"garage:text": ["yes", "None", "yes"], "n:integer": [1, 2, 3]},
    },
    {
        "name": "question marks and dashes among classes stay classes",
        "data": b"job,strand,n\n?,+,1\nclerk,-,2\ncook,+,3\n",
        "columns": {
            "job:text": ["?", "clerk", "cook"],
            "strand:text": ["+", "-", "+"],
            "n:integer": [1, 2, 3],
        },
    },
    {
        "name": "question marks among numbers are missing",
        "data": b"age,n\n39,1\n?,2\n-,3\n27,4\n",
        "columns": {"age:integer": [39, None, None, 27], "n:integer": [1, 2, 3, 4]},
        "warnings": ["read as missing"],
    },
    {
        "name": "few odd cells among many numbers are missing, counted and told",
        "data": ("n,x,w\n" + _MANY + "300,twelve,ok\n").encode(),
        "rows": 301,
        "unreadable": {"x": 1},
        "warnings": ["'twelve'"],
    },
    {
        "name": "an instrument: remarks, then a preamble of two fields",
        "data": (
            b"# logger 7\n# serial 0815\nStart;2024-01-31\nOperator;Ada\n\n"
            b"time;temp;hum;ok\n2024-01-31 10:00;1,5;40;t\n2024-01-31 10:10;2,5;41;f\n"
            b"2024-01-31 10:20;;42;t\n"
        ),
        "columns": {
            "time:datetime": ["2024-01-31T10:00:00", "2024-01-31T10:10:00", "2024-01-31T10:20:00"],
            "temp:decimal": [1.5, 2.5, None],
            "hum:integer": [40, 41, 42],
            "ok:boolean": ["t", "f", "t"],
        },
        "warnings": ["lines before"],
    },
    {
        "name": "NumPy: savetxt with the header behind a hash",
        "data": b"# x,y\n1.5,2\n2.5,3\n3.5,4\n",
        "columns": {"# x:decimal": [1.5, 2.5, 3.5], "y:integer": [2, 3, 4]},
    },
    {
        "name": "NumPy: savetxt without a header",
        "data": b"1.500000000000000000e+00,2.0e+00\n2.5e+00,3.0e+00\n",
        "columns": {"col_1:decimal": [1.5, 2.5], "col_2:decimal": [2.0, 3.0]},
        "warnings": ["No header was found"],
    },
    {
        "name": "pandas: to_csv with an index, nan and inf",
        "data": b",a,b\n0,1.0,True\n1,nan,False\n2,inf,True\n",
        "columns": {
            "column_1:integer": [0, 1, 2],
            "a:decimal": [1.0, None, None],
            "b:boolean": ["True", "False", "True"],
        },
        "unreadable": {"a": 1},
    },
    {
        "name": "a remark whose quote runs over the next line",
        "data": b'#,"x\n1,2\n3,4\n5,6"\na,b\n1,x\n2,y\n',
        "rows": 6,
    },
    {
        "name": "Julia: missing among numbers",
        "data": b"a,b\n1,x\nmissing,y\n3,z\n",
        "columns": {"a:integer": [1, None, 3], "b:text": ["x", "y", "z"]},
    },
    {
        "name": "names of months, one of them May",
        "data": b'd,n\n"March 5, 2024",1\n"May 6, 2024",2\n"June 17, 2024",3\n',
        "columns": {"d:date": ["2024-03-05", "2024-05-06", "2024-06-17"], "n:integer": [1, 2, 3]},
    },
    {
        "name": "times with zones and without",
        "data": (
            b"at,n\n2024-01-31T10:00:00+02:00,1\n2024-01-31T10:00:00Z,2\n2024-01-31 10:00:00,3\n"
        ),
        "columns": {
            "at:datetime": ["2024-01-31T08:00:00", "2024-01-31T10:00:00", "2024-01-31T10:00:00"],
            "n:integer": [1, 2, 3],
        },
        "warnings": ["taken as UTC"],
    },
    {
        "name": "a log of Python: milliseconds behind a comma",
        "data": b"at;level\n2024-01-31 10:00:00,123;INFO\n2024-01-31 10:00:01,5;WARN\n",
        "columns": {
            "at:datetime": ["2024-01-31T10:00:00.123", "2024-01-31T10:00:01.500"],
            "level:text": ["INFO", "WARN"],
        },
    },
    {
        "name": "ISO weeks, hours and durations stay text",
        "data": b"week,clock,took\n2024-W05,10:30,PT5M\n2024-W06,11:45,PT6M\n2024-W07,00:15,PT7M\n",
        "columns": {
            "week:text": ["2024-W05", "2024-W06", "2024-W07"],
            "clock:text": ["10:30", "11:45", "00:15"],
            "took:text": ["PT5M", "PT6M", "PT7M"],
        },
    },
    {
        "name": "seconds since 1970 stay numbers",
        "data": b"at,n\n1706695200,1\n1706695260,2\n1706695320,3\n",
        "columns": {"at:integer": [1706695200, 1706695260, 1706695320], "n:integer": [1, 2, 3]},
    },
    {
        "name": "hexadecimal, underscores and version numbers stay text",
        "data": b"hex,under,version\n0x1F,1_000,1.2.3\n0x2A,2_000,1.10.0\n0xFF,3_000,2.0.1\n",
        "columns": {
            "hex:text": ["0x1F", "0x2A", "0xFF"],
            "under:text": ["1_000", "2_000", "3_000"],
            "version:text": ["1.2.3", "1.10.0", "2.0.1"],
        },
    },
    {
        "name": "account numbers of more than 15 digits keep every one",
        "data": b"account,n\n12345678901234567890,1\n12345678901234567891,2\n",
        "columns": {
            "account:text": ["12345678901234567890", "12345678901234567891"],
            "n:integer": [1, 2],
        },
        "warnings": ["more than 15 digits"],
    },
    {
        "name": "codes of diseases are no decimals",
        "data": b"icd,n\n001.0,1\n042,2\n250.01,3\n401,4\n",
        "columns": {"icd:text": ["001.0", "042", "250.01", "401"], "n:integer": [1, 2, 3, 4]},
        "warnings": ["leading zeros"],
    },
    {
        "name": "digits in groups may be telephone numbers",
        "data": b"phone,n\n612 345 678,1\n698 765 432,2\n655 111 222,3\n",
        "columns": {
            "phone:text": ["612 345 678", "698 765 432", "655 111 222"],
            "n:integer": [1, 2, 3],
        },
        "warnings": ["telephone"],
    },
    {
        "name": "a phone's export: international numbers and emoji",
        "data": "name,number\nAda 😀,+49 170 1234567\nBob,+41 79 123 45 67\n".encode(),
        "columns": {
            "name:text": ["Ada 😀", "Bob"],
            "number:text": ["+49 170 1234567", "+41 79 123 45 67"],
        },
    },
    {
        "name": "awk and sort: tabs, no header, words only",
        "data": b"alpha\t7\nbeta\t12\nalpha\t9\n",
        "columns": {"col_1:text": ["alpha", "beta", "alpha"], "col_2:integer": [7, 12, 9]},
        "warnings": ["No header was found"],
    },
    {
        "name": "the header again where files were joined",
        "data": ("n,x,w\n" + _MANY + "n,x,w\n" + _MANY).encode(),
        "rows": 601,
        "unreadable": {"n": 1, "x": 1},
        "warnings": ["are no numbers"],
    },
    {
        "name": "the header again among the first rows",
        "data": b"city,n\nOslo,1\ncity,n\nRome,2\nBonn,3\n",
        "columns": {
            "city:text": ["Oslo", "city", "Rome", "Bonn"],
            "n:text": ["1", "n", "2", "3"],
        },
        "warnings": ["The header stands again in 1"],
    },
    {
        "name": "units below the header are told",
        "data": b"len,mass\ncm,kg\n1.5,70\n2.5,80\n3.5,\n",
        "columns": {"len:text": ["cm", "1.5", "2.5", "3.5"], "mass:text": ["kg", "70", "80", None]},
        "warnings": ["seems to hold units"],
    },
    {
        "name": "a total below the table is told",
        "data": b"region,n\nnorth,3\nsouth,4\nTotal,7\n",
        "columns": {"region:text": ["north", "south", "Total"], "n:integer": [3, 4, 7]},
        "warnings": ["The last row begins with 'Total'"],
    },
    {
        "name": "a table of years",
        "data": b"country,2019,2020\nDE,1.5,2.5\nFR,2.5,3.5\n",
        "columns": {
            "country:text": ["DE", "FR"],
            "2019:decimal": [1.5, 2.5],
            "2020:decimal": [2.5, 3.5],
        },
    },
    {
        "name": "names that differ in case or blanks, or are none",
        "data": "value, value ,VALUE__2,,Cafe\u0301,\u200bid\n1,2,3,4,5,6\n7,8,9,1,2,3\n".encode(),
        "columns": {
            "value:integer": [1, 7],
            "value__3:integer": [2, 8],
            "VALUE__2:integer": [3, 9],
            "column_4:integer": [4, 1],
            "Café:integer": [5, 2],
            "id:integer": [6, 3],
        },
        "warnings": ["renamed"],
    },
    {
        "name": "markup and formulas are data",
        "data": b'a,b\n<script>alert(1)</script>,=1+1\n"<img src=x>",@SUM(A1)\n',
        "columns": {
            "a:text": ["<script>alert(1)</script>", "<img src=x>"],
            "b:text": ["=1+1", "@SUM(A1)"],
        },
    },
]
