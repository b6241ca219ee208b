"""Setting rows aside: which rows train, and which are the holdout that is looked at once.

Deterministic by seed. Rows without a target belong to neither side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.errors import ConfigInvalidError, TableTooShortError, TargetUnusableError
from automl_core.records import Plan, SplitMethod

Rows = NDArray[np.int64]

#: A class with this many rows or more is seen in the holdout at least once.
MIN_ROWS_FOR_HOLDOUT = 5

#: Random orders of the groups that are tried; the one closest to the wished share, and to
#: the classes' shares, is taken. More changed nothing on tables of 20 to 5,000 groups.
N_GROUP_ORDERS = 20


@dataclass(frozen=True)
class Split:
    """Which rows of the table train and which are set aside.

    ``train`` is in ascending order of rows, or, for the method ``time``, in order of time
    (oldest first), so that the rows taken in this order are a time series.
    ``holdout`` likewise. ``notes`` are sentences for the report.
    """

    train: Rows
    holdout: Rows
    method: SplitMethod
    seed: int
    notes: tuple[str, ...] = ()


def split_rows(
    y: NDArray[Any],
    plan: Plan,
    *,
    times: NDArray[Any] | None = None,
    groups: NDArray[Any] | None = None,
    is_given_holdout: NDArray[np.bool_] | None = None,
    seed: int,
) -> Split:
    """Divide the rows that have a target into training rows and holdout rows.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        The target as read or as coded; None, NaN and NaT are missing.
    plan : Plan
        Its ``split`` names the method and the share of the holdout, its ``task`` tells
        whether ``y`` holds classes.
    times : ndarray of shape (n_rows,), optional
        Time of each row (``datetime64`` or numbers); needed by the method ``time``. Rows
        without a time count as the oldest.
    groups : ndarray of shape (n_rows,), optional
        Group of each row; needed by the method ``group``. A row without a group is a group
        of its own. With the method ``time`` no group stays on both sides: its rows on one of
        them are left out.
    is_given_holdout : ndarray of bool of shape (n_rows,), optional
        For the method ``given``, where the holdout's rows follow the training rows in one
        table. Without it, every row trains and the holdout is empty (it is another table).
    seed : int
        Same seed, same split.

    Raises
    ------
    ConfigInvalidError
        If the method lacks its column, or that column cannot divide the rows.
    TableTooShortError
        If fewer than two rows have a target.
    TargetUnusableError
        If the training rows of a classification hold one class only.
    """
    has_target = ~is_missing(y)
    rows = np.flatnonzero(has_target)
    if rows.size < 2:
        raise TableTooShortError(
            f"Only {rows.size} of {y.size} rows have a value in {plan.target_column!r}; at least "
            "two are needed to train on one and check on the other. Upload more rows.",
            pointer=plan.target_column,
        )
    is_classification = plan.task != "regression"
    codes = _codes(y[rows]) if is_classification else None
    method, share = plan.split.method, plan.split.test_size
    rng = np.random.default_rng(seed)
    notes: list[str] = []

    everything = np.arange(rows.size)
    if method == "time":
        sides = _by_time(rows, _needed(times, "time", plan), share, notes)
        if groups is not None:
            sides = _apart(groups[rows], sides, plan, notes)
    else:
        if method == "given":
            held = np.zeros(rows.size, bool) if is_given_holdout is None else is_given_holdout[rows]
        elif method == "group":
            held = _by_group(_needed(groups, "group", plan)[rows], codes, share, rng, plan)
        elif method == "stratified":
            held = _stratified(_needed_classes(codes), share, rng)
        else:
            held = np.zeros(rows.size, bool)
            held[rng.permutation(rows.size)[: _holdout_size(rows.size, share)]] = True
        sides = (everything[~held], everything[held])
    return _finish(rows, sides, codes, plan=plan, seed=seed, notes=notes)


def is_missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which cells hold nothing: None, NaN or NaT."""
    if values.dtype.kind in "mM":
        return np.asarray(np.isnat(values))
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype.kind == "O":
        # NaN is the one value that differs from itself.
        return np.fromiter((v is None or v != v for v in values), bool, values.size)  # noqa: PLR0124
    return np.zeros(values.shape, bool)


