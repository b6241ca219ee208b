"""What a plan warns of, and what stops it: sentences with numbers and a way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from automl_core.records import ClassCount, PlanFeature, PlanNote
from automl_core.tabular.schema import ColumnSchema, TableSchema
from automl_core.tabular.thresholds import (
    FEW_ROWS,
    HIGH_MISSING_SHARE,
    IMBALANCE_SHARE,
    MIN_CLASS_ROWS,
    MIN_COLUMNS,
    MIN_ROWS,
    RARE_CLASS_ROWS,
)

#: Findings of the profile that a plan repeats, since they change what a score is worth.
_REPEATED_FINDINGS: Final = ("duplicates", "conflicting-labels", "groups", "time-order")
_SHOWN: Final = 8


def blocking_notes(
    schema: TableSchema,
    target: ColumnSchema,
    *,
    refusal: PlanNote | None,
    classes: Sequence[ClassCount],
    features: Sequence[PlanFeature],
) -> list[PlanNote]:
    """Tell what makes training impossible; codes are those of the errors raised for them."""
    notes: list[PlanNote] = []
    if len(schema.columns) < MIN_COLUMNS:
        notes.append(
            PlanNote(
                code="table-too-narrow",
                text=f"The table has {_n(len(schema.columns), 'column')}; a target and at least "
                "one column to learn from are needed. Check the delimiter.",
            )
        )
    n_usable = schema.n_rows - target.n_missing
    if n_usable < MIN_ROWS:
        without = f" of {schema.n_rows:,}" if target.n_missing else ""
        have = "has" if n_usable == 1 else "have"
        notes.append(
            PlanNote(
                code="table-too-short",
                text=f"{_n(n_usable, 'row')}{without} {have} a value of {target.name!r}, and at "
                f"least {MIN_ROWS} are needed to train and to check a model. Add rows.",
            )
        )
    if refusal is not None:
        notes.append(refusal)
    notes += _tiny_classes(target, classes)
    if not features and len(schema.columns) >= MIN_COLUMNS:
        notes.append(
            PlanNote(
                code="no-features",
                text="Every column besides the target is dropped; see the reasons beside each. "
                "Add a column that describes the rows, or exclude fewer.",
            )
        )
    return notes


def _tiny_classes(target: ColumnSchema, classes: Sequence[ClassCount]) -> list[PlanNote]:
    tiny = [found for found in classes if found.rows < MIN_CLASS_ROWS]
    if not tiny:
        return []
    names = _list([repr(found.label) for found in tiny])
    subject = f"The class {names} has" if len(tiny) == 1 else f"The classes {names} have"
    return [
        PlanNote(
            code="target-unusable",
            columns=[target.name],
            text=f"{subject} a single row in column {target.name!r}: it cannot be both learned "
            f"and checked. Add rows of {'it' if len(tiny) == 1 else 'them'} (10 or more are "
            "better), merge with another class, or remove the row"
            f"{'' if len(tiny) == 1 else 's'}.",
        )
    ]


def warning_notes(
    schema: TableSchema,
    target: ColumnSchema,
    *,
    classes: Sequence[ClassCount],
    features: Sequence[PlanFeature],
    n_usable: int,
    profile: Mapping[str, Any] | None,
    group: str | None,
    time: str | None,
    family_reason: str | None,
) -> list[PlanNote]:
    """Tell what does not stop a training but changes what its score is worth."""
    names = {feature.name for feature in features}
    return [
        *_from_profile(profile, names, target.name, group=group, time=time),
        *_about_classes(target, classes, n_usable),
        *_about_rows(schema, target, features, n_usable),
        *_about_missing(schema, names),
        *([PlanNote(code="families-left-out", text=family_reason)] if family_reason else []),
    ]


def _from_profile(
    profile: Mapping[str, Any] | None,
    features: set[str],
    target: str,
    *,
    group: str | None,
    time: str | None,
) -> list[PlanNote]:
    """Repeat findings, as far as they speak of columns that the model would read."""
    if profile is None or (profile.get("target") or {}).get("column") not in {None, target}:
        return []
    notes = []
    for finding in profile.get("findings", []):
        about_features = finding["code"].startswith("leakage-")
        if not about_features and finding["code"] not in _REPEATED_FINDINGS:
            continue
        columns = list(finding["columns"])
        # A formula that computes the target is harmless once one of its columns is left out.
        concerns = all if finding["code"] == "leakage-formula" else any
        if about_features and not concerns(column in features for column in columns):
            continue
        if finding["severity"] == "low" and (about_features or finding["code"] == "time-order"):
            continue
        if finding["code"] == "groups" and group in columns:
            continue
        if finding["code"] == "time-order" and time in columns:
            continue
        notes.append(
            PlanNote(
                code=finding["code"],
                columns=columns,
                text=f"{finding['sentence']} {finding['action']}".strip(),
            )
        )
    return notes


def _about_classes(
    target: ColumnSchema, classes: Sequence[ClassCount], n_usable: int
) -> list[PlanNote]:
    if not classes:
        return []
    notes = []
    rarest = min(classes, key=lambda found: (found.rows, found.label))
    if rarest.rows < IMBALANCE_SHARE * n_usable:
        usual = max(found.rows for found in classes) / max(n_usable, 1)
        notes.append(
            PlanNote(
                code="imbalance",
                columns=[target.name],
                text=f"The class {rarest.label!r} has {rarest.rows:,} of {n_usable:,} rows "
                f"({rarest.rows / n_usable:.2%}). Always answering the most frequent class would "
                f"be right in {usual:.1%} of rows, so accuracy says little here.",
            )
        )
    rare = [found for found in classes if MIN_CLASS_ROWS <= found.rows < RARE_CLASS_ROWS]
    if rare:
        shown = _list([f"{found.label!r} ({_n(found.rows, 'row')})" for found in rare])
        notes.append(
            PlanNote(
                code="rare-class",
                columns=[target.name],
                text=f"Fewer than {RARE_CLASS_ROWS} rows: {shown}. Their scores are uncertain; "
                "add rows or merge with another class.",
            )
        )
    return notes


def _about_rows(
    schema: TableSchema, target: ColumnSchema, features: Sequence[PlanFeature], n_usable: int
) -> list[PlanNote]:
    notes = []
    if n_usable < FEW_ROWS:
        notes.append(
            PlanNote(
                code="few-rows",
                text=f"{_n(n_usable, 'row')}: models are compared by cross-validation, and the "
                "score on the holdout comes with a wide interval.",
            )
        )
    if len(features) > n_usable:
        notes.append(
            PlanNote(
                code="wide",
                text=f"There are more columns to learn from ({len(features):,}) than rows "
                f"({n_usable:,}): some will fit by chance. Read the importances with care.",
            )
        )
    if target.n_missing:
        notes.append(
            PlanNote(
                code="target-missing-rows",
                columns=[target.name],
                text=f"{_n(target.n_missing, 'row')} of {schema.n_rows:,} without a value of "
                f"{target.name!r} are left out; no target is ever filled in.",
            )
        )
    if schema.rows_set_aside:
        notes.append(
            PlanNote(
                code="rows-set-aside",
                text=f"{_n(schema.rows_set_aside, 'line')} of the file could not be read as rows "
                "and are left out.",
            )
        )
    return notes


def _about_missing(schema: TableSchema, features: set[str]) -> list[PlanNote]:
    gappy = [
        column
        for column in schema.columns
        if column.name in features and column.n_missing >= HIGH_MISSING_SHARE * schema.n_rows
    ]
    if not gappy:
        return []
    gappy.sort(key=lambda column: (-column.n_missing, column.position))
    shown = _list([f"{column.name!r} ({column.n_missing / schema.n_rows:.0%})" for column in gappy])
    return [
        PlanNote(
            code="high-missing",
            columns=[column.name for column in gappy],
            text=f"Mostly or often empty: {shown}. They are kept, since an empty cell may mean "
            "'none'; exclude them if it does not.",
        )
    ]


def _n(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _list(items: Sequence[str]) -> str:
    shown = ", ".join(items[:_SHOWN])
    return f"{shown} and {len(items) - _SHOWN} more" if len(items) > _SHOWN else shown
