"""What Excel in three languages, LibreOffice, Google Sheets and Numbers export."""

CASES = [
    {
        "name": "Excel US: CSV UTF-8 with mark, CRLF, thousands, money",
        "data": (
            "\ufeffDate,Region,Revenue,Units\r\n"
            '12/31/2024,North,"$1,234.50","1,200"\r\n'
            '1/15/2025,South,"$987.00",800\r\n'
            '2/3/2025,East,"-$12,000.25","2,345,678"\r\n'
        ).encode(),
        "columns": {
            "Date:date": ["2024-12-31", "2025-01-15", "2025-02-03"],
            "Region:text": ["North", "South", "East"],
            "Revenue:decimal": [1234.5, 987.0, -12000.25],
            "Units:integer": [1200, 800, 2345678],
        },
        "warnings": ["The sign $ was taken off"],
    },
    {
        "name": "Excel US: accounting format with brackets and a dash for nothing",
        "data": (b'Account,Balance\r\nA,"1,500.00"\r\nB,"(2,250.75)"\r\nC,-\r\nD,"(10.00)"\r\n'),
        "columns": {
            "Account:text": ["A", "B", "C", "D"],
            "Balance:decimal": [1500.0, -2250.75, None, -10.0],
        },
        "warnings": ["read as negative", "read as missing"],
    },
    {
        "name": "Excel Germany: semicolons, decimal comma, cp1252",
        "data": (
            "Artikel;Preis;Menge;Datum\r\nÄpfel;1.234,50;12;31.12.2024\r\n"
            "Birnen;0,99;1.200;01.02.2025\r\nKäse;;7;15.03.2025\r\n"
        ).encode("cp1252"),
        "columns": {
            "Artikel:text": ["Äpfel", "Birnen", "Käse"],
            "Preis:decimal": [1234.5, 0.99, None],
            "Menge:integer": [12, 1200, 7],
            "Datum:date": ["2024-12-31", "2025-02-01", "2025-03-15"],
        },
        "warnings": ["cp1252"],
    },
    {
        "name": "Excel Germany: errors, blanks of a pivot table",
        "data": (
            b"Kunde;Wert;Quote\r\nA;1,5;#DIV/0!\r\nB;#NV;0,25\r\nC;(Leer);0,5\r\nD;2,5;#WERT!\r\n"
        ),
        "columns": {
            "Kunde:text": ["A", "B", "C", "D"],
            "Wert:decimal": [1.5, None, None, 2.5],
            "Quote:decimal": [None, 0.25, 0.5, None],
        },
    },
    {
        "name": "Excel France: thousands by a narrow no-break blank, euro behind",
        "data": (
            "Ville;Loyer;Habitants\r\nLyon;1\u202f234,50 €;522\u202f250\r\n"
            "Metz;987,00 €;120\u202f874\r\nSète;12\u202f000,25 €;987\r\n"
        ).encode(),
        "columns": {
            "Ville:text": ["Lyon", "Metz", "Sète"],
            "Loyer:decimal": [1234.5, 987.0, 12000.25],
            "Habitants:integer": [522250, 120874, 987],
        },
        "warnings": ["The sign € was taken off"],
    },
    {
        "name": "Excel Switzerland: thousands by apostrophes",
        "data": (
            "Kanton;Betrag;Anzahl\r\nZürich;1'234'567.50;1’200\r\nUri;987.25;35\r\n"
            "Genf;12'000.00;900\r\n"
        ).encode(),
        "columns": {
            "Kanton:text": ["Zürich", "Uri", "Genf"],
            "Betrag:decimal": [1234567.5, 987.25, 12000.0],
            "Anzahl:integer": [1200, 35, 900],
        },
    },
    {
        "name": "Excel: sep= line, quoted",
        "data": b'"sep=;"\r\na;b\r\n1;x\r\n2;y\r\n',
        "columns": {"a:integer": [1, 2], "b:text": ["x", "y"]},
    },
    {
        "name": "Excel: title as wide as the table, and empty rows below it",
        "data": (
            b"Report of May;;;\r\n;;;\r\nname;n;x;ok\r\nA;1;1,5;yes\r\nB;2;2,5;no\r\nC;3;;yes\r\n"
        ),
        "columns": {
            "name:text": ["A", "B", "C"],
            "n:integer": [1, 2, 3],
            "x:decimal": [1.5, 2.5, None],
            "ok:boolean": ["yes", "no", "yes"],
        },
        "warnings": ["2 lines before the header"],
    },
    {
        "name": "Excel: percent in every cell",
        "data": b"who,rate,gain\na,12%,5.5 %\nb,7%,-1.25 %\nc,100%,0 %\n",
        "columns": {
            "who:text": ["a", "b", "c"],
            "rate:integer": [12, 7, 100],
            "gain:decimal": [5.5, -1.25, 0.0],
        },
        "warnings": ["The sign % was taken off"],
    },
    {
        "name": "percent in some cells only is not guessed",
        "data": b"who,rate\na,12%\nb,0.07\nc,100%\n",
        "columns": {"who:text": ["a", "b", "c"], "rate:text": ["12%", "0.07", "100%"]},
        "warnings": ["do not all carry the same sign"],
    },
    {
        "name": "two currencies are not added up",
        "data": "who,price\na,$5\nb,€5\nc,$7\n".encode(),
        "columns": {"who:text": ["a", "b", "c"], "price:text": ["$5", "€5", "$7"]},
        "warnings": ["do not all carry the same sign"],
    },
    {
        "name": "Excel: serial numbers of days stay numbers",
        "data": b"day,n\n45657,1\n45658,2\n45661,3\n",
        "columns": {"day:integer": [45657, 45658, 45661], "n:integer": [1, 2, 3]},
    },
    {
        "name": "Excel: long numbers that were shortened are told",
        "data": b"card,n\n4.55679E+15,1\n4.91612E+15,2\n5.10511E+15,3\n",
        "columns": {
            "card:decimal": [4.55679e15, 4.91612e15, 5.10511e15],
            "n:integer": [1, 2, 3],
        },
        "warnings": ["a spreadsheet had shortened them"],
    },
    {
        "name": "Excel: genes and zip codes keep their letters and zeros",
        "data": b"gene,zip,n\nMAR1,01067,1\nSEPT2,10115,2\n1-Mar,99999,3\n",
        "columns": {
            "gene:text": ["MAR1", "SEPT2", "1-Mar"],
            "zip:text": ["01067", "10115", "99999"],
            "n:integer": [1, 2, 3],
        },
        "warnings": ["leading zeros"],
    },
    {
        "name": "Excel: Unicode Text is UTF-16 with tabs",
        "data": "Имя\tВес\r\nАнна\t1,5\r\nПётр\t22,25\r\n".encode("utf-16"),
        "columns": {"Имя:text": ["Анна", "Пётр"], "Вес:decimal": [1.5, 22.25]},
    },
    {
        "name": "Excel for Mac: CR alone",
        "data": b"a,b\r1,x\r2,y\r3,z\r",
        "columns": {"a:integer": [1, 2, 3], "b:text": ["x", "y", "z"]},
    },
    {
        "name": "Alt+Enter inside cells, quotes doubled",
        "data": b'id,note\r\n1,"line one\nline two"\r\n2,"say ""hi"", then go"\r\n3,\r\n',
        "columns": {
            "id:integer": [1, 2, 3],
            "note:text": ["line one\nline two", 'say "hi", then go', None],
        },
    },
    {
        "name": "Google Sheets: errors and checkboxes",
        "data": b"item,done,price\na,TRUE,1.5\nb,FALSE,#REF!\nc,TRUE,#N/A\nd,FALSE,2\n",
        "columns": {
            "item:text": ["a", "b", "c", "d"],
            "done:boolean": ["TRUE", "FALSE", "TRUE", "FALSE"],
            "price:decimal": [1.5, None, None, 2.0],
        },
    },
    {
        "name": "Google Sheets: minus sign of typographers",
        "data": "city,t\nOslo,−5\nRome,12\nBonn,−0.5\n".encode(),
        "columns": {"city:text": ["Oslo", "Rome", "Bonn"], "t:decimal": [-5.0, 12.0, -0.5]},
    },
    {
        "name": "LibreOffice: semicolons, all texts quoted",
        "data": b'"name";"n"\n"a;b";1\n"c";2\n',
        "columns": {"name:text": ["a;b", "c"], "n:integer": [1, 2]},
    },
    {
        "name": "trailing delimiter in every line, header too",
        "data": b"a;b;\n1;x;\n2;y;\n3;z;\n",
        "columns": {"a:integer": [1, 2, 3], "b:text": ["x", "y", "z"], "column_3:text": [None] * 3},
    },
    {
        "name": "trailing delimiter in the rows alone",
        "data": b"a,b\n1,x,\n2,y,\n3,z,\n",
        "columns": {"a:integer": [1, 2, 3], "b:text": ["x", "y", "z"]},
        "warnings": ["ends with a delimiter"],
    },
    {
        "name": "thousands by commas with nothing that says so",
        "data": b'name,price\na,"1,234"\nb,"12,500"\nc,"3,999"\n',
        "columns": {"name:text": ["a", "b", "c"], "price:text": ["1,234", "12,500", "3,999"]},
        "warnings": ["name the decimal mark"],
    },
    {
        "name": "thousands by commas beside a column with decimal points",
        "data": b'name,price,x\na,"1,234",1.5\nb,"12,500",2.25\nc,999,3\n',
        "columns": {
            "name:text": ["a", "b", "c"],
            "price:integer": [1234, 12500, 999],
            "x:decimal": [1.5, 2.25, 3.0],
        },
    },
    {
        "name": "thousands by points with nothing that says so",
        "data": b"name;people\na;1.234\nb;12.500\nc;999\n",
        "columns": {"name:text": ["a", "b", "c"], "people:text": ["1.234", "12.500", "999"]},
        "warnings": ["name the decimal mark"],
    },
    {
        "name": "the user names the decimal mark",
        "data": b"name;people\na;1.234\nb;12.500\nc;999\n",
        "options": {"decimal": ","},
        "columns": {"name:text": ["a", "b", "c"], "people:integer": [1234, 12500, 999]},
    },
    {
        "name": "day and month cannot be told apart",
        "data": b"d,n\n1/2/2024,1\n3/4/2024,2\n12/12/2024,3\n",
        "columns": {
            "d:text": ["1/2/2024", "3/4/2024", "12/12/2024"],
            "n:integer": [1, 2, 3],
        },
        "warnings": ["Day and month cannot be told apart"],
    },
    {
        "name": "day and month contradict each other",
        "data": b"d,n\n13/2/2024,1\n3/14/2024,2\n12/12/2024,3\n",
        "columns": {
            "d:text": ["13/2/2024", "3/14/2024", "12/12/2024"],
            "n:integer": [1, 2, 3],
        },
        "warnings": ["stays text"],
    },
    {
        "name": "two digits for the year are not guessed",
        "data": b"d;n\n31.12.24;1\n01.02.25;2\n15.03.25;3\n",
        "columns": {"d:text": ["31.12.24", "01.02.25", "15.03.25"], "n:integer": [1, 2, 3]},
        "warnings": ["two digits for the year"],
    },
    {
        "name": "blank cells around numbers and names",
        "data": b" a , b \n 1 ,  x\n 22 , y \n333,z\n",
        "columns": {"a:integer": [1, 22, 333], "b:text": ["x", "y", "z"]},
    },
]
