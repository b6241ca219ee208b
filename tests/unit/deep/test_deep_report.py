"""What the profiler is given, and what becomes of its page."""

from __future__ import annotations

import re

import pytest

from automl_training.deep import DeepLimits, make_deep_report
from automl_training.deep.page import seal
from automl_training.deep.runner import DeepReportMissing
from automl_training.deep.sample import choose_columns, escaped_names


def names_of(page: str) -> list[str]:
    return re.findall(r"<h2>(.*?)</h2>", page)


def cells_of(page: str) -> list[str]:
    return re.findall(r"<td>(.*?)</td>", page)


def test_a_report_says_by_what_and_on_how_many_rows_it_was_made(fake_python, plain, tmp_path):
    report = make_deep_report(plain(python=fake_python()), tmp_path / "deep")

    assert report.is_made
    assert "by fg-data-profiling 0.1, computed on all 40 rows and all 3 columns." in report.note
    assert names_of(report.page) == ["size", "weight", "class"]
    assert cells_of(report.page)[:3] == ["1", "1.5", "b"]
    assert "<title>Deep report: upload.csv</title>" in report.page
    assert not (tmp_path / "deep").exists()


def test_columns_come_as_what_they_hold(fake_python, sourced, tmp_path):
    rows = "".join(
        f"{i},{'' if i % 9 == 0 else i},{i / 4},2024-01-{i % 28 + 1:02},{'ab'[i % 2]},"
        f"{'true' if i % 3 else 'false'},remark number {i} about this and that row\n"
        for i in range(1, 61)
    )
    source = sourced(f"n,gaps,share,day,class,flag,remark\n{rows}", python=fake_python())

    report = make_deep_report(source, tmp_path / "deep")

    kinds = re.findall(r"<i>(.*?)(?:\[.s\])?</i>", report.page)
    assert kinds[:5] == ["int64", "Int64", "float64", "datetime64", "category"]
    assert kinds[6] == "object"


def test_years_long_past_are_not_lost(fake_python, sourced, tmp_path):
    rows = "".join(f"{i},{1000 + i}-05-01\n" for i in range(1, 31))
    source = sourced(f"n,day\n{rows}", python=fake_python())

    report = make_deep_report(source, tmp_path / "deep")

    assert cells_of(report.page)[1] == "1001-05-01"


def test_markup_in_names_and_cells_never_reaches_the_profiler(fake_python, sourced, tmp_path):
    rows = "".join(f'{i},"<img src=x onerror=alert({i})>"\n' for i in range(1, 31))
    source = sourced(f"n,\"<script>alert('n')</script>\"\n{rows}", python=fake_python())

    report = make_deep_report(source, tmp_path / "deep")

    assert report.is_made
    assert names_of(report.page)[1] == "&lt;script&gt;alert(&#x27;n&#x27;)&lt;/script&gt;"
    assert cells_of(report.page)[1] == "&lt;img src=x onerror=alert(1)&gt;"
    assert "<script" not in report.page


def test_a_larger_table_is_sampled_the_same_way_each_time(fake_python, plain, tmp_path):
    few = DeepLimits(max_rows=10, seconds=60)
    source = plain(python=fake_python(), limits=few, seed=3)

    first, second = (make_deep_report(source, tmp_path / "deep") for _ in range(2))

    assert "a random sample of 10 of 40 rows (seed 3)" in first.page
    assert len(cells_of(first.page)) == 30
    assert cells_of(first.page) == cells_of(second.page)
    sizes = [int(cell) for cell in cells_of(first.page)[::3]]
    assert sizes == sorted(sizes)
    assert max(sizes) > 10


def test_a_wider_table_keeps_the_target_and_what_tells_most_about_it(plain):
    source = plain()
    profile = {"target": {"column": "class", "scores": [{"name": "weight", "score": 0.9}]}}

    choice = choose_columns(source.schema, profile=profile, excluded=[], at_most=2)

    assert [column.name for column in choice.columns] == ["weight", "class"]
    assert choice.over == ("size",)
    assert choice.reason == "the target and those that tell most about it on their own"


def test_without_a_target_the_first_columns_are_kept(fake_python, plain, tmp_path):
    source = plain(python=fake_python(), limits=DeepLimits(max_columns=2, seconds=60))

    report = make_deep_report(source, tmp_path / "deep")

    assert names_of(report.page) == ["size", "weight"]
    assert "2 of 3 columns, the first ones" in report.note
    assert "Left out, over the limit of 2: class." in report.page


def test_columns_left_out_of_the_training_are_left_out_here(plain):
    choice = choose_columns(plain().schema, profile=None, excluded=["weight"], at_most=40)

    assert [column.name for column in choice.columns] == ["size", "class"]
    assert choice.over == ()


def test_columns_that_look_like_personal_data_are_not_shown(fake_python, plain, tmp_path):
    profile = {"findings": [{"code": "personal-data", "columns": ["class"]}]}

    report = make_deep_report(plain(python=fake_python(), profile=profile), tmp_path / "deep")

    assert names_of(report.page) == ["size", "weight"]
    assert "Left out, looking like personal data: class." in report.page


def test_a_table_of_nothing_but_personal_data_has_no_report(fake_python, plain, tmp_path):
    profile = {"findings": [{"code": "personal-data", "columns": ["size", "weight", "class"]}]}

    report = make_deep_report(plain(python=fake_python(), profile=profile), tmp_path / "deep")

    assert not report.is_made
    assert "Every column looks like personal data" in report.note


def test_names_that_look_alike_once_escaped_are_numbered():
    assert escaped_names(["a\x01b", "a\x02b", "A"]) == ["a b", "a b (2)", "A"]


def test_a_page_is_opened_up_and_loses_its_scripts():
    page = seal(
        "<html><head></head><body>"
        '<button class="nav-link" data-bs-target="#t1" role="tab">Alerts <span>6</span></button>'
        '<div class="tab-pane fade" id="t1" role="tabpanel">text</div>'
        "<script>one()</script><SCRIPT type='x'>two()</SCRIPT ></body></html>",
        note="Made <b>.\nOf 5 rows.",
    )

    assert "script>" not in page.lower()
    assert '<div class="tab-pane fade" id="t1" role="tabpanel"><h4>Alerts 6</h4>text' in page
    assert "<p>Made &lt;b&gt;.</p><p>Of 5 rows.</p>" in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="x" onerror="alert(1)">',
        "<svg onload=alert(1)></svg>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" JaVaScRiPt:alert(1)">x</a>',
        '<iframe src="https://example.org"></iframe>',
        '<object data="https://example.org"></object>',
        '<meta http-equiv="refresh" content="0;url=https://example.org">',
        '<base href="https://example.org">',
        '<link rel="stylesheet" href="https://example.org/a.css">',
        '<form action="https://example.org"></form>',
        "<script>no end",
        '<a href="data:text/html,<b>">x</a>',
    ],
)
def test_a_page_with_anything_that_could_run_or_load_is_not_shown(markup: str):
    with pytest.raises(DeepReportMissing, match="did not pass the check"):
        seal(f"<html><head></head><body>{markup}</body></html>", note="")


def test_something_that_is_no_page_is_not_shown():
    with pytest.raises(DeepReportMissing, match="no whole page"):
        seal("<p>half", note="")
