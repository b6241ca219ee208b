"""The training report and the model card, rendered from a job's artifacts."""

from __future__ import annotations

from automl_training.reports.card import render_model_card
from automl_training.reports.page import render_report
from automl_training.reports.source import ReportSource

__all__ = ["ReportSource", "render_model_card", "render_report"]
