"""A weighted mean of several configurations, and the question whether it is worth having.

Weights are chosen on out-of-fold answers, so an ensemble costs no fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.records import Metric
from automl_training.scoring import loss_of, score_of
from automl_training.scoring.metrics import Scored, Weighted, measure
from automl_training.search.kept import Kept
from automl_training.search.portfolio import MAX_LEAVES, MAX_TREES
from automl_training.search.records import EnsembleNote, Member, SearchSpec, TrainingRows

Floats = NDArray[np.float64]

#: Steps of the greedy choice; the weights are multiples of one over their number.
MAX_STEPS = 20

#: Steps without a gain after which no further one is tried.
MAX_IDLE_STEPS = 4

MAX_MEMBERS = 6

#: Parts of the rows whose answers are made with weights that were chosen on the others.
N_PARTS = 4

#: Rows on which weights are chosen and gains are measured; more of them move the weights by
#: less than one step. Ranks and labels take a hundred times longer than means of losses: for
#: them so many cells of answers.
MAX_ROWS = 10_000
MAX_CELLS = 10_000
MIN_ROWS = 1_000

#: Metrics that are the mean of a loss of each row.
QUICK: frozenset[Metric] = frozenset({"log_loss", "rmse", "r2", "mae"})

N_RESAMPLES = 200

#: The gain's interval: it has to be above 0 in four of five resamples. A stricter rule gave up
#: gains of 1 % on tables of 2,000 rows.
LOW, HIGH = 20.0, 80.0

Loss = Callable[[Floats], float]


@dataclass(frozen=True)
class Pool:
    """Trials that may become members, best first, with their answers to the same rows.

    Parameters
    ----------
    predictions : ndarray of shape (n_trials, n_rows, n_classes) or (n_trials, n_rows)
    target : ndarray of shape (n_rows,)
    weights : ndarray of shape (n_rows,) or None
    """

    spec: SearchSpec
    kept: Sequence[Kept]
    predictions: Floats
    target: NDArray[Any]
    weights: Floats | None

    def part(self, rows: NDArray[Any]) -> Pool:
        """Some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Pool(self.spec, self.kept, self.predictions[:, rows], self.target[rows], weights)

    def losses(self, predictions: Floats, resamples: Floats | None = None) -> Floats:
        """Loss of answers to all rows, or in each resample (n_resamples, n_rows)."""
        base = np.ones(self.target.size) if self.weights is None else self.weights
        batches = base[np.newaxis] if resamples is None else resamples * base
        scored = Scored(self.spec.task, self.target, predictions)
        values = measure(self.spec.metric).of(Weighted(scored, batches))
        losses = np.array([loss_of(self.spec.metric, value) for value in values])
        return np.where(np.isfinite(losses), losses, np.inf)


