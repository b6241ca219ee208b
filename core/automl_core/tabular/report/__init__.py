"""The data report: ``profile.json`` as one readable HTML page, ``eda.html``.

Self-contained and without script: names and cells are escaped by the template engine,
charts are inline SVG, and a content security policy in the page forbids everything but its
own style sheet, which it names by hash.
"""

from __future__ import annotations

from automl_core.tabular.report.page import render_eda
from automl_core.tabular.report.words import cell, number

__all__ = ["cell", "number", "render_eda"]
