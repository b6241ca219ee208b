"""Progress: lines where something records, a bar where somebody watches."""

from __future__ import annotations

import io

from automl_cli.progress import LiveProgress, PlainProgress, Step, open_progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_stage_is_told_once_and_its_changes_now_and_then():
    out = io.StringIO()
    moments = iter([0.0, 1.0, 2.0, 13.0, 14.0])
    progress = PlainProgress(out, monotonic=lambda: next(moments))

    with progress:
        progress.show(Step("ingest", 1))
        progress.show(Step("train", 13))
        progress.show(Step("train", 20, n_trials=3, best_score=0.5))
        progress.show(Step("train", 60, n_trials=9, best_score=0.91234))
        progress.show(Step("done", 100))

    assert out.getvalue().splitlines() == [
        "    1 %  Reading the table",
        "   13 %  Searching for models",
        "   60 %  Searching for models, 9 trials, best 0.9123 in validation",
        "  100 %  Done",
    ]


def test_a_terminal_gets_a_bar_that_takes_markup_for_text(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()

    with open_progress(out) as progress:
        assert isinstance(progress, LiveProgress)
        progress.show(Step("train", 50, message="[red]not markup"))
        progress.show(Step("done", None))


def test_anything_else_gets_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")

    assert isinstance(open_progress(Terminal()), PlainProgress)
    assert isinstance(open_progress(io.StringIO()), PlainProgress)
