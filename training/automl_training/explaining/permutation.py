"""Permutation importances: how much worse a model gets when one column tells nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from automl_core.records import Metric, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from automl_training.explaining.subject import Subject

    FloatArray = NDArray[np.float64]

MAX_REPEATS = 5

#: Fewer rows than this make importances of noise only.
MIN_ROWS = 100
#: Rows on which a shuffle is timed.
_N_TIMED = 256
#: Times its share of the time that the first repeat may take before columns are left out.
_PATIENCE = 1.5

#: Resamples of the rows behind each interval: with 200, its ends move by a twentieth of its
#: width from seed to seed.
MAX_RESAMPLES = 200
MIN_RESAMPLES = 40
#: Rows times columns times resamples that one repeat may score: about a second.
MAX_WORK = 16_000_000

#: Times the largest loss of one column that a group must lose for its columns to count as
#: hidden behind one another; less is within the noise of shuffling.
_HIDDEN = 1.5

#: A metric that is defined on any sample of rows, where the plan's own one is not.
_FALLBACK: dict[Task, Metric] = {
    "binary": "log_loss",
    "multiclass": "log_loss",
    "regression": "rmse",
}


@dataclass(frozen=True)
class _Spread:
    importance: float
    std: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Importance:
    """Loss of score when a column is shuffled; positive: the model uses it.

    ``std`` is the spread over the repeats, 0 with one repeat. ``low`` and ``high`` are the
    ends of the 95 % interval over rows and shuffles; None where the metric is not defined on
    too many resamples of the rows.
    """

    name: str
    importance: float
    std: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Group:
    """Columns that tell nearly the same, shuffled together.

    ``strength`` is the weakest of the associations that hold them together, 0 to 1.
    """

    columns: tuple[str, ...]
    strength: float
    importance: float
    std: float
    low: float | None
    high: float | None
    sentence: str


@dataclass(frozen=True)
class Importances:
    """Most important column first."""

    metric: Metric
    n_rows: int
    n_repeats: int
    features: list[Importance]
    groups: list[Group]
    unmeasured: list[str]
    """Columns for which there was no time; they stand last, without an interval."""


def permutation_importances(
    subject: Subject,
    together: Sequence[tuple[tuple[str, ...], float]] = (),
    *,
    monotonic: Callable[[], float],
    max_seconds: float,
    on_progress: Callable[[float], None],
) -> Importances:
    """Shuffle each column of the table in turn and measure what the score loses.

    All matrix features of a column are shuffled together, so that a date counts once.

    Parameters
    ----------
    subject : Subject
    together : sequence of (column names, strength)
        Groups of columns that tell nearly the same, to be shuffled as one besides; see
        :func:`automl_training.explaining.correlated.find_groups`.
    monotonic, max_seconds : callable, float
        Once the time is up no further repeat begins. If the first repeat alone would take
        longer, it uses fewer rows; if that is not enough, it leaves columns out.
    on_progress : callable
        Gets the share that is done, 0 to 1.

    Returns
    -------
    Importances

    References
    ----------
    Breiman: Random Forests, Machine Learning 45 (2001), section 10; Fisher, Rudin,
    Dominici: All Models are Wrong, but Many are Useful, JMLR 20 (2019). The intervals are
    of the bootstrap: Efron, Tibshirani: An Introduction to the Bootstrap (1993), chapter 13.
    """
    import numpy as np

    started = monotonic()
    shuffles = _Shuffles.of(subject, monotonic, max_seconds)
    rng = np.random.default_rng(subject.seed)
    parts = subject.features_of
    repeats: list[_Repeat] = []
    losses: dict[str, list[FloatArray]] = {name: [] for name in parts}
    idle: set[str] = set()
    unmeasured: list[str] = []
    for number in range(MAX_REPEATS):
        if number and (monotonic() - started) * (number + 1) / number > max_seconds:
            break
        repeats.append(shuffles.repeat(rng.permutation(shuffles.n_rows)))
        for done, (name, places) in enumerate(parts.items(), 1):
            is_late = number == 0 and monotonic() - started > _PATIENCE * max_seconds
            if is_late:
                unmeasured.append(name)
            elif name not in idle:
                lost = shuffles.loss(places, repeats[-1])
                losses[name].append(lost)
                # A column whose shuffle has changed no answer is not read by the model.
                if number == 0 and not lost.any():
                    idle.add(name)
            on_progress((number + done / len(parts)) / MAX_REPEATS)
    features = [
        Importance(name, **asdict(_spread(losses[name]) if losses[name] else _UNKNOWN))
        for name in parts
    ]
    late = set(unmeasured)
    features.sort(key=lambda each: (each.name in late, -each.importance, each.name))
    alone = {feature.name: feature.importance for feature in features}
    groups = []
    for columns, strength in together:
        if monotonic() - started > max_seconds:
            break
        whole = np.concatenate([parts[name] for name in columns])
        spread = _spread([shuffles.loss(whole, repeat) for repeat in repeats])
        sentence = _sentence(columns, spread.importance, [alone[name] for name in columns])
        groups.append(Group(columns, strength, **asdict(spread), sentence=sentence))
    return Importances(shuffles.metric, shuffles.n_rows, len(repeats), features, groups, unmeasured)


def _sentence(columns: Sequence[str], together: float, alone: Sequence[float]) -> str:
    listed = ", ".join(f"“{name}”" for name in columns[:-1]) + f" and “{columns[-1]}”"
    costs = f"shuffled together they cost {together:.3g}, one at a time at most {max(alone):.3g}"
    if together > _HIDDEN * max(alone):
        return (
            f"{listed} tell nearly the same, so that the model can lean on either and each looks"
            f" less important than it is: {costs}."
        )
    return f"{listed} tell nearly the same, but none hides behind another: {costs}."


@dataclass(frozen=True)
class _Repeat:
    """One shuffle of the rows, and what the model scores without it.

    Attributes
    ----------
    order : ndarray of shape (n_rows,)
        Which row each row gets its value from.
    weights : ndarray of shape (n_resamples + 1, n_rows)
        First the plain weights, then those of the resamples.
    base : ndarray of shape (n_resamples + 1,)
        Scores of the rows as they are.
    """

    order: NDArray[np.int64]
    weights: FloatArray
    base: FloatArray


@dataclass(frozen=True)
class _Shuffles:
    """The sample that is shuffled, and how often each resample holds its rows."""

    subject: Subject
    metric: Metric
    answers: FloatArray
    counts: FloatArray
    """Shape (n_resamples + 1, n_rows); first the rows themselves, once each."""
    matrix: NDArray[np.float32]

    @property
    def n_rows(self) -> int:
        return len(self.matrix)

    @classmethod
    def of(cls, subject: Subject, monotonic: Callable[[], float], max_seconds: float) -> _Shuffles:
        """Take the sample, or the beginning of it whose shuffles fit into the time."""
        import numpy as np

        n_columns = max(1, len(subject.features_of))
        began = monotonic()
        timed = cls._beginning(subject, min(_N_TIMED, len(subject.matrix)))
        timed.repeat(np.arange(timed.n_rows))
        seconds = monotonic() - began
        affordable = int(timed.n_rows * max_seconds / max(seconds * n_columns, 1e-9))
        n_rows = min(len(subject.matrix), max(affordable, MIN_ROWS))
        shuffles = cls._beginning(subject, n_rows)
        repeat = shuffles.repeat(np.arange(n_rows))
        is_defined = bool(np.isfinite(repeat.base[0]))
        return shuffles if is_defined else replace(shuffles, metric=_FALLBACK[subject.task])

    @classmethod
    def _beginning(cls, subject: Subject, n_rows: int) -> _Shuffles:
        import numpy as np

        answers = subject.answer(subject.matrix[:n_rows])
        work = n_rows * max(1, len(subject.features_of)) * max(1.0, answers.shape[1] / 2)
        n_resamples = int(np.clip(MAX_WORK / work, MIN_RESAMPLES, MAX_RESAMPLES))
        drawn = np.random.default_rng(subject.seed).multinomial(
            n_rows, np.full(n_rows, 1 / n_rows), size=n_resamples
        )
        counts = np.concatenate([np.ones((1, n_rows)), drawn])
        return cls(subject, subject.metric, answers, counts, subject.matrix[:n_rows].copy())

    def repeat(self, order: NDArray[np.int64]) -> _Repeat:
        """Weigh the pairs of rows that a shuffle makes, and score them without it.

        A pair is in a resample as often as both of its rows are: the value that a row gets
        is as much a matter of the sample as the row itself.
        """
        weights = self.counts * self.counts[:, order]
        if self.subject.weights is not None:
            weights *= self.subject.weights[: self.n_rows]
        return _Repeat(order, weights, self._score(self.answers, weights))

    def loss(self, features: NDArray[np.intp], repeat: _Repeat) -> FloatArray:
        """What the score loses when features are shuffled: of the rows, then each resample."""
        import numpy as np

        from automl_training.scoring.metrics import is_higher_better

        # One matrix for all shuffles: a copy for each column of a wide table would take longer
        # than its answers.
        kept = self.matrix[:, features]
        self.matrix[:, features] = kept[repeat.order]
        answers = self.subject.answer(self.matrix)
        self.matrix[:, features] = kept
        if np.array_equal(answers, self.answers):
            return np.zeros(len(repeat.base))
        sign = 1.0 if is_higher_better(self.metric) else -1.0
        return sign * (repeat.base - self._score(answers, repeat.weights))

    def _score(self, answers: FloatArray, weights: FloatArray) -> FloatArray:
        from automl_training.scoring.metrics import Scored, Weighted, measure

        task = self.subject.task
        predicted = answers[:, 0] if task == "regression" else answers
        scored = Scored(task, self.subject.y[: self.n_rows], predicted)
        return measure(self.metric).of(Weighted(scored, weights))


_UNKNOWN = _Spread(0.0, 0.0, None, None)


def _spread(losses: Sequence[FloatArray]) -> _Spread:
    """Sum up repeats, each of them an array of the plain loss and those of the resamples."""
    import numpy as np

    from automl_training.scoring.bootstrap import interval

    found = np.stack(losses)
    ends = interval(found[:, 1:].mean(axis=0))
    return _Spread(
        importance=float(found[:, 0].mean()),
        std=float(found[:, 0].std()),
        low=None if ends is None else ends[0],
        high=None if ends is None else ends[1],
    )
