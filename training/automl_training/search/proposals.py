"""What to try next: known configurations, the portfolio, then FLAML's search around the best."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from automl_core.records import FamilyName
from automl_training.search.fitting import TREES
from automl_training.search.portfolio import (
    LEARNING,
    MAX_STEP,
    Config,
    Shape,
    complete,
    may_balance,
    space,
    starts,
)
from automl_training.search.records import Trial, best_of_each

if TYPE_CHECKING:
    from automl_training.search.trials import Evaluated

#: Families in the order in which they are first tried: strong and quick ones before others.
ORDER: tuple[FamilyName, ...] = (
    "lightgbm", "linear", "xgboost", "extra_trees", "hist_gradient_boosting", "random_forest",
)  # fmt: skip

#: Shares of the trials after the first ones: of the best family, the second best, and so on.
SHARES = (4.0, 2.0, 1.0, 0.5, 0.25, 0.25)

#: Families whose further starting points are tried, best first.
MAX_EXPLORED = 4

#: Suggestions that FLAML may withdraw in a row (they were made before) before a family's search
#: counts as converged and begins anew from its best with another seed.
MAX_WITHDRAWN = 8


class Proposals:
    """Gives one configuration after another; learns from what came of them.

    Parameters
    ----------
    families : sequence of str
        To search.
    shape : Shape
        Of the data, for the bounds of the configurations.
    earlier : sequence of Trial
        Of an interrupted search: the best of each family come first, and starting points
        that were tried do not come again.
    """

    def __init__(
        self, families: Sequence[FamilyName], shape: Shape, earlier: Sequence[Trial] = ()
    ) -> None:
        self._shape = shape
        self._families = [family for family in ORDER if family in families]
        self._best: dict[FamilyName, tuple[float, Config]] = {}
        self._searches: dict[FamilyName, _Search] = {}
        self._spent: dict[FamilyName, float] = {}
        self._speed: dict[FamilyName, float] = {}
        self._seconds: list[float] = []
        self._cut_short: set[FamilyName] = set()
        self._prolonged: set[FamilyName] = set()
        self._switches: dict[str, dict[bool, float]] = {"target_codes": {}, "balanced": {}}
        known = [
            (trial.family, trial.config)
            for trial in best_of_each(earlier)
            if trial.family in self._families and math.isfinite(trial.loss)
        ]
        self._queue: deque[tuple[FamilyName, Config]] = deque(
            (family, complete(family, config, shape)) for family, config in known
        )
        tried = [(trial.family, _core(trial.config)) for trial in earlier]
        self._starts = {
            family: deque(
                config for config in starts(family, shape) if (family, _core(config)) not in tried
            )
            for family in self._families
        }
        self._queue_first()

    def _queue_first(self) -> None:
        spec = self._shape.spec
        for number, family in enumerate(self._families):
            if not self._starts[family]:
                continue
            config = self._starts[family].popleft()
            self._queue.append((family, config))
            if number > 0 or family == "linear":
                continue
            # The first family tells what our own two switches are worth on this table.
            if self._shape.has_codes:
                self._queue.append((family, {**config, "target_codes": False}))
            if may_balance(spec.task, spec.metric):
                self._queue.append((family, {**config, "balanced": True}))

    @property
    def is_exploring(self) -> bool:
        """Tell whether a family waits for its first trial."""
        return bool(self._queue)

    @property
    def is_unfinished(self) -> bool:
        """Tell whether the next trial is the best one once more, which the clock had ended."""
        return not self._queue and self._unfinished() is not None

    def _unfinished(self) -> FamilyName | None:
        """The best family, if the clock ended its best trial and it had no second chance yet."""
        best = min(self._best, key=lambda family: self._best[family][0], default=None)
        return best if best in self._cut_short - self._prolonged else None

    def next(self, time_s: float = math.inf) -> tuple[FamilyName, Config]:
        """Give the configuration to try next, its steps made large enough for the time."""
        if not self._families:
            raise LookupError("no family is left")
        family, config = self._pick()
        for switch, losses in self._switches.items():
            if len(losses) == 2 and family in TREES:
                config = {**config, switch: losses[True] < losses[False]}
        return family, self._hastened(family, config, time_s)

    def _pick(self) -> tuple[FamilyName, Config]:
        if self._queue:
            return self._queue.popleft()
        unfinished = self._unfinished()
        if unfinished is not None:
            self._prolonged.add(unfinished)
            return unfinished, self._best[unfinished][1]
        ranked = sorted(self._best, key=lambda family: self._best[family][0])
        for family in ranked[:MAX_EXPLORED]:
            if self._starts[family]:
                # One each in turn: the next best family's before this one's next.
                config = self._starts[family].popleft()
                self._queue.extend(
                    (other, self._starts[other].popleft())
                    for other in ranked[:MAX_EXPLORED]
                    if other != family and self._starts[other]
                )
                return family, config
        if not ranked:
            family = self._families[0]
            return family, starts(family, self._shape)[0]
        shares = dict(zip(ranked, SHARES, strict=False))
        family = min(ranked, key=lambda name: self._spent[name] / shares[name])
        return family, self._searched(family)

    def _searched(self, family: FamilyName) -> Config:
        loss, config = self._best[family]
        if family not in self._searches:
            self._searches[family] = _Search(family, self._shape, config, loss)
        return complete(family, self._searches[family].suggest(config, loss), self._shape)

    def _hastened(self, family: FamilyName, config: Config, time_s: float) -> Config:
        """Take larger steps where the time allows too few of the small ones."""
        if "learning_rate" not in config or family not in self._speed or not math.isfinite(time_s):
            return config
        affordable = self._speed[family] * time_s / math.sqrt(_size(config))
        step = min(LEARNING / max(affordable, 1.0), MAX_STEP)
        return config if config["learning_rate"] >= step else {**config, "learning_rate": step}

    def learn(
        self, asked: Config, found: Evaluated, *, seconds: float, time_s: float, is_timed: bool
    ) -> None:
        """Take in what a trial brought.

        Parameters
        ----------
        asked : dict
            As :meth:`next` gave it.
        seconds, time_s : float
            That it took, and that it was allowed.
        is_timed : bool
            Whether its time may steer the search; it may not where a search is reproducible.
        """
        family = found.family
        self._seconds.append(seconds)
        # A trial that costs next to nothing is charged for all the same: else a quick family
        # would fill the log.
        charge = max(seconds, sum(self._seconds) / len(self._seconds)) if is_timed else 1.0
        self._spent[family] = self._spent.get(family, 0.0) + charge
        if found.is_cut_short and "learning_rate" in asked:
            rounds = found.config["n_estimators"]
            self._speed[family] = rounds / max(time_s, 1e-3) * math.sqrt(_size(asked))
        if family == self._families[0]:
            for switch, losses in self._switches.items():
                if switch in asked or switch == "balanced":
                    value = bool(asked.get(switch, False))
                    losses[value] = min(found.loss, losses.get(value, math.inf))
        if family in self._searches:
            self._searches[family].learn(found.loss)
        if family not in self._best or found.loss < self._best[family][0]:
            self._best[family] = (found.loss, asked)
            is_boosting = found.is_cut_short and "learning_rate" in asked
            (self._cut_short.add if is_boosting else self._cut_short.discard)(family)

    def give_up(self, family: FamilyName) -> None:
        """Propose no configuration of a family any more."""
        self._families.remove(family)
        self._queue = deque(entry for entry in self._queue if entry[0] != family)
        self._best.pop(family, None)
        self._cut_short.discard(family)
        self._searches.pop(family, None)


class _Search:
    """FLAML's cost-frugal search (CFO) of one family, begun at its best configuration."""

    def __init__(self, family: FamilyName, shape: Shape, config: Config, loss: float) -> None:
        self._family, self._shape = family, shape
        self._number = 0
        self._asked: tuple[str, Config] | None = None
        self._begin(config, loss)

    def _begin(self, config: Config, loss: float) -> None:
        from flaml.tune.searcher.blendsearch import CFO

        bounds = space(self._family, self._shape)
        self._names = list(bounds)
        start = {
            name: _within(config[name], domain) for name, domain in bounds.items() if name in config
        }
        self._cfo = CFO(
            metric="loss", mode="min", space=bounds, low_cost_partial_config={},
            points_to_evaluate=[start], evaluated_rewards=[loss],
            seed=self._shape.spec.seed + self._number, cost_attr="cost",
        )  # fmt: skip
        self._number += 1

    def suggest(self, best: Config, loss: float) -> Config:
        """Vary the best configuration."""
        for attempt in range(2 * MAX_WITHDRAWN):
            if attempt == MAX_WITHDRAWN:
                self._begin(best, loss)
            name = f"{self._number}-{attempt}-{self._cfo_count()}"
            suggested = self._cfo.suggest(name)
            if suggested is not None:
                config = {key: _plain(suggested[key]) for key in self._names}
                self._asked = (name, suggested)
                return {**best, **config}
        return best

    def _cfo_count(self) -> int:
        self._count = getattr(self, "_count", 0) + 1
        return self._count

    def learn(self, loss: float) -> None:
        """Take in the loss of the suggestion."""
        if self._asked is None:
            return
        name, config = self._asked
        self._asked = None
        self._cfo.on_trial_complete(name, {"loss": loss, "cost": 1.0, "config": config})


def _plain(value: Any) -> Any:
    """A number of FLAML's without numpy's type, so that it can be written as JSON."""
    return value.item() if hasattr(value, "item") else value


def _within(value: float, domain: Any) -> float:
    """Move a starting point into the bounds; the upper end of whole numbers is not in them."""
    upper = domain.upper - 1 if isinstance(value, int) else domain.upper
    return type(value)(min(max(value, domain.lower), upper))


def _size(config: Config) -> float:
    if "max_depth" in config:
        return float(min(2 ** config["max_depth"], 4 * config["max_depth"] ** 2))
    return float(config.get("num_leaves") or config.get("max_leaf_nodes") or 31)


def _core(config: Config) -> Config:
    """Settings that tell configurations apart, whatever became of their rounds."""
    return {name: value for name, value in config.items() if name != "n_estimators"}
