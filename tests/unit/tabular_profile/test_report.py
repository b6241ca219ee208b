"""The data report: complete, readable, self-contained, and deaf to markup in a table."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from automl_core.tabular.profile import profile_table
from automl_core.tabular.report import render_eda

N = 60
HOSTILE = (
    '<script>alert("x")</script>',
    "\"><img src=x onerror=alert(1)>'",
    "</title></style><svg onload=alert(2)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(3)",
    "a\u202eb\u2066c\u200bd\x07e\x00f",
    "👩\u200d🔬 épreuve",
    "שלום 12",
    "n" * 10_000,
    " ",
)


def mixed(target=None):
    """Sixty rows with a column of every kind."""
    columns = {
        "number": [round(i * 0.37 - 4, 2) for i in range(N)],
        "count": [i % 7 for i in range(N)],
        "city": ["Bonn", "Kiel", "Bonn", "Ulm"] * 15,
        "agreed": ["yes", "no", "no"] * 20,
        "day": [f"2024-{1 + i // 28:02d}-{1 + i % 28:02d}" for i in range(N)],
        "gappy": [None if i % 3 else i * 1.5 for i in range(N)],
        "note": [f"row {i} has some words, {i * 37 % 11} of them odd" for i in range(N)],
        "user_id": [f"u-{i:05d}" for i in range(N)],
        "same": ["x"] * N,
        "nothing": [None] * N,
    }
    return columns | ({} if target is None else {"y": target})


TABLES = {
    "no target": (mixed(), None),
    "binary": (mixed(["a" if i > 40 or i % 5 == 0 else "b" for i in range(N)]), "y"),
    "multiclass": (mixed([("low", "mid", "high")[i // 20] for i in range(N)]), "y"),
    "regression": (mixed([round(i * 1.7 + i % 4, 1) for i in range(N)]), "y"),
    "refused target": (mixed(), "same"),
    "date as target": (mixed(), "day"),
    "tiny": ({"a": [1], "b": ["x"]}, "b"),
    "ends of numbers": (
        {
            "huge": [(-1) ** i * 1.7e308 / (1 + i) for i in range(N)],
            "small": [i * 5e-324 for i in range(N)],
            "long ago": [f"{1 + i * 160:04d}-01-01" for i in range(N)],
        },
        None,
    ),
    "hostile": (
        {name: [HOSTILE[(i + j) % 10] for j in range(N)] for i, name in enumerate(HOSTILE[:8])}
        | {HOSTILE[8]: [i * 0.37 for i in range(N)], "y": [HOSTILE[0], HOSTILE[1]] * 30},
        "y",
    ),
}
ORDER = """
table findings target power features columns missing pairs duplicates skipped words origin
"""
KNOWN_TAGS = """
html head meta title style body main header nav section article figure details summary h1 h2 h3
p a ul ol li dl dt dd div span strong small code bdi i table caption thead tbody tr th td svg
desc path text circle
"""
KNOWN_ATTRIBUTES = """
lang charset http-equiv content name class id href role open scope tabindex aria-label
aria-labelledby aria-hidden viewbox preserveaspectratio width height d x y cx cy r fill-opacity
"""
SCOPE = {"basis": "all_rows", "rows": 60, "of": 60, "method": "all rows", "seed": None}
NO_PATTERNS = {"pairs": [], "patterns": [], "columns": {"compared": 0, "of": 0}, "scope": SCOPE}
NO_PAIRS = {
    "pairs": [],
    "n_pairs": 0,
    "weakest": 0.3,
    "numeric": {"compared": 100, "of": 900},
    "categorical": {"compared": 0, "of": 200},
    "matrix": {"columns": [], "values": []},
    "scope": SCOPE,
}
WHOLE_PAGES = pytest.mark.parametrize("name", TABLES)


class Page(HTMLParser):
    """Elements of a page with their attributes, their parents and their text."""

    VOID = frozenset({"meta"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], tuple[int, ...]]] = []
        self.texts: list[tuple[tuple[int, ...], str]] = []
        self.open: list[int] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag} {attrs}"
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        if tag not in self.VOID:
            self.open.append(len(self.elements) - 1)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag):
        if not self.open or self.elements[self.open.pop()][0] != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.texts.append((tuple(self.open), data))

    def named(self, *tags):
        return [a for tag, a, _ in self.elements if tag in tags]

    def within(self, tag):
        """Indices of elements with the indices of what they contain."""
        inside = {i: [] for i, (name, _, _) in enumerate(self.elements) if name == tag}
        for j, (_, _, parents) in enumerate(self.elements):
            for i in inside.keys() & parents:
                inside[i].append(j)
        return inside

    def text_of(self, index):
        return "".join(text for parents, text in self.texts if index in parents)


@pytest.fixture(scope="module")
def rendered():
    return {}


@pytest.fixture
def report(table, rendered):
    """Render one of the tables above; each is profiled once."""

    def make(name):
        if name not in rendered:
            columns, target = TABLES[name]
            path, schema = table(columns)
            profile = profile_table(path, schema, target=_final(schema, target), seed=7)
            rendered[name] = (profile, render_eda(profile))
        return rendered[name]

    return make


@pytest.fixture
def page(report, rendered):
    """Parse one of the pages; each is parsed once."""

    def make(name):
        _, text = report(name)
        if (name, "page") not in rendered:
            rendered[name, "page"] = Page(text)
        return rendered[name, "page"]

    return make


def _final(schema, name):
    return None if name is None else schema.column(name).name


# -- Nothing in a table is ever more than text ----------------------------------------


@WHOLE_PAGES
def test_only_the_elements_and_attributes_of_the_report_are_there(page, name):
    found = page(name)

    tags = {tag for tag, _, _ in found.elements}
    attributes = {key for _, a, _ in found.elements for key in a}

    assert tags <= set(KNOWN_TAGS.split())
    assert attributes <= set(KNOWN_ATTRIBUTES.split())


@WHOLE_PAGES
def test_every_link_leads_to_a_place_within_the_page(page, name):
    found = page(name)
    ids = [a["id"] for _, a, _ in found.elements if "id" in a]

    assert [i for i, n in Counter(ids).items() if n > 1] == []
    assert {a["href"] for a in found.named("a")} <= {f"#{i}" for i in ids}
    assert {a["aria-labelledby"] for a in found.named("section")} <= set(ids)


def test_markup_and_templates_in_names_and_cells_stay_text(report):
    _, text = report("hostile")

    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in text
    assert "{{ 7 * 7 }}" in text
    assert "49{%" not in text


def test_control_and_direction_characters_are_left_out(report):
    _, text = report("hostile")

    assert re.findall("[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069]", text) == []
    assert "<bdi>abcdef</bdi>" in text
    assert "👩\u200d🔬 épreuve" in text


def test_a_name_of_ten_thousand_characters_is_cut(report):
    _, text = report("hostile")

    assert max(map(len, re.findall("n{41,}", text))) == 200
    assert "n" * 60 + "…" in text


@WHOLE_PAGES
def test_the_policy_allows_this_style_sheet_and_nothing_else(report, name):
    _, text = report(name)
    (style,) = re.findall("<style>(.*?)</style>", text, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    (policy,) = [a["content"] for a in Page(text).named("meta") if "http-equiv" in a]

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style
    assert "@import" not in style


# -- Well-formed and readable for everybody -------------------------------------------


@WHOLE_PAGES
def test_the_page_is_whole_and_well_nested(report, name):
    _, text = report(name)
    found = Page(text)

    assert text.startswith("<!doctype html>")
    assert (found.open, found.wrong) == ([], [])
    assert found.named("html") == [{"lang": "en"}]
    assert len(found.named("main")) == 1


@WHOLE_PAGES
def test_paragraphs_and_terms_hold_text_only(page, name):
    found = page(name)
    inline = {"a", "bdi", "i", "code", "span", "strong", "small", "svg", "path", "text"}

    for holder in ("p", "dt", "h1", "h2", "h3", "summary", "a"):
        inside = {found.elements[j][0] for js in found.within(holder).values() for j in js}
        assert inside <= inline, holder


@WHOLE_PAGES
def test_headings_go_down_one_level_at_a_time(page, name):
    levels = [int(tag[1]) for tag, _, _ in page(name).elements if tag in {"h1", "h2", "h3"}]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@WHOLE_PAGES
def test_every_chart_has_a_title_a_description_and_a_table(page, name):
    found = page(name)
    inside = found.within("figure")
    holders = {j: i for i, js in inside.items() for j in js}
    drawings = found.within("svg")

    for i, (tag, attributes, _) in enumerate(found.elements):
        if tag != "svg" or attributes.get("aria-hidden") == "true":
            continue
        assert attributes["role"] == "img"
        children = drawings[i]
        told = {found.elements[j][0]: found.text_of(j) for j in children}
        assert told["title"]
        assert told["desc"].endswith(".")
        figure = inside[holders[i]]
        assert {"details", "summary", "table"} <= {found.elements[j][0] for j in figure}


@WHOLE_PAGES
def test_every_table_is_rectangular_and_its_heads_have_a_scope(page, name):
    found = page(name)

    for table, inside in found.within("table").items():
        tags = [found.elements[j][0] for j in inside]
        rows = [j for j in inside if found.elements[j][0] == "tr"]
        widths = [
            sum(
                found.elements[k][2][-1:] == (j,) for k in inside if found.elements[k][0] in "td th"
            )
            for j in rows
        ]
        assert tags[0] == "caption"
        assert len(set(widths)) == 1, found.text_of(table)
        assert all("scope" in found.elements[j][1] for j in inside if found.elements[j][0] == "th")


@WHOLE_PAGES
def test_what_scrolls_has_a_name_and_takes_the_focus(page, name):
    for attributes in page(name).named("div"):
        if attributes.get("class") in {"frame", "scroll"}:
            assert attributes["role"] == "region"
            assert attributes["tabindex"] == "0"
            assert attributes["aria-label"]


# -- What it says ---------------------------------------------------------------------


def test_the_same_profile_gives_the_same_page_however_long_it_took(report):
    profile, text = report("binary")
    slower = json.loads(json.dumps(profile)) | {"seconds": {"columns": 99.0}}

    assert render_eda(slower) == text


@WHOLE_PAGES
def test_the_parts_come_in_the_order_in_which_they_are_read(page, name):
    found = page(name)
    shown = [a["aria-labelledby"] for a in found.named("section")]

    assert shown == [part for part in ORDER.split() if part in shown]
    assert set(ORDER.split()) - set(shown) <= {"target", "power", "features"}
    assert ("target" in shown) == (TABLES[name][1] is not None)


@WHOLE_PAGES
def test_every_finding_and_its_action_is_told_and_leads_to_its_columns(report, name):
    profile, text = report(name)
    found = Page(text)
    items = [
        i
        for i, (_, a, _) in enumerate(found.elements)
        if re.fullmatch("f[0-9]+", a.get("id") or "")
    ]

    assert len(items) == len(profile["findings"])
    for i, finding in zip(items, profile["findings"], strict=True):
        assert found.elements[i][1]["class"] == finding["severity"]
        links = [a["href"] for _, a, parents in found.elements if i in parents and "href" in a]
        positions = {c["name"]: c["position"] for c in profile["columns"]}
        assert links == [f"#c{positions[column]}" for column in finding["columns"]]


@WHOLE_PAGES
def test_every_column_has_a_card(report, name):
    profile, text = report(name)
    cards = [
        a["id"] for a in Page(text).named("article") if (a["class"] or "").startswith("column")
    ]

    assert cards == [f"c{column['position']}" for column in profile["columns"]]


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        pytest.param(
            {
                "basis": "all_rows",
                "rows": 1_000_000,
                "of": 1_000_000,
                "method": "all rows",
                "seed": None,
            },
            "Computed on all 1,000,000 rows.",
            id="all rows",
        ),
        pytest.param(
            {
                "basis": "sample",
                "rows": 50_000,
                "of": 1_000_000,
                "method": "uniform random sample",
                "seed": 7,
            },
            "On a random sample of 50,000 of 1,000,000 rows (seed 7).",
            id="sample",
        ),
        pytest.param(
            {
                "basis": "sample",
                "rows": 50_000,
                "of": 1_000_000,
                "method": "random sample, stratified: every class has 200 rows of it",
                "seed": 7,
            },
            "On a random sample of 50,000 of 1,000,000 rows, stratified: every class has 200 rows "
            "of it (seed 7).",
            id="stratified sample",
        ),
    ],
)
def test_every_part_says_what_it_was_computed_on(report, scope, words):
    profile, _ = report("binary")
    target = profile["target"] | {"scope": scope}

    text = render_eda(profile | {"target": target})

    assert f'<p class="scope">{words}</p>' in text


def test_an_estimate_says_that_it_is_one(report):
    profile, _ = report("no target")
    first, *others = profile["columns"]
    estimated = first | {"distinct": {"value": 47_800, "exact": False}}

    assert "about 47,800" in render_eda(profile | {"columns": [estimated, *others]})


def test_what_was_not_computed_is_told_with_the_reason(report):
    profile, text = report("no target")
    skipped = [{"block": "associations", "columns": ["number"], "why": "It would take long."}]

    told = render_eda(profile | {"skipped": skipped})

    assert "Nothing was left out." in text
    assert (
        "<strong><bdi>Associations</bdi></strong> of <bdi>number</bdi>: "
        "<bdi>It would take long.</bdi>"
    ) in told


def test_a_refused_target_comes_with_what_speaks_against_it(report):
    profile, text = report("refused target")

    (first, *_) = profile["target"]["blocking"]

    assert "This target cannot be learned as it stands" in text
    assert first["sentence"] in re.sub("&#39;", "'", text)


def test_classes_and_words_are_told_with_their_shares(report):
    _, text = report("binary")

    assert '<th scope="row"><bdi>Bonn</bdi></th>' in text
    assert "<td>50.0\u00a0%</td><td>30</td>" in text


def test_features_are_held_against_numbers_as_means_and_against_classes_as_shares(report):
    assert "Mean of <bdi>y</bdi>" in report("regression")[1]
    assert "Share of rows where <bdi>y</bdi> is" in report("binary")[1]


def test_a_mean_that_no_number_can_hold_is_not_drawn(report):
    profile, _ = report("regression")
    charts = [
        chart | {"bars": [chart["bars"][0] | {"mean": None}, *chart["bars"][1:]]}
        for chart in profile["target"]["charts"]
    ]
    charts[0] = charts[0] | {"bars": [bar | {"mean": None} for bar in charts[0]["bars"]]}

    text = render_eda(profile | {"target": profile["target"] | {"charts": charts}})

    assert Page(text).wrong == []


def test_dates_are_written_as_dates(report):
    _, text = report("no target")

    assert "2024-01-01 to 2024-03-04" in text


@pytest.mark.parametrize(
    ("facts", "told", "not_told"),
    [
        ({"format": "csv", "delimiter": ";"}, ">semicolon<", ">tab<"),
        ({"format": "csv", "delimiter": "\t", "decimal": ","}, ">tab<", ">semicolon<"),
        ({"format": "csv", "header": False}, "none in the file", "in the first row"),
        ({"format": "csv", "escape": "\\"}, "Inside a field a backslash", "Doubled"),
        ({"format": "parquet"}, "Parquet", "Between fields"),
        (
            {"format": "xlsx", "encoding_reason": "the first sheet"},
            "The first sheet",
            "Decimal mark",
        ),
        ({"format": "jsonl", "compression": "gzip"}, "JSON Lines, packed with gzip", "Around"),
    ],
)
def test_every_decision_of_the_reader_is_told(report, facts, told, not_told):
    profile, _ = report("no target")

    text = render_eda(profile | {"file": profile["file"] | facts})
    reading = text[text.index('<dl class="decisions">') : text.index('id="findings"')]

    assert told in reading
    assert not_told not in reading


def test_rows_that_were_set_aside_or_padded_are_told(report):
    profile, _ = report("no target")
    rows = {"read": 65, "kept": 60, "set_aside": 5, "padded": 1}

    text = render_eda(profile | {"rows": rows})

    assert "60 kept of 65 read" in text
    assert "<dt>Set aside</dt><dd>5 rows" in text
    assert "<dt>Padded</dt><dd>1 row<" in text


def test_the_hash_of_the_file_is_given_in_full(report):
    profile, text = report("tiny")

    assert f"<code>{profile['file']['sha256']}</code>" in text


def test_more_findings_than_anybody_reads_are_cut_and_it_says_so(report):
    profile, _ = report("no target")
    many = [profile["findings"][0] | {"columns": ["number"]}] * 240

    text = render_eda(profile | {"findings": many})

    assert text.count('<li id="f') == 100
    assert "The first 100 of 240 findings" in text


# -- Size -----------------------------------------------------------------------------


def test_thirty_columns_stay_below_300_kb(table):
    columns = {
        f"column_{i}": [round((j * (i + 1) * 0.617) % 31.7, 2) for j in range(300)]
        if i % 3
        else [f"level {(j * (i + 2)) % 12} of some length" for j in range(300)]
        for i in range(30)
    }
    path, schema = table(columns)

    text = render_eda(profile_table(path, schema, target="column_1"))

    assert len(text.encode()) < 300_000


def widened(profile, n):
    """The profile of a table of n columns: those of another one, over and over."""
    block = profile["target"]
    columns, scores, charts = [], [], []
    for i in range(n):
        column = profile["columns"][i % len(profile["columns"])]
        name = f"{column['name']} of the long name {i}"
        name = column["name"] if column["name"] == block["column"] and i < 20 else name
        columns.append(column | {"name": name, "original_name": name, "position": i})
        scores += [s | {"name": name} for s in block["scores"] if s["name"] == column["name"]]
        charts += [c | {"name": name} for c in block["charts"] if c["name"] == column["name"]]
    target = block | {"scores": scores, "charts": charts[:200]}
    return profile | {"columns": columns, "target": target, "findings": []}


@pytest.mark.parametrize("name", ["binary", "multiclass", "regression"])
def test_fifteen_hundred_columns_stay_below_2_mb_and_each_is_told(report, name):
    profile = widened(report(name)[0], 1_500)

    text = render_eda(profile | {"missing_patterns": NO_PATTERNS, "associations": NO_PAIRS})

    found = Page(text)
    ids = {a["id"] for _, a, _ in found.elements if "id" in a}
    assert len(text.encode()) < 2_000_000
    assert text.count('<article class="column') == 200
    assert "200 of 1,500 columns have a card" in text
    assert "The other 1,300 columns" in text
    assert {f"c{i}" for i in range(1_500)} <= ids
    assert {a["href"] for a in found.named("a")} <= {f"#{i}" for i in ids}
