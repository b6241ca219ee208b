"""Classes of a classification: which are confused, each one's scores, label sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from automl_core.tabular.report.parts import Chart, Head, Table, Text
from automl_core.tabular.report.svg import image, text
from automl_core.tabular.report.words import clean, label, prose, short, whole
from automl_training.reports.residuals import how_promised
from automl_training.reports.source import ReportSource
from automl_training.reports.words import (
    between,
    block,
    figure,
    items,
    part,
    percent,
    sentence,
    three,
)

WRITTEN: Final = 12
"""Classes up to which a matrix has room for its numbers."""
N_OPEN: Final = 15
"""Classes whose scores are shown before "show all"."""
MOST_PAIRS: Final = 10
STEPS: Final = 8
_LABEL: Final = 150
_TOP: Final = 20


@dataclass(frozen=True)
class Confusion:
    """Rows by actual and predicted class: as a table if they are few, else as a drawing."""

    labels: Sequence[Text]
    rows: Sequence[tuple[Text, Sequence[tuple[Text, str]]]]
    """Header of each row, then for each cell its class and its count."""
    chart: Chart | None
    pairs: Table | None


def confusion(source: ReportSource) -> Confusion | None:
    """The confusion matrix; None where the job has none."""
    document = block(source.metrics, "confusion")
    matrix = items(document, "matrix")
    if not matrix:
        return None
    labels = [label(name) for name in items(document, "labels")]
    pairs = _confused_pairs(labels, matrix)
    if len(labels) > WRITTEN:
        return Confusion(labels, [], _map(source, document, matrix), pairs)
    rows = []
    for i, counts in enumerate(matrix):
        total = max(sum(counts), 1)
        cells = [
            (_shade(count / total, is_right=i == j), whole(count)) for j, count in enumerate(counts)
        ]
        rows.append((labels[i], cells))
    return Confusion(labels, rows, None, pairs if len(labels) > 2 else None)


def why_no_confusion(source: ReportSource) -> Text:
    """The reason for a matrix that is not there."""
    reason = block(source.metrics, "confusion").get("reason")
    return prose(f"The confusion of classes is not shown: {sentence(reason)}") if reason else ""


def _shade(part_of_row: float, *, is_right: bool) -> Markup:
    """Class of a cell: the larger the share of the actual class, the stronger the colour."""
    step = round(part_of_row * STEPS)
    if not step:
        return Markup(' class="n"')
    return Markup(' class="n {}{}"').format("g" if is_right else "w", step)


def _confused_pairs(labels: Sequence[Text], matrix: Sequence[Sequence[int]]) -> Table | None:
    """The classes that are taken for each other most often."""
    pairs = [
        (count, i, j, count / max(sum(counts), 1))
        for i, counts in enumerate(matrix)
        for j, count in enumerate(counts)
        if i != j and count
    ]
    if not pairs:
        return None
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    heads = (
        Head("Actual"), Head("Predicted as"), Head("Rows", is_number=True),
        Head("Of the actual class", is_number=True),
    )  # fmt: skip
    rows = [
        (labels[i], labels[j], whole(count), part(of_class))
        for count, i, j, of_class in pairs[:MOST_PAIRS]
    ]
    return Table("Classes taken for each other most often", heads, rows)


def _map(
    source: ReportSource, document: Mapping[str, Any], matrix: Sequence[Sequence[int]]
) -> Chart:
    """Many classes: a square a cell, and the counts in the table beside it."""
    names = [short(name) for name in items(document, "labels")]
    side = 14
    squares: dict[tuple[str, int], list[str]] = {}
    parts: list[Markup] = []
    for i, counts in enumerate(matrix):
        total = max(sum(counts), 1)
        top = _TOP + i * side
        parts.append(text(clean(names[i], most=18), x=_LABEL - 28, y=top + 11, css="h e"))
        parts.append(text(i + 1, x=_LABEL - 6, y=top + 11, css="t e"))
        if i % 5 == 4 or not i:
            parts.append(text(i + 1, x=_LABEL + (i + 0.5) * side, y=_TOP - 5, css="t c"))
        for j, count in enumerate(counts):
            step = round(count / total * STEPS)
            # One row of many is a mistake all the same, and is seen.
            step = max(step, 1) if count else 0
            css = "k" if not step else "x" if i == j else "y"
            square = f"M{_LABEL + j * side} {top}h{side - 1}v{side - 1}h{1 - side}z"
            squares.setdefault((css, step), []).append(square)
    fields = [
        Markup('<path class="{}" fill-opacity="{}" d="{}"/>').format(
            css, f"{0.2 + 0.8 * step / STEPS if step else 1:.2g}", "".join(found)
        )
        for (css, step), found in sorted(squares.items())
    ]
    size = len(names) * side
    n_right = sum(row[i] for i, row in enumerate(matrix))
    drawing = image(
        [*fields, *parts],
        title="Confusion of classes",
        description="Actual classes in rows, predicted ones in columns, numbered alike; "
        f"{n_right:,} of {source.n_holdout:,} rows lie on the diagonal.",
        width=_LABEL + size,
        height=_TOP + size,
        is_fixed=True,
    )
    rows: list[Sequence[Text]] = []
    for i, counts in enumerate(matrix):
        wrong = [(count, j) for j, count in enumerate(counts) if count and i != j]
        wrong.sort(key=lambda found: (-found[0], found[1]))
        others = ", ".join(f"{names[j]} {count:,}" for count, j in wrong[:8])
        more = f" and {len(wrong) - 8} more" if len(wrong) > 8 else ""
        rows.append((f"{i + 1} {names[i]}", whole(counts[i]), f"{others}{more}" or "–"))
    heads = (Head("Actual"), Head("Right", is_number=True), Head("Predicted as another class"))
    return Chart(drawing, Table("Confusion of classes", heads, rows))


def class_tables(source: ReportSource) -> tuple[Table, Table | None] | None:
    """Precision, recall and F1 of each class: the first ones, then the others."""
    entries = items(source.metrics, "per_class")
    if not entries:
        return None
    heads = (
        Head("Class"), Head("Rows", is_number=True), Head("Predicted", is_number=True),
        Head("Precision", is_number=True), Head("Recall", is_number=True),
        Head("F1", is_number=True),
    )  # fmt: skip
    rows = [
        (
            label(entry.get("label")),
            whole(entry.get("n_rows") or 0),
            whole(entry.get("n_predicted") or 0),
            *(three(entry.get(name)) for name in ("precision", "recall", "f1")),
        )
        for entry in entries
    ]
    first = Table("Scores of each class", heads, rows[:N_OPEN])
    rest = rows[N_OPEN:]
    return first, Table("Scores of the other classes", heads, rest) if rest else None


def about_label_sets(source: ReportSource) -> list[str]:
    """What a label set promises, and what was measured."""
    found = block(source.metrics, "label_set")
    threshold, wished = found.get("threshold"), found.get("coverage")
    if threshold is None or wished is None:
        return [sentence(found["reason"])] if found.get("reason") else []
    measured = block(found, "measured")
    texts = [
        f"Beside the label, an answer can name every class that is still in question: those with a "
        f"probability of at least {figure(threshold)}. The set is made to hold the actual class "
        f"for {percent(wished)} of new rows; an empty set says that no class is likely enough."
    ]
    if measured.get("coverage") is not None:
        texts.append(
            f"Measured on {int(measured.get('n_rows', source.n_holdout)):,} rows of the holdout: "
            f"the set held the actual class for {part(measured['coverage'])} "
            f"(95 % interval {_parts(measured)}), with {figure(_two(measured.get('mean_size')))} "
            f"classes on average; {part(measured.get('share_single'))} of the sets name one class, "
            f"{part(measured.get('share_empty'))} are empty."
        )
    return [*texts, *how_promised(found)]


def _parts(measured: Mapping[str, Any]) -> str:
    low, high = measured.get("low"), measured.get("high")
    return between(None, None) if low is None or high is None else f"{part(low)} to {part(high)}"


def _two(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
