"""What was done, on which data, with which settings, and what was proven of the export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from automl_core.records import MissingPolicy
from automl_core.tabular.report.parts import Head, Table, Text
from automl_core.tabular.report.words import cell, file_size, label, prose, whole
from automl_core.tabular.wording import quantity
from automl_training.reports.source import ReportSource
from automl_training.reports.words import figure, seconds, sentence

_MISSING_WORDS: Final[Mapping[MissingPolicy, str]] = {
    "auto": "Kept as missing where the column had gaps in training; the models know how to "
    "read them.",
    "drop": "Training rows with a gap in any column that is read were left out.",
    "mean": "Filled with the training rows' mean; in categories with the most frequent value.",
    "median": "Filled with the training rows' median; in categories with the most frequent value.",
    "most_frequent": "Filled with the training rows' most frequent value.",
}
_SPLIT_WORDS: Final = {
    "random": "at random",
    "stratified": "at random within each class",
    "time": "by time, the latest rows",
    "group": "by group, none on both sides",
    "time_group": "by time and by group",
    "given": "another file",
}

Fact = tuple[str, Text, Text]
"""A question, its answer, and the reason."""


def task_words(source: ReportSource) -> str:
    """What the model does, in one sentence."""
    plan = source.plan
    if plan.task == "regression":
        return "It predicts a number."
    if plan.task == "binary":
        return f"It tells two classes apart; the positive one is {plan.positive_label}."
    return f"It tells {len(plan.classes)} classes apart."


def decisions(source: ReportSource) -> list[Fact]:
    """What was decided before the search, each with its reason."""
    plan, board = source.plan, source.leaderboard
    why_ended = board.get("stopped_because")
    found: list[Fact] = [
        ("Task", plan.task, prose(plan.task_reason)),
        ("Metric", source.measured_on, prose(plan.metric_reason)),
        ("Missing cells", plan.missing.replace("_", " "), _MISSING_WORDS[plan.missing]),
        (
            "Search",
            quantity(int(board.get("n_trials", 0)), "trial"),
            "A fixed number, so that the same seed finds the same model."
            if plan.reproducible
            else f"In a time budget of {plan.time_budget_s:,} seconds."
            + (f" It ended because {sentence(why_ended).rstrip('.')[:1].lower()}"
               f"{sentence(why_ended)[1:]}" if why_ended else ""),
        ),
    ]  # fmt: skip
    if plan.rows_without_target:
        found.append(
            ("Rows without a target", whole(plan.rows_without_target), "They were left out.")
        )
    if plan.weight_column:
        found.append(
            (
                "Weights",
                label(plan.weight_column),
                "Rows weigh as this column says, in training and in the scores.",
            )
        )
    return found


def split_facts(source: ReportSource) -> list[Fact]:
    """Which rows the model learned from and which ones judged it."""
    plan = source.plan
    method = str(source.splits.get("method", plan.split.method))
    found: list[Fact] = [
        ("Training rows", whole(source.n_train), ""),
        ("Holdout rows", whole(source.n_holdout), "No model saw them before they were scored."),
        ("Split", _SPLIT_WORDS.get(method, method.replace("_", " ")), prose(plan.split.reason)),
    ]
    for name, column in (
        ("Time column", plan.split.time_column),
        ("Group column", plan.split.group_column),
    ):
        if column:
            found.append((name, label(column), ""))
    return found


def data_facts(source: ReportSource) -> list[Fact]:
    """The table the model was trained on."""
    schema = source.schema
    return [
        ("Data set", cell(source.dataset_name), ""),
        ("Rows", whole(schema.n_rows), ""),
        ("Columns", whole(len(schema.columns)), ""),
        ("File", f"{file_size(schema.file.bytes)}, {schema.file.format}", ""),
    ]


def feature_table(source: ReportSource) -> Table:
    """The columns that the model reads, and how."""
    heads = (
        Head("Column"), Head("Read as"), Head("Missing in training", is_number=True),
        Head("Values known", is_number=True),
    )  # fmt: skip
    rows = [
        (
            label(column.get("name")),
            str(column.get("kind", "–")),
            whole(column.get("n_missing") or 0),
            whole(len(column["categories"])) if column.get("categories") else "–",
        )
        for column in source.encoder_columns
    ]
    return Table("Columns that the model reads", heads, rows)


def dropped_table(source: ReportSource) -> Table | None:
    """The columns that were left out, and why."""
    dropped = source.plan.dropped
    if not dropped:
        return None
    rows = [
        (label(column.name), column.code.replace("_", " "), prose(column.reason))
        for column in dropped
    ]
    heads = (Head("Column"), Head("Because"), Head("Reason"))
    return Table("Columns that were left out", heads, rows, "stack")


# -- Parity ---------------------------------------------------------------------------


def parity_text(parity: Mapping[str, Any]) -> str:
    """Say what was proven of the exported model."""
    if not parity.get("n_rows"):
        return "How well the exported model agrees with the fitted one was not recorded."
    rows = (
        f"The exported model was checked against the fitted one on all {parity['n_rows']:,} "
        f"holdout rows, on {parity.get('n_missing_rows', 0):,} rows with missing cells and on "
        f"{parity.get('n_unseen_rows', 0):,} rows with unseen categories"
    )
    gap, allowed = parity.get("max_probability_gap"), figure(parity.get("tolerance"))
    if gap is None:
        gap = parity.get("max_relative_gap")
        return f"{rows}: the largest relative difference was {figure(gap)} (allowed: {allowed})."
    flips = parity.get("label_flips", 0)
    changed = f"{flips:,} answers changed" if flips else "no answer changed"
    return (
        f"{rows}: the largest difference of a probability was {figure(gap)} "
        f"(allowed: {allowed}), and {changed}."
    )


def parity_table(parity: Mapping[str, Any]) -> Table:
    """The proof, figure by figure."""
    rows: list[tuple[Text, Text]] = [
        ("Passed", "yes" if parity.get("passed") else "no"),
        ("Holdout rows", _count(parity, "n_rows")),
        ("Rows with missing cells", _count(parity, "n_missing_rows")),
        ("Rows with unseen categories", _count(parity, "n_unseen_rows")),
    ]
    allowed = ("Allowed difference", figure(parity.get("tolerance")))
    if parity.get("max_probability_gap") is None:
        gap = figure(parity.get("max_relative_gap"))
        rows += [("Largest relative difference of a value", gap), allowed]
    else:
        rows += [
            ("Largest difference of a probability", figure(parity["max_probability_gap"])),
            allowed,
            ("Answers that changed", _count(parity, "label_flips")),
            ("Exact ties (either answer is right)", _count(parity, "exact_ties")),
        ]
    return Table(
        "The bundle, loaded fresh, against the fitted model on the same rows",
        (Head("Check"), Head("Result", is_number=True)), rows, "twin",
    )  # fmt: skip


def _count(document: Mapping[str, Any], name: str) -> str:
    found = document.get(name)
    return "–" if found is None else whole(found)


# -- To repeat it ---------------------------------------------------------------------


def command(source: ReportSource) -> str:
    """The command line that repeats this job on the same file."""
    plan = source.plan
    words = [
        "automl",
        "train",
        _quoted(source.dataset_name),
        "--target",
        _quoted(plan.target_column),
    ]
    words += ["--task", plan.task, "--metric", plan.metric]
    words += ["--time-budget", str(plan.time_budget_s), "--seed", str(plan.seed)]
    for option, column in (
        ("--time-column", plan.split.time_column),
        ("--group-column", plan.split.group_column),
        ("--weight-column", plan.weight_column),
    ):
        if column:
            words += [option, _quoted(column)]
    excluded = [column.name for column in plan.dropped if column.code == "excluded"]
    for name in excluded:
        words += ["--exclude", _quoted(f'"{name}"' if "," in name else name)]
    if source.splits.get("holdout_is_other_file"):
        words += ["--holdout-file", "HOLDOUT"]
    else:
        words += ["--test-size", f"{plan.split.test_size:g}"]
    words += ["--missing", plan.missing, "--families", ",".join(plan.families)]
    if plan.ensemble != "auto":
        words += ["--ensemble", plan.ensemble]
    if plan.reproducible:
        words.append("--reproducible")
    words += ["--out", "again"]
    # An option with its value on each line; the last word begins no option.
    return " ".join(words).replace(" --", " \\\n  --")


def _quoted(word: str) -> str:
    """A word for a POSIX shell.

    >>> print(_quoted("a.csv"), _quoted("it's"))
    a.csv 'it'"'"'s'
    """
    import shlex

    return shlex.quote(" ".join(word.splitlines()))


def settings(source: ReportSource) -> list[Fact]:
    """Input, seed, budget, options and versions."""
    plan = source.plan
    budget = "a fixed number of trials" if plan.reproducible else f"{plan.time_budget_s:,} seconds"
    return [
        ("Seed", str(plan.seed), ""),
        ("Search", budget, ""),
        ("Ensemble", plan.ensemble, ""),
        ("Missing cells", plan.missing.replace("_", " "), ""),
        ("Families", ", ".join(source.family(name) for name in plan.families), ""),
        ("Versions", versions_text(source) or "not recorded", ""),
        (
            "SHA-256 of the file",
            Markup("<code>{}</code>").format(source.schema.file.sha256),
            "The same file and seed give the same split. The same model comes out only of a "
            "fixed number of trials (option reproducible): seconds depend on the machine.",
        ),
    ]


def stage_table(source: ReportSource) -> Table | None:
    """Time and memory of each stage so far."""
    rows = [
        (
            str(line.get("stage", "–")),
            seconds(line.get("seconds")),
            f"{line['peak_rss_mib']:,.0f}" if line.get("peak_rss_mib") is not None else "–",
        )
        for line in source.telemetry
        if line.get("kind") == "stage" and line.get("outcome") == "done"
    ]
    if not rows:
        return None
    heads = (
        Head("Stage"), Head("Seconds", is_number=True), Head("Peak memory (MiB)", is_number=True),
    )  # fmt: skip
    return Table("Time and memory of each stage before this report", heads, rows, "twin")


def versions_text(source: ReportSource) -> str:
    """Python and libraries in one line."""
    versions = source.manifest.get("versions") or {}
    return ", ".join(f"{name} {version}" for name, version in versions.items())
