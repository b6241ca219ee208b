"""From a fitted model to ONNX bytes, and the measure of how well they agree."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from automl_core.bundle.runtime import BundleError, Encoder, open_session
from automl_core.errors import ParityError
from automl_core.records import FamilyName, Task
from automl_training.families import Blend, Candidate, Coded, family, predict_matrix
from automl_training.families.graph import Member, write_graph

#: Larger models load for seconds and crowd out others where predictions are answered.
MAX_MODEL_BYTES = 60 * 1024**2

#: Largest difference of a probability, and of a value relative to max(1, |value|). The
#: graph adds float32 leaves where some models add float64 ones; a wrong branch is off by
#: orders of magnitude more.
PROBABILITY_TOLERANCE = 1e-5
VALUE_TOLERANCE = 1e-4
#: Two classes closer than this are tied: their order is a matter of rounding.
TIE = 1e-6

#: Rows of the matrix compared at once.
_BLOCK_ROWS = 20_000
#: Rows that :func:`stress_rows` makes, as far as the number of columns allows.
_STRESS_ROWS = 2_000
_MAX_STRESS_BASES = 20
_UNSEEN = "\0no value of any table"
#: Kinds of columns that can hold a value which no training row had, as such.
_OPEN_KINDS = frozenset({"categorical", "text"})

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ParityResult:
    """How well two sets of answers to the same rows agree.

    Attributes
    ----------
    passed : bool
        Every gap within ``tolerance``, no other label outside ties, all answers finite.
    max_gap : float
        Largest difference of a probability; of a value relative to max(1, |value|).
        Infinite if an answer is not finite.
    label_flips : int
        Rows with another label, ties left out; 0 for regression.
    exact_ties : int
        Rows whose two most probable classes differ by less than ``TIE``.
    """

    passed: bool
    n_rows: int
    max_gap: float
    label_flips: int
    exact_ties: int
    tolerance: float


def to_onnx_bytes(
    candidate: Candidate, n_features: int, *, max_bytes: int = MAX_MODEL_BYTES
) -> bytes:
    """Export a fitted model; the same model gives the same bytes.

    Raises
    ------
    ParityError
        If the model cannot be expressed exactly, lacks a class, or is too large to serve.
    """
    graph = _graph(candidate, n_features)
    size = graph.ByteSize()
    if size > max_bytes:
        raise ParityError(
            f"The exported model has {size / 1024**2:.0f} MB;"
            f" at most {max_bytes / 1024**2:.0f} MB are served.",
            n_bytes=size,
        )
    return bytes(graph.SerializeToString(deterministic=True))


def export_within_size(
    candidate: Candidate, n_features: int, *, max_bytes: int = MAX_MODEL_BYTES
) -> tuple[Candidate, bytes, str | None]:
    """Export a fitted model; of a blend that is too large, as much as can be served.

    First goes the member that adds the least weight for its size.

    Returns
    -------
    Candidate
        As given; or with fewer members, their weights raised to sum to 1, which the caller
        must put to the proof like any other.
    bytes
        Its graph.
    str or None
        What was left out, in words; None: nothing.

    Raises
    ------
    ParityError
        If the model cannot be expressed exactly, or what is left is too large to serve.
    """
    try:
        return candidate, to_onnx_bytes(candidate, n_features, max_bytes=max_bytes), None
    except ParityError as error:
        members = members_of(candidate)
        if "n_bytes" not in error.context or len(members) == 1:
            raise
    sizes = [
        _graph(replace(candidate, family=name, estimator=estimator), n_features).ByteSize()
        for name, _, estimator in members
    ]
    kept = sorted(range(len(members)), key=lambda at: members[at][1] / sizes[at], reverse=True)
    while len(kept) > 1 and sum(sizes[at] for at in kept) > max_bytes:
        kept.pop()
    kept.sort()
    total = math.fsum(members[at][1] for at in kept)
    blend = Blend(
        members=tuple(members[at][2] for at in kept),
        weights=tuple(members[at][1] / total for at in kept),
        families=tuple(members[at][0] for at in kept),
    )
    gone = {members[at][0] for at in range(len(members)) if at not in kept}
    note = (
        f"{len(members) - len(kept)} of {len(members)} models of the blend"
        f" ({', '.join(sorted(gone))}) were left out: all of them have"
        f" {sum(sizes) / 1024**2:.0f} MB, and at most {max_bytes / 1024**2:.0f} MB are served."
    )
    smaller = replace(candidate, estimator=blend)
    return smaller, to_onnx_bytes(smaller, n_features, max_bytes=max_bytes), note


def _graph(candidate: Candidate, n_features: int) -> Any:
    return write_graph(
        [_read(candidate, *member) for member in members_of(candidate)],
        n_features=n_features,
        task=candidate.task,
        n_classes=candidate.n_classes,
        calibrator=candidate.calibrator,
    )


def members_of(candidate: Candidate) -> list[tuple[FamilyName, float, Any]]:
    """Family, weight and estimator (raw, or ``Coded``) of each model in a candidate."""
    estimator = candidate.estimator
    if isinstance(estimator, Blend):
        return list(zip(estimator.families, estimator.weights, estimator.members, strict=True))
    if candidate.family == "ensemble":
        raise ParityError("An ensemble that is no blend of models is not exported.")
    return [(candidate.family, 1.0, estimator)]


def _read(candidate: Candidate, name: FamilyName, weight: float, estimator: Any) -> Member:
    codes = None
    if isinstance(estimator, Coded):
        codes, estimator = estimator.codes, estimator.estimator
    if candidate.task != "regression":
        learned = np.asarray(estimator.classes_)
        if not np.array_equal(learned, np.arange(candidate.n_classes)):
            raise ParityError(
                f"The model has learned {len(learned)} of {candidate.n_classes} classes;"
                " the others have no row among those it was fitted on."
            )
    part = family(name).read(estimator, candidate.task, candidate.n_classes)
    return Member(part, weight, codes)


def compare(candidate: Candidate, model: bytes, matrix: Matrix) -> ParityResult:
    """Let the fitted model and its exported graph answer the same encoded rows.

    Raises
    ------
    ParityError
        If the exported graph is refused by the predictor.
    """
    try:
        session = open_session(model)
    except BundleError as error:
        raise ParityError(f"The exported model cannot be loaded: {error}") from error
    results = [
        compare_outputs(
            predict_matrix(candidate, block),
            session.run(None, {"x": block})[0].astype(np.float64),
            candidate.task,
        )
        for block in _blocks(matrix)
    ]
    return ParityResult(
        passed=all(result.passed for result in results),
        n_rows=len(matrix),
        max_gap=max((result.max_gap for result in results), default=0.0),
        label_flips=sum(result.label_flips for result in results),
        exact_ties=sum(result.exact_ties for result in results),
        tolerance=_tolerance(candidate.task),
    )


def compare_outputs(
    expected: npt.NDArray[np.float64], found: npt.NDArray[np.float64], task: Task
) -> ParityResult:
    """Compare answers to the same rows.

    Parameters
    ----------
    expected, found : ndarray of shape (n_rows, n_classes), or (n_rows,) or (n_rows, 1)
        Of the fitted model and of the exported one.
    """
    expected = expected.reshape(len(expected), -1)
    found = found.reshape(len(found), -1)
    tolerance = _tolerance(task)
    is_finite = np.isfinite(expected).all() and np.isfinite(found).all()
    if expected.shape != found.shape or not is_finite:
        return ParityResult(False, len(expected), float("inf"), 0, 0, tolerance)
    gaps = np.abs(expected - found)
    flips = ties = 0
    if task == "regression":
        gaps /= np.maximum(1.0, np.abs(expected))
    else:
        best = np.sort(expected, axis=1)[:, -2:]
        is_tied = best[:, 1] - best[:, 0] < TIE
        is_other = expected.argmax(axis=1) != found.argmax(axis=1)
        flips, ties = int((is_other & ~is_tied).sum()), int(is_tied.sum())
    max_gap = float(gaps.max(initial=0.0))
    passed = max_gap <= tolerance and flips == 0
    return ParityResult(passed, len(expected), max_gap, flips, ties, tolerance)


def stress_rows(columns: Sequence[Mapping[str, Any]], matrix: Matrix) -> Matrix:
    """Make rows that the data may not hold: each column missing, each category unseen.

    Parameters
    ----------
    columns : sequence of mapping
        The manifest's columns.
    matrix : ndarray of shape (n_rows, n_features)
        Encoded rows to change, one column at a time; may be empty.

    Returns
    -------
    ndarray of float32, shape (n_stress_rows, n_features)
        First a row with everything missing and one with every category unseen.
    """
    encoder = Encoder(columns)
    odd = encoder.encode(
        {
            column["name"]: [None, _UNSEEN if column["kind"] in _OPEN_KINDS else None]
            for column in columns
        },
        2,
    )
    n_bases = min(len(matrix), _MAX_STRESS_BASES, 1 + _STRESS_ROWS // (2 * len(columns)))
    picked = np.linspace(0, max(0, len(matrix) - 1), n_bases).astype(int)
    bases = matrix[picked]
    made = [odd]
    names = np.array(encoder.feature_columns)
    for column in columns:
        is_part = names == column["name"]
        for row in odd[: 2 if column["kind"] in _OPEN_KINDS else 1]:
            changed = bases.copy()
            changed[:, is_part] = row[is_part]
            made.append(changed)
    return np.concatenate(made)


def _tolerance(task: Task) -> float:
    return VALUE_TOLERANCE if task == "regression" else PROBABILITY_TOLERANCE


def _blocks(matrix: Matrix) -> Iterator[Matrix]:
    for start in range(0, len(matrix), _BLOCK_ROWS):
        yield matrix[start : start + _BLOCK_ROWS]
