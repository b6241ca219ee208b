"""The real profiler on a table that means harm."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import pytest

from automl_training.deep import DeepLimits, make_deep_report

MARKUP = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>",
    "'\"><b onmouseover=alert(1)>", "&lt;script&gt;alert(1)&lt;/script&gt;",
    "javascript:alert(1)", "$\\frac{", "{{7*7}}", "]]></style><iframe>", "<!--",
)  # fmt: skip


class Elements(HTMLParser):
    """Counts elements, and attributes that run something or carry what was injected."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.live: list[tuple[str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        for name, value in attrs:
            leads_to_script = name in ("href", "src") and "javascript:" in (value or "")
            if name.startswith("on") or leads_to_script:
                self.live.append((tag, name))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_markup_in_names_and_cells_is_text_in_the_real_report(real_python, sourced, tmp_path):
    names = [*MARKUP[:4], "n", "$x^{"]
    rows = [
        [MARKUP[i % 10], MARKUP[i % 3], " ".join((*MARKUP, str(i))), MARKUP[3], str(i), f"{i}.5"]
        for i in range(60)
    ]
    lines = [",".join(map(quoted, row)) for row in [names, *rows]]
    source = sourced(
        "\n".join(lines),
        python=real_python,
        title="<script>alert(0)</script>.csv",
        # Wall time on a machine that does other things as well.
        limits=DeepLimits(seconds=500),
    )

    report = make_deep_report(source, tmp_path / "deep")

    assert report.is_made, report.note
    page = Elements()
    page.feed(report.page)
    injected = {"script", "img", "iframe", "b"}
    assert {name: n for name, n in page.elements.items() if name in injected} == {}
    assert page.live == []
    assert page.elements["svg"] >= 4, "the charts are there"
    told = "".join(page.text)
    assert "by fg-data-profiling 4." in told
    assert "<script>alert(1)</script>" in told
    assert "Deep report: <script>alert(0)</script>.csv" in told
