"""The training report and the model card, rendered from a job's artifacts."""

from __future__ import annotations

import re
from typing import Any

from automl_training.reports.view import ReportSource, view

__all__ = ["ReportSource", "render_model_card", "render_report"]

#: What Markdown, or HTML inside it, would read as markup (CommonMark 0.31, 2.4); an
#: underscore inside a word is none (6.2).
_MARKUP = re.compile(r"[\\`*\[\]<>#|~&]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")


def render_report(source: ReportSource) -> str:
    """Render ``report.html``: one file that loads nothing and runs nothing.

    Every text of the data (names, labels, reasons) is escaped.
    """
    return str(_environment(autoescape=True).get_template("report.html").render(view(source)))


def render_model_card(source: ReportSource) -> str:
    """Render ``model_card.md``; texts of the data are escaped for Markdown."""
    return str(_environment(autoescape=False).get_template("model_card.md").render(view(source)))


def escape_markdown(text: object) -> str:
    """Write a text so that Markdown shows it as it is, on one line.

    >>> print(escape_markdown("a|b <b>_x_</b> # bill_length_mm"))
    a\\|b \\<b\\>\\_x\\_\\</b\\> \\# bill_length_mm
    """
    return _MARKUP.sub(r"\\\g<0>", " ".join(str(text).split()))


def _environment(*, autoescape: bool) -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    from automl_core.tabular.report import cell
    from automl_training.reports.charts import figure

    environment = Environment(
        loader=PackageLoader("automl_training.reports", "."),
        autoescape=autoescape,  # noqa: S701 - on for HTML; Markdown has its own filter
        undefined=StrictUndefined,
        trim_blocks=False,
    )
    environment.filters["whole"] = lambda value: f"{value:,}"
    environment.filters["cell"] = cell
    environment.filters["figure"] = figure
    environment.filters["md"] = escape_markdown
    return environment