def _codes(values: NDArray[Any]) -> NDArray[np.int64]:
    """Number equal values alike, in the order of their first appearance."""
    if values.dtype.kind != "O":
        return np.asarray(np.unique(values, return_inverse=True)[1], np.int64)
    seen: dict[Any, int] = {}
    return np.fromiter((seen.setdefault(v, len(seen)) for v in values), np.int64, values.size)


def _needed(values: NDArray[Any] | None, what: str, plan: Plan) -> NDArray[Any]:
    if values is None:
        raise ConfigInvalidError(
            f"A split by {what} needs a {what} column, and the plan for "
            f"{plan.target_column!r} names none; set {what}_column or choose another split.",
            pointer=f"{what}_column",
        )
    return values


def _needed_classes(codes: NDArray[np.int64] | None) -> NDArray[np.int64]:
    if codes is None:
        raise ConfigInvalidError(
            "A stratified split needs classes, but the task is regression; use a random split.",
            pointer="split",
        )
    return codes


def _holdout_size(n_rows: int, share: float) -> int:
    return int(np.clip(round(n_rows * share), 1, n_rows - 1))


def _stratified(
    codes: NDArray[np.int64], share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Give each class its share of the holdout by largest remainders, rare classes guarded."""
    counts = np.bincount(codes)
    wished = counts * share
    held_of = np.floor(wished).astype(np.int64)
    by_remainder = np.argsort(held_of - wished, kind="stable")
    held_of[by_remainder[: _holdout_size(codes.size, share) - int(held_of.sum())]] += 1
    # A class of one row trains; of two to four rows at least one does; from five rows on
    # both sides see it.
    held_of = np.maximum(held_of, np.where(counts >= MIN_ROWS_FOR_HOLDOUT, 1, 0))
    held_of = np.minimum(held_of, np.maximum(counts - 1, 0))

    order = rng.permutation(codes.size)
    order = order[np.argsort(codes[order], kind="stable")]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    position = np.arange(codes.size) - np.repeat(starts, counts)
    held = np.zeros(codes.size, bool)
    held[order] = position < np.repeat(held_of, counts)
    return held


def _by_time(rows: Rows, times: NDArray[Any], share: float, notes: list[str]) -> tuple[Rows, Rows]:
    """Order the rows by time and cut where a new moment begins, nearest to the share."""
    without = is_missing(times[rows])
    if without.any():
        notes.append(f"{int(without.sum())} rows without a time train as if they were the oldest.")
    timed = np.flatnonzero(~without)
    timed = timed[np.argsort(times[rows][timed], kind="stable")]
    ordered = np.concatenate([np.flatnonzero(without), timed])
    moments = times[rows][timed]
    starts = np.flatnonzero(moments[1:] != moments[:-1]) + 1 if moments.size else timed
    # With rows that have no time, even the first moment may begin the holdout.
    cuts = int(without.sum()) + (np.concatenate([[0], starts]) if without.any() else starts)
    cuts = cuts[cuts < rows.size]
    if cuts.size == 0:
        raise ConfigInvalidError(
            "The time column holds one moment only, so there are no later rows to check on; "
            "choose another time column or a random split.",
            pointer="time_column",
        )
    wished = rows.size - _holdout_size(rows.size, share)
    cut = int(cuts[np.argmin(np.abs(cuts - wished))])
    return ordered[:cut], ordered[cut:]


def _apart(
    groups: NDArray[Any], sides: tuple[Rows, Rows], plan: Plan, notes: list[str]
) -> tuple[Rows, Rows]:
    """Take groups that a cut in time divides out of one side, so that none is on both.

    The groups with the largest share of their rows after the cut are held out, until the
    holdout has half of its rows again; of the others the later rows are left out.
    """
    train, holdout = sides
    codes = _group_codes(groups)
    before = np.bincount(codes[train], minlength=int(codes.max()) + 1)
    after = np.bincount(codes[holdout], minlength=before.size)
    is_both = (before > 0) & (after > 0)
    if not is_both.any():
        return sides
    is_held = (after > 0) & ~is_both
    both = np.flatnonzero(is_both)
    both = both[np.argsort(-(after[both] / (before[both] + after[both])), kind="stable")]
    wanted = holdout.size / 2 - int(after[is_held].sum())
    n_taken = int(np.searchsorted(np.cumsum(after[both]), wanted) + 1) if wanted > 0 else 0
    is_held[both[:n_taken]] = True
    kept = train[~is_held[codes[train]]], holdout[is_held[codes[holdout]]]
    if min(kept[0].size, kept[1].size) == 0:
        raise ConfigInvalidError(
            f"Every group of {plan.split.group_column!r} has rows before and after the latest "
            f"{plan.split.test_size:.0%}, so no later rows of other groups can be held out; "
            "choose a split by time or by group alone.",
            pointer="group_column",
        )
    notes.append(
        f"{both.size} groups have rows on both sides of the cut in time: "
        f"{train.size - kept[0].size} earlier and {holdout.size - kept[1].size} later rows of "
        "them were left out, so that no group is on both sides."
    )
    return kept


def _group_codes(groups: NDArray[Any]) -> NDArray[np.int64]:
    """Number the groups; a row without a group is one of its own."""
    without = is_missing(groups)
    of_row = np.empty(groups.size, np.int64)
    of_row[~without] = _codes(groups[~without])
    n_named = int(of_row[~without].max()) + 1 if (~without).any() else 0
    of_row[without] = n_named + np.arange(int(without.sum()))
    return of_row


def _by_group(
    groups: NDArray[Any],
    codes: NDArray[np.int64] | None,
    share: float,
    rng: np.random.Generator,
    plan: Plan,
) -> NDArray[np.bool_]:
    """Hold out whole groups; of several random choices take the one nearest to the shares."""
    of_row = _group_codes(groups)
    sizes = np.bincount(of_row)
    if sizes.size < 2:
        raise ConfigInvalidError(
            f"The group column {plan.split.group_column!r} holds one group only, so none can be "
            "held out; choose another group column or a random split.",
            pointer="group_column",
        )

    def cost_of(held: NDArray[np.bool_]) -> float:
        cost = abs(float(held.mean()) - share)
        if codes is None:
            return cost
        total = np.bincount(codes)
        in_holdout = np.bincount(codes[held], minlength=total.size)
        # A class that no training row has cannot be learned: worse than any wrong share.
        unlearnable = float(np.sum(in_holdout == total))
        drift = np.abs(in_holdout / max(1, held.sum()) - total / codes.size).sum() / 2
        return cost + float(drift) + unlearnable

    return _best_order(of_row, sizes, share, rng, cost_of)


def _best_order(
    of_row: NDArray[np.int64],
    sizes: NDArray[np.int64],
    share: float,
    rng: np.random.Generator,
    cost_of: Callable[[NDArray[np.bool_]], float],
) -> NDArray[np.bool_]:
    wished = _holdout_size(of_row.size, share)
    best: tuple[float, NDArray[np.bool_]] | None = None
    for _ in range(N_GROUP_ORDERS):
        order = rng.permutation(sizes.size)
        taken = np.cumsum(sizes[order])[:-1]
        n_taken = int(np.argmin(np.abs(taken - wished))) + 1
        is_held = np.zeros(sizes.size, bool)
        is_held[order[:n_taken]] = True
        held = is_held[of_row]
        cost = cost_of(held)
        if best is None or cost < best[0]:
            best = (cost, held)
    assert best is not None
    return best[1]


def _finish(
    rows: Rows,
    sides: tuple[Rows, Rows],
    codes: NDArray[np.int64] | None,
    *,
    plan: Plan,
    seed: int,
    notes: list[str],
) -> Split:
    """Turn positions into rows, and leave out holdout rows of classes nobody can learn."""
    train, holdout = sides
    if codes is not None:
        learned = np.bincount(codes[train], minlength=int(codes.max()) + 1) > 0
        if int(learned.sum()) < 2:
            raise TargetUnusableError(
                f"After the {plan.split.method} split the {train.size} training rows hold one "
                f"class of {plan.target_column!r} only; choose another split or upload more rows.",
                pointer=plan.target_column,
            )
        unknown = ~learned[codes[holdout]]
        if unknown.any():
            notes.append(
                f"{int(unknown.sum())} holdout rows were left out: no training row has their "
                "class, so no model can know it."
            )
            holdout = holdout[~unknown]
    if plan.split.method != "given" and holdout.size == 0:
        raise TableTooShortError(
            f"The {plan.split.method} split of {rows.size} rows leaves none to check a model on; "
            "upload more rows or choose another split.",
            pointer=plan.target_column,
        )
    return Split(rows[train], rows[holdout], plan.split.method, seed, tuple(notes))
