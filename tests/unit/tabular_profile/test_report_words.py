"""Words, numbers and colours of the data report."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from automl_core.tabular.report import cell, number
from automl_core.tabular.report.heat import STRONGEST
from automl_core.tabular.report.palette import DARK, LIGHT
from automl_core.tabular.report.sentences import about_duplicates, about_pairs
from automl_core.tabular.report.words import (
    clean,
    correlation,
    exact,
    file_size,
    moment,
    prose,
    score,
    share,
    value_text,
    value_words,
)

# -- Texts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("<b>&\"'", "&lt;b&gt;&amp;&#34;&#39;", id="markup"),
        pytest.param("a\x00b\x1bc\x7f", "abc", id="control characters"),
        pytest.param("a\u202eb\u2067c\ufeff", "abc", id="direction"),
        pytest.param("a\ud800b", "ab", id="half a character"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="joiner that a word needs"),
        pytest.param("👩\u200d🔬", "👩\u200d🔬", id="emoji of several characters"),
        pytest.param("a\r\nb\u2028c", "a  b c", id="line ends"),
        pytest.param(7, "7", id="a number"),
    ],
)
def test_a_cell_is_text_and_nothing_else(text, shown):
    assert cell(text) == f"<bdi>{shown}</bdi>"


def test_a_long_cell_is_cut_at_200_characters():
    assert cell("x" * 5000) == f"<bdi>{'x' * 200}…</bdi>"
    assert clean("\u202e" * 10_000_000) == ""


def test_a_sentence_may_be_longer_than_a_cell():
    assert prose("word " * 100) == f"<bdi>{'word ' * 100}</bdi>"
    assert len(prose("n" * 100_000)) < 1300


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", "<i>empty text</i>"), (" \t", "<i>blanks only</i>"), ("a", "<bdi>a</bdi>")],
)
def test_a_value_without_a_visible_character_is_named(text, shown):
    assert value_text(text) == shown


# -- Sentences ------------------------------------------------------------------------


def duplicates(**others):
    usual = {"rows": 0, "share": 0.0, "without_identifiers": None, "conflicting_rows": None}
    return usual | others


@pytest.mark.parametrize(
    ("block", "told"),
    [
        pytest.param(duplicates(), "No row repeats another in every column.", id="none"),
        pytest.param(
            duplicates(rows=1, share=0.1),
            "1 row (10.0\u00a0%) repeats an earlier row in every column.",
            id="one",
        ),
        pytest.param(
            duplicates(
                without_identifiers={"columns": ["a<b"], "rows": 3, "share": 0.5},
                conflicting_rows=2,
            ),
            "No row repeats another in every column. Without the columns that name rows "
            "(<bdi>a&lt;b</bdi>) 3 rows (50.0\u00a0%) do. 2 rows have the same features as another "
            "row but another target: no model can tell them apart.",
            id="but for their names",
        ),
        pytest.param(
            duplicates(rows=None, share=None),
            'They were not counted; see <a href="#skipped">what was not computed</a>.',
            id="not counted",
        ),
    ],
)
def test_repeated_rows_are_told_in_words(block, told):
    assert about_duplicates(block) == told


def test_nothing_to_compare_is_said_so():
    nothing = {"compared": 0, "of": 0}

    assert (
        about_pairs({"numeric": nothing, "categorical": nothing})
        == "There are no two columns to compare."
    )


# -- Numbers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (2012.0, "2012"),
        (1234567.0, "1,234,567"),
        (-1234.567, "−1235"),
        (0.00012345, "0.0001234"),
        (0.1 + 0.2, "0.3"),
        (1e-9, "1 × 10⁻⁹"),
        (-1.5e20, "−1.5 × 10²⁰"),
        (5e-324, "4.941 × 10⁻³²⁴"),
    ],
)
def test_numbers_are_short(value, text):
    assert number(value) == text


def test_values_of_a_column_are_written_alike():
    column = {"storage": "integer", "stats": {"minimum": -5.0, "maximum": 12_000.0}}

    show = value_words(column)

    assert [show(value) for value in (-5.0, 1500.0, 12_000.0)] == ["−5", "1,500", "12,000"]


def test_values_keep_the_digits_of_the_profile():
    assert exact(1234.56) == "1234.56"
    assert exact(51_234.5) == "51,234.5"


@pytest.mark.parametrize(
    ("seconds", "with_time", "text"),
    [
        (0.0, False, "1970-01-01"),
        (1704067199.0, True, "2023-12-31 23:59"),
        (-62135596800.0, False, "0001-01-01"),
        (None, False, "–"),
        (1e15, False, "1 × 10¹⁵"),
    ],
)
def test_moments_are_written_as_dates(seconds, with_time, text):
    assert moment(seconds, with_time=with_time) == text


def test_shares_never_round_to_all_or_nothing_and_stay_on_one_line():
    assert [share(value) for value in (0.0, 1e-9, 0.125, 0.99999, 1.0)] == [
        "0\u00a0%", "<\u00a00.1\u00a0%", "12.5\u00a0%", ">\u00a099.9\u00a0%", "100\u00a0%",
    ]  # fmt: skip


def test_nothing_is_minus_zero():
    assert (score(-0.0001), correlation(-0.001)) == ("0.000", "0.00")


@pytest.mark.parametrize(
    ("size", "text"), [(1, "1 byte"), (999, "999 bytes"), (43_942, "43.9\u00a0kB")]
)
def test_sizes_have_a_unit(size, text):
    assert file_size(size) == text


# -- Colours --------------------------------------------------------------------------


def luminance(colour):
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first, second):
    """Contrast ratio (WCAG 2.2)."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def over(colour, opacity, ground):
    """A colour of some opacity on a ground."""
    mixed = (
        round(opacity * int(colour[i : i + 2], 16) + (1 - opacity) * int(ground[i : i + 2], 16))
        for i in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)


THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


@THEMES
@pytest.mark.parametrize("text", ["ink", "muted", "accent", "high", "medium"])
@pytest.mark.parametrize("ground", ["ground", "panel", "sunken"])
def test_text_is_readable(theme, text, ground):
    assert contrast(theme[text], theme[ground]) >= 4.5


@THEMES
def test_text_on_a_chip_is_readable(theme):
    assert contrast(theme["ink"], theme["soft"]) >= 4.5


@THEMES
@pytest.mark.parametrize("sign", ["rise", "fall"])
@pytest.mark.parametrize("part", [0.1, 0.5, 1.0])
def test_numbers_on_a_heat_map_are_readable(theme, sign, part):
    field = over(theme[sign], part * STRONGEST, theme["panel"])

    assert contrast(theme["ink"], field) >= 4.5
    assert contrast(theme["ink"], theme["track"]) >= 4.5


@THEMES
def test_marks_of_data_are_seen(theme):
    assert contrast(theme["data"], theme["panel"]) >= 3
    assert contrast(theme["data"], theme["track"]) >= 3
    assert contrast(theme["rise"], theme["panel"]) >= 3
    assert contrast(theme["fall"], theme["panel"]) >= 3
    assert contrast(theme["muted"], theme["panel"]) >= 3


def test_both_themes_have_the_colours_that_the_style_sheet_uses():
    sheets = resources.files("automl_core.tabular.report")
    css = "".join(sheets.joinpath(name).read_text("utf-8") for name in ("house.css", "eda.css"))

    assert set(re.findall(r"var\(--([a-z]+)\)", css)) == set(LIGHT)
    assert set(LIGHT) == set(DARK)
    assert re.findall("#[0-9a-fA-F]{3,8}", css) == []
