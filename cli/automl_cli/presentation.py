"""Plans, leaderboards and scores in words, from the JSON that pipeline and API share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from automl_cli.speech import cell, dollars_text, listing, printable, seconds_text, table

Document = Mapping[str, Any]


def reading_words(file: Document) -> str:
    """How the bytes of a table were understood, in one line."""
    if file["format"] == "parquet":
        return "Parquet"
    mark = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}.get(
        file["delimiter"], repr(file["delimiter"])
    )
    header = "with a header" if file["has_header"] else "without a header"
    decimal = ", decimal comma" if file["decimal"] == "," else ""
    packed = ", gzip" if file["compression"] == "gzip" else ""
    if file["format"] != "csv":
        word = {"jsonl": "JSON Lines", "xlsx": "Excel"}.get(file["format"], file["format"])
        return f"{word}, {header}{packed}" if file["format"] == "xlsx" else f"{word}{packed}"
    return f"CSV, {file['encoding']}, {mark} between fields, {header}{decimal}{packed}"


def target_words(target: Document) -> str:
    """What a column would be as a target: the kind of question, and what stands against it."""
    name = printable(target["column"])
    if target["task"] is None:
        lines = [f"Target {name!r}: cannot be predicted. {printable(target['reason'])}"]
    else:
        lines = [
            f"Target {name!r}: {target['task']} ({target['confidence']} confidence). "
            f"{printable(target['reason'])}"
        ]
    told = {printable(target["reason"])}
    lines += [
        f"cannot train: {printable(block['sentence'])}"
        for block in target["blocking"]
        if printable(block["sentence"]) not in told
    ]
    return "\n".join(lines)


def findings_words(findings: Sequence[Document], *, at_most: int = 20) -> str:
    """What was found in a table, most severe first, each with what to do about it."""
    if not findings:
        return "Nothing worth a remark was found."
    count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings, most severe first"
    lines = [f"{count}:"]
    for finding in findings[:at_most]:
        lines.append(f"  {finding['severity']:<6}  {printable(finding['sentence'])}")
        if finding["action"]:
            lines.append(f"          {printable(finding['action'])}")
    if len(findings) > at_most:
        lines.append(f"  … and {len(findings) - at_most} more in eda.html and profile.json.")
    return "\n".join(lines)


def plan_words(plan: Document) -> str:
    """What a training will do, before it does it."""
    lines = [
        f"Predict {printable(plan['target_column'])!r}: {plan['task']}. {plan['task_reason']}",
        f"Optimise {plan['metric']}. {plan['metric_reason']}",
        f"Learn from {len(plan['features'])} columns: "
        f"{listing([f['name'] for f in plan['features']], at_most=8)}.",
    ]
    lines += [f"Leave out {printable(d['name'])}: {d['reason']}" for d in plan["dropped"]]
    split = plan["split"]
    lines.append(f"Set {split['test_size']:.0%} of the rows aside as holdout. {split['reason']}")
    if plan["classes"]:
        counts = ", ".join(f"{printable(c['label'])} {c['rows']}" for c in plan["classes"][:10])
        lines.append(f"Rows of each class: {counts}.")
    lines.append(f"Families: {', '.join(plan['families'])}.")
    lines.append(estimate_words(plan))
    lines += [f"warning: {note['text']}" for note in plan["warnings"]]
    lines += [f"cannot train: {note['text']}" for note in plan["blocking"]]
    return "\n".join(lines)


def estimate_words(plan: Document) -> str:
    """How long a plan takes and what it would cost on AWS."""
    seconds, dollars = plan["estimated_seconds"], plan["estimated_dollars"]
    return (
        f"{seconds_text(plan['time_budget_s'])} of search; "
        f"{seconds_text(seconds['low'])} to {seconds_text(seconds['high'])} in all, "
        f"{dollars_text(dollars['low'], dollars['high'])} if it ran on AWS."
    )


def leaderboard_words(leaderboard: Document) -> str:
    """The best trial of each family, and what was passed over for what reason."""
    rows = [
        [f["rank"], f["family"], f["score"], f["n_trials"], f["train_seconds"]]
        for f in leaderboard["families"]
    ]
    metric = leaderboard["metric"]
    words = [
        f"Best of {leaderboard['n_trials']} trials by family ({leaderboard['evaluated_on']}):",
        table(["rank", "family", f"{metric} (validation)", "trials", "fit s"], rows),
    ]
    words += [
        f"passed over: {printable(entry['family'])}: {printable(entry['reason'])}"
        for entry in leaderboard["rejected"]
    ]
    if leaderboard["chosen"]:
        words.append(f"Chosen: {leaderboard['chosen']['family']}.")
    return "\n".join(words)


def metrics_words(metrics: Document) -> str:
    """Scores on the holdout with their intervals, beside the trivial baseline."""
    baseline: Document = metrics["baseline"]["scores"]
    rows = [
        [name, score["value"], _interval(score), baseline.get(name)]
        for name, score in sorted(
            metrics["scores"].items(), key=lambda pair: pair[0] != metrics["metric"]
        )
    ]
    words = [
        f"On {metrics['n_rows']} rows of the {metrics['split']}, looked at once:",
        table(["score", "value", "95 % interval", "baseline"], rows),
        f"Baseline: {metrics['baseline']['name']}.",
        printable(metrics["verdict"]),
    ]
    return "\n".join(words)


def _interval(score: Document) -> str:
    if score.get("low") is None or score.get("high") is None:
        return ""
    return f"{cell(float(score['low']))} to {cell(float(score['high']))}"


def parity_words(parity: Document) -> str:
    """How far the exported model is from the fitted one."""
    rows = parity["n_rows"] + parity["n_missing_rows"] + parity["n_unseen_rows"]
    if parity["task"] == "regression":
        gap = f"largest relative gap {parity['max_relative_gap']:.2g}"
    else:
        gap = (
            f"largest gap of a probability {parity['max_probability_gap']:.2g}, "
            f"{parity['label_flips']} labels differ"
        )
    verdict = "passed" if parity["passed"] else "NOT passed"
    return (
        f"Exported model against fitted one on {rows} rows ({parity['n_rows']} holdout, "
        f"{parity['n_missing_rows']} with cells emptied, {parity['n_unseen_rows']} with unseen "
        f"categories): {gap}; allowed {parity['tolerance']:.2g}: {verdict}."
    )


def deep_report_words(out: Path, note: str) -> str:
    """Where the deep report lies, and on what it was computed, or why there is none."""
    return f"Deep report: {out / 'eda_deep.html'}\n{printable(note.splitlines()[0])}"


def importance_words(explanations: Document, *, at_most: int = 5) -> str:
    """The columns that matter most, and by how much."""
    rows = [[f["name"], f["importance"], f.get("std")] for f in explanations["features"][:at_most]]
    return table(["column", f"worse {explanations['metric']} when shuffled", "±"], rows)
