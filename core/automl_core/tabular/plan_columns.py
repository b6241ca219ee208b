"""Which columns a plan learns from, and the columns that options give a role of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final, Literal

from automl_core.errors import ConfigInvalidError, TargetMissingError
from automl_core.records import ColumnKind, DroppedColumn, PlanFeature, TrainConfig
from automl_core.tabular.schema import ColumnSchema, TableSchema

DropCode = Literal[
    "identifier", "constant", "empty", "text", "excluded", "weight", "group", "leakage"
]
_KIND_CODES: Final[Mapping[ColumnKind, DropCode]] = {
    "constant": "constant",
    "identifier": "identifier",
}

MAX_TEXT_COLUMNS: Final = 32
"""Columns of free text whose words are counted. Each adds tens to hundreds of features, so that
more of them would take the search's time for columns that say less and less."""


def find_target(schema: TableSchema, name: str) -> ColumnSchema:
    """Find the target by its final or original name.

    Raises
    ------
    TargetMissingError
        With the names that come close.
    """
    column = schema.column(name)
    if column is None:
        raise TargetMissingError(
            f"The table has no column {name!r}; {_suggest(schema, name)}",
            pointer="/target_column",
        )
    return column


def _suggest(schema: TableSchema, name: str) -> str:
    names = [column.name for column in schema.columns]
    lowered = {known.lower(): known for known in names}
    close = [lowered[match] for match in get_close_matches(name.lower(), lowered, n=3)]
    if close:
        return f"did you mean {' or '.join(repr(known) for known in close)}?"
    shown = ", ".join(repr(known) for known in names[:10])
    return f"its columns are {shown}{' …' if len(names) > 10 else ''}."


class Roles:
    """The columns that options name, checked.

    Attributes
    ----------
    excluded : frozenset of str
    time, group, weight : str or None
        Final names.

    Raises
    ------
    ConfigInvalidError
        If an option names the target, no column, or one that cannot serve.
    """

    def __init__(self, schema: TableSchema, target: ColumnSchema, config: TrainConfig) -> None:
        def find(option: str, name: str) -> ColumnSchema:
            column = schema.column(name)
            if column is None:
                raise ConfigInvalidError(
                    f"{option} names {name!r}, which is no column; {_suggest(schema, name)}",
                    pointer=f"/config/{option}",
                )
            if column.name == target.name:
                raise ConfigInvalidError(
                    f"{option} names {name!r}, which is the target; a column cannot be both.",
                    pointer=f"/config/{option}",
                )
            return column

        self.excluded = frozenset(
            find("exclude_columns", name).name for name in config.exclude_columns
        )
        self.time: str | None = None
        self.group: str | None = None
        self.weight: str | None = None
        if config.time_column is not None and config.group_column is not None:
            raise ConfigInvalidError(
                "time_column and group_column were both given, and rows can be set aside by "
                "only one of them. Leave one out.",
                pointer="/config/group_column",
            )
        if config.time_column is not None:
            self.time = self._time(find("time_column", config.time_column))
        if config.group_column is not None:
            self.group = self._group(find("group_column", config.group_column))
        if config.weight_column is not None:
            self.weight = self._weight(find("weight_column", config.weight_column))
        if self.weight is not None and self.weight in {self.time, self.group}:
            raise ConfigInvalidError(
                f"weight_column names {self.weight!r}, which already orders or groups the rows. "
                "Choose another column.",
                pointer="/config/weight_column",
            )

    @staticmethod
    def _time(column: ColumnSchema) -> str:
        if column.storage not in {"date", "datetime", "integer", "decimal"}:
            raise ConfigInvalidError(
                f"time_column {column.name!r} holds {column.storage} values, which have no order "
                "in time. Choose a column of dates or of increasing numbers.",
                pointer="/config/time_column",
            )
        if column.n_distinct < 2:
            raise ConfigInvalidError(
                f"time_column {column.name!r} has fewer than two different values, so it cannot "
                "order rows. Choose another column.",
                pointer="/config/time_column",
            )
        return column.name

    @staticmethod
    def _group(column: ColumnSchema) -> str:
        if column.n_distinct < 2:
            raise ConfigInvalidError(
                f"group_column {column.name!r} has fewer than two different values, so no group "
                "can be set aside. Choose another column.",
                pointer="/config/group_column",
            )
        return column.name

    @staticmethod
    def _weight(column: ColumnSchema) -> str:
        if column.storage not in {"integer", "decimal"}:
            raise ConfigInvalidError(
                f"weight_column {column.name!r} holds {column.storage} values; a weight is a "
                "number. Choose a numeric column.",
                pointer="/config/weight_column",
            )
        if column.minimum is not None and column.minimum < 0:
            raise ConfigInvalidError(
                f"weight_column {column.name!r} goes down to {column.minimum:g}; a weight cannot "
                "be negative. Choose another column.",
                pointer="/config/weight_column",
            )
        if column.n_missing > 0:
            raise ConfigInvalidError(
                f"weight_column {column.name!r} is missing in {column.n_missing:,} rows; every "
                "row needs a weight. Fill it or choose another column.",
                pointer="/config/weight_column",
            )
        return column.name


def sort_columns(
    schema: TableSchema, target: ColumnSchema, roles: Roles
) -> tuple[list[PlanFeature], list[DroppedColumn]]:
    """Sort the columns besides the target into features and dropped ones, with reasons."""
    features: list[PlanFeature] = []
    dropped: list[DroppedColumn] = []
    others = [column for column in schema.columns if column.name != target.name]
    read_texts = _choose_texts(others)
    for column in others:
        drop = _drop(column, schema.n_rows, roles)
        if drop is not None:
            dropped.append(drop)
        elif column.kind != "text":
            features.append(
                PlanFeature(name=column.name, kind=column.kind, reason=column.kind_reason)
            )
        elif column.name in read_texts:
            reason = f"{column.kind_reason} Its frequent words are counted."
            features.append(PlanFeature(name=column.name, kind="text", reason=reason))
        else:
            n_texts = sum(other.kind == "text" for other in others)
            reason = (
                f"{column.kind_reason} The table has {n_texts:,} columns of free text; the "
                f"{MAX_TEXT_COLUMNS} fullest of them are read."
            )
            dropped.append(DroppedColumn(name=column.name, code="text", reason=reason))
    return features, dropped


def _choose_texts(columns: Sequence[ColumnSchema]) -> frozenset[str]:
    """The columns of free text with the fewest gaps, the first of equal ones."""
    texts = [column for column in columns if column.kind == "text"]
    fullest = sorted(texts, key=lambda column: column.n_missing)
    return frozenset(column.name for column in fullest[:MAX_TEXT_COLUMNS])


def _drop(column: ColumnSchema, n_rows: int, roles: Roles) -> DroppedColumn | None:
    """What a user said comes before what the table says."""
    said: dict[str | None, tuple[DropCode, str]] = {
        **dict.fromkeys(roles.excluded, ("excluded", "Excluded in the options.")),
        roles.weight: ("weight", "Weighs the rows; it is not learned from."),
        roles.group: ("group", "Groups the rows of the split; it is not learned from."),
    }
    code: DropCode
    if column.name in said:
        code, reason = said[column.name]
    elif column.n_distinct == 0:
        code, reason = "empty", f"Empty in all {n_rows:,} rows."
    elif column.kind in _KIND_CODES:
        code, reason = _KIND_CODES[column.kind], column.kind_reason
    else:
        return None
    return DroppedColumn(name=column.name, code=code, reason=reason)
