"""Exit codes, one-sentence errors, and one JSON document on stdout."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "numpy", "pandas", "duckdb", "httpx", "pydantic", "fastapi", "uvicorn", "onnxruntime",
    "sqlalchemy", "rich", "automl_backend", "automl_training",
)  # fmt: skip


def test_help_is_told_without_loading_what_the_commands_need():
    script = (
        "import sys\n"
        "from automl_cli.boundary import run\n"
        "run(['--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)

    assert done.stderr.strip() == b"[]"
    assert b"of a running platform" in done.stdout


def test_no_command_at_all_is_answered_with_the_help(automl):
    said = automl()

    assert (said.code, said.out) == (2, "")
    assert "Usage: automl" in said.err


def test_the_version_is_told(automl):
    assert automl("--version").out == "automl 0.1.0\n"


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        pytest.param(["bogus"], 2, "No such command 'bogus'", id="unknown command"),
        pytest.param(["jobs"], 2, "Missing command. See 'automl jobs --help'", id="half a command"),
        pytest.param(["train"], 2, "Missing argument 'FILE'", id="missing argument"),
        pytest.param(["jobs", "list", "--limit", "0"], 2, "--limit", id="value out of range"),
        pytest.param(
            ["train", "no.csv", "--target", "y", "--out", "o"], 66, "no.csv", id="missing file"
        ),
        pytest.param(
            ["predict", "no-bundle", __file__, "--out", "o.csv"], 66, "no-bundle", id="no bundle"
        ),
        pytest.param(
            ["jobs", "list", "--api", "http://127.0.0.1:9"], 75, "automl up", id="nobody there"
        ),
        pytest.param(["jobs", "list", "--api", "ftp://x"], 78, "ftp://x", id="no http address"),
    ],
)
def test_expected_errors_are_one_sentence_and_an_exit_code(automl, line, code, words):
    said = automl(*line)

    assert said.code == code
    assert said.out == ""
    assert words in said.err
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(["bogus", "--json"], id="unknown command"),
        pytest.param(["train", "--json"], id="missing argument"),
        pytest.param(
            ["train", "no.csv", "--target", "y", "--out", "o", "--json"], id="missing file"
        ),
    ],
)
def test_with_json_an_error_is_the_one_document_on_stdout(automl, line):
    said = automl(*line)

    assert set(said.document["error"]) == {"code", "detail", "exit_code"}
    assert said.document["error"]["exit_code"] == said.code
    assert said.err.startswith("automl: ")


def test_what_is_unexpected_is_told_briefly(automl, platform):
    platform.will("GET /jobs", platform.json({"no": "items"}))

    said = automl("jobs", "list", "--api", platform.url)

    assert said.code == 70
    assert "KeyError" in said.err
    assert "Traceback" not in said.err


def test_the_debug_level_shows_where_something_unexpected_happened(automl, platform, monkeypatch):
    platform.will("GET /jobs", platform.json({"no": "items"}))
    monkeypatch.setenv("AUTOML_LOG_LEVEL", "debug")

    said = automl("jobs", "list", "--api", platform.url)

    assert said.code == 70
    assert "Traceback" in said.err


def test_control_characters_of_a_server_do_not_reach_the_terminal(automl, platform):
    platform.will("GET /jobs", platform.json({"code": "conflict", "detail": "a\x1b[2Jb"}, 409))

    said = automl("jobs", "list", "--api", platform.url)

    assert "\x1b" not in said.err


def test_every_command_takes_json_and_has_help():
    import typer

    from automl_cli.app import app

    def leaves(command, path):
        children = getattr(command, "commands", None)
        if children is None:
            return [(path, command)]
        return [leaf for name, child in children.items() for leaf in leaves(child, [*path, name])]

    found = leaves(typer.main.get_command(app), [])

    assert len(found) > 25
    for path, command in found:
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--json" in options, path
        assert command.help, path
