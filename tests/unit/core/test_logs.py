"""Structured logs."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from automl_core.logs import configure_logs


@pytest.fixture(autouse=True)
def _same_logging_afterwards() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_of_json_with_its_extras() -> None:
    stream = io.StringIO()
    configure_logs("info", stream)

    logging.getLogger("automl.test").warning(
        "stage %s\nended", "träin", extra={"job_id": "j1", "seconds": 1.5}
    )

    (line,) = lines(stream)
    at = datetime.fromisoformat(line.pop("at"))
    assert at.utcoffset() is not None
    assert line == {
        "level": "warning",
        "logger": "automl.test",
        "message": "stage träin\nended",
        "job_id": "j1",
        "seconds": 1.5,
    }


def test_an_exception_comes_with_its_stack_on_the_same_line() -> None:
    stream = io.StringIO()
    configure_logs("info", stream)

    try:
        int("broken")
    except ValueError:
        logging.getLogger("automl.test").exception("caught")

    (line,) = lines(stream)
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("int() with base 10: 'broken'")


def test_an_extra_that_is_no_json_is_written_as_text() -> None:
    stream = io.StringIO()
    configure_logs("info", stream)

    logging.getLogger("automl.test").info("x", extra={"what": {1, 2}.__class__})

    assert lines(stream)[0]["what"] == "<class 'set'>"


def test_the_level_is_kept_and_a_second_call_does_not_double_lines() -> None:
    stream = io.StringIO()
    configure_logs("debug", io.StringIO())
    configure_logs("warning", stream)

    logging.getLogger("automl.test").info("quiet")
    logging.getLogger("automl.test").error("loud")

    assert [line["message"] for line in lines(stream)] == ["loud"]


def test_logs_go_to_stderr_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()

    logging.getLogger("automl.test").info("hello")

    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["message"] == "hello"
