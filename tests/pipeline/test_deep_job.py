"""A whole training that asks for the deep report where there is none to be had."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.slow


def test_a_training_completes_without_the_report_that_it_asked_for(train, penguins, tmp_path):
    result = train(
        penguins,
        tmp_path / "out",
        "species",
        eda="deep",
        deep_report_python=tmp_path / "no-python",
    )

    assert result.score is not None
    assert result.deep_report_note is not None
    assert "could not be started" in result.deep_report_note
    page = (tmp_path / "out" / "eda_deep.html").read_text()
    assert "<h1>No deep report</h1>" in page
    listed = json.loads((tmp_path / "out" / "manifest.json").read_bytes())["artifacts"]
    assert "eda_deep.html" in [artifact["name"] for artifact in listed]