def pool_of(spec: SearchSpec, data: TrainingRows, kept: Sequence[Kept]) -> Pool:
    """Gather the kept trials' answers, on a sample of the rows if they are many."""
    rows = kept[0].rows
    most = MAX_ROWS
    if spec.metric not in QUICK:
        most = max(MIN_ROWS, MAX_CELLS // max(1, spec.n_classes))
    picked = np.sort(np.random.default_rng(spec.seed).permutation(rows.size)[:most])
    weights = None if data.weights is None else data.weights[rows[picked]]
    predictions = np.stack([one.predictions[picked] for one in kept]).astype(np.float64)
    return Pool(spec, kept, predictions, data.target[rows[picked]], weights)


def greedy_weights(pool: Pool) -> Floats:
    """Choose weights by adding, again and again, the trial that helps most.

    A trial may be added several times; the best prefix of the additions counts.

    Returns
    -------
    ndarray of shape (n_trials,)
        They sum to 1.

    References
    ----------
    Caruana et al.: Ensemble selection from libraries of models, ICML 2004.
    """
    loss_with = _quick_loss(pool)
    n_trials = len(pool.kept)
    counts = np.zeros(n_trials, np.int64)
    best, best_counts = np.inf, counts
    for step in range(1, MAX_STEPS + 1):
        allowed = [number for number in range(n_trials) if _fits(pool.kept, counts, number)]
        losses = loss_with(counts, allowed)
        chosen = int(np.argmin(losses))
        counts = counts.copy()
        counts[allowed[chosen]] += 1
        if losses[chosen] < best:
            best, best_counts = float(losses[chosen]), counts
        elif step - int(best_counts.sum()) >= MAX_IDLE_STEPS:
            break
    return np.asarray(best_counts / best_counts.sum())


def _fits(kept: Sequence[Kept], counts: NDArray[np.int64], number: int) -> bool:
    """Tell whether the exported graph bears one more member."""
    members = {*np.flatnonzero(counts).tolist(), number}
    if len(members) == 1:
        return True
    return (
        len(members) <= MAX_MEMBERS
        and sum(kept[member].n_trees for member in members) <= MAX_TREES
        and sum(kept[member].n_leaves for member in members) <= MAX_LEAVES
    )


def _quick_loss(pool: Pool) -> Callable[[NDArray[np.int64], Sequence[int]], Floats]:
    """Make a function of counts and candidates: the loss with each candidate added once."""
    metric, predictions = pool.spec.metric, pool.predictions
    weights = np.ones(pool.target.size) if pool.weights is None else pool.weights
    share = weights / weights.sum()
    if metric == "log_loss":
        # Only the probability of the actual class matters.
        given = predictions[:, np.arange(pool.target.size), pool.target]

        def log_loss(counts: NDArray[np.int64], allowed: Sequence[int]) -> Floats:
            mixed = (counts @ given + given[allowed]) / (counts.sum() + 1)
            return np.asarray(-np.log(np.clip(mixed, 1e-15, 1.0)) @ share)

        return log_loss
    if metric in {"rmse", "r2", "mae"}:

        def error(counts: NDArray[np.int64], allowed: Sequence[int]) -> Floats:
            mixed = (counts @ predictions + predictions[allowed]) / (counts.sum() + 1)
            gaps = np.abs(mixed - pool.target)
            return np.asarray((gaps if metric == "mae" else gaps**2) @ share)

        return error

    def any_loss(counts: NDArray[np.int64], allowed: Sequence[int]) -> Floats:
        total = np.tensordot(counts.astype(np.float64), predictions, axes=1)
        n = counts.sum() + 1
        return np.array([pool.losses((total + predictions[number]) / n)[0] for number in allowed])

    return any_loss


def judge(pool: Pool) -> tuple[EnsembleNote, Floats]:
    """Decide whether an ensemble beats the best single trial by more than noise.

    Both are chosen on three quarters of the rows and answer the fourth, in turn; so neither
    has the advantage of having been picked for the rows that it is judged on.

    Returns
    -------
    EnsembleNote
        With its members if it was chosen.
    ndarray of shape (n_trials,)
        Weights that were chosen on all rows.
    """
    spec = pool.spec
    weights = greedy_weights(pool)
    if np.count_nonzero(weights) < 2:
        reason = "No mean of several models had a smaller loss than the best one alone."
        return EnsembleNote(considered=True, chosen=False, reason=reason), weights
    together, alone = _cross_fitted(pool)
    rng = np.random.default_rng(spec.seed)
    n = pool.target.size
    gains = np.concatenate(
        [
            pool.losses(alone, resamples) - pool.losses(together, resamples)
            for resamples in (
                rng.multinomial(n, np.full(n, 1 / n), N_RESAMPLES // 4).astype(np.float64)
                for _ in range(4)
            )
        ]
    )
    gains = gains[np.isfinite(gains)]
    loss, loss_alone = float(pool.losses(together)[0]), float(pool.losses(alone)[0])
    gain = loss_alone - loss
    low, high = np.percentile(gains, [LOW, HIGH]) if gains.size else (-np.inf, np.inf)
    is_better = bool(gain > 0 and low > 0)
    return (
        EnsembleNote(
            considered=True,
            chosen=is_better,
            reason="Its loss is smaller than the best single model's in four of five resamples "
            "of rows that its weights were not chosen on."
            if is_better
            else "Its gain over the best single model is within the noise of the rows.",
            score=score_of(spec.metric, loss),
            best_single_score=score_of(spec.metric, loss_alone),
            gain=gain,
            gain_low=float(low) if np.isfinite(low) else None,
            gain_high=float(high) if np.isfinite(high) else None,
            members=members_of(pool.kept, weights),
        ),
        weights,
    )


def members_of(kept: Sequence[Kept], weights: Floats) -> tuple[Member, ...]:
    """Members with a weight, the heaviest first."""
    made = [
        Member(one.trial.family, one.trial.trial_id, float(weight), one.trial.score)
        for one, weight in zip(kept, weights, strict=True)
        if weight > 0
    ]
    return tuple(sorted(made, key=lambda member: (-member.weight, member.trial_id)))


def _cross_fitted(pool: Pool) -> tuple[Floats, Floats]:
    """Answers of ensembles, and of best trials, that were chosen on other rows."""
    n = pool.target.size
    order = np.random.default_rng(pool.spec.seed).permutation(n)
    if pool.spec.task != "regression":
        order = order[np.argsort(pool.target[order], kind="stable")]
    part_of = np.empty(n, np.int64)
    part_of[order] = np.arange(n) % N_PARTS
    together, alone = np.empty_like(pool.predictions[0]), np.empty_like(pool.predictions[0])
    for part in range(N_PARTS):
        here = part_of == part
        others = pool.part(~here)
        together[here] = np.tensordot(greedy_weights(others), pool.predictions[:, here], axes=1)
        losses = [others.losses(predictions)[0] for predictions in others.predictions]
        alone[here] = pool.predictions[int(np.argmin(losses)), here]
    return together, alone
