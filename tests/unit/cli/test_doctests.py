"""Examples in the docstrings of the command line hold."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name", ["boundary", "exits", "options", "remote", "speech", "walkthrough"]
)
def test_examples_hold(name):
    found = doctest.testmod(importlib.import_module(f"automl_cli.{name}"))

    assert found.attempted > 0
    assert found.failed == 0
