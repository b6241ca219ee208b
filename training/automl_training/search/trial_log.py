"""FLAML's own log as our trials: one line a trial, flushed at once, so it can be followed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from automl_core.records import FamilyName
from automl_training.families import family
from automl_training.scoring import score_of
from automl_training.search.records import RESUME, SearchSpec, Trial, read_trials
from automl_training.search.watch import WORST_LOSS

#: ``flaml-<number of the run>-<milliseconds since the search began>.log``
_PATTERN = "flaml-*.log"


def log_name(number: int, at_seconds: float) -> str:
    """Name the log of one run of FLAML within a search; they sort in order of time."""
    return f"flaml-{number:02d}-{round(at_seconds * 1000)}.log"


class TrialLog:
    """Follows the logs in a search's folder.

    Parameters
    ----------
    folder : Path
        The search's folder.
    spec : SearchSpec
        Tells which learner is which family, and the metric's orientation.

    Attributes
    ----------
    trials : list of Trial
        All read so far: those of an earlier, interrupted search first.
    """

    def __init__(self, folder: Path, spec: SearchSpec) -> None:
        self._folder = folder
        self._metric = spec.metric
        self._family_of: dict[str, FamilyName] = {
            family(name).flaml_name: name for name in spec.families
        }
        self._read_bytes: dict[Path, int] = {}
        self.trials = read_trials(folder / RESUME)

    def read(self) -> list[Trial]:
        """Read what was written since the last call; give the new trials."""
        fresh: list[Trial] = []
        for path in sorted(self._folder.glob(_PATTERN)):
            begun_at = int(path.stem.rsplit("-", 1)[1]) / 1000
            with path.open("rb") as file:
                file.seek(self._read_bytes.get(path, 0))
                whole, newline, _ = file.read().rpartition(b"\n")
            self._read_bytes[path] = self._read_bytes.get(path, 0) + len(whole) + len(newline)
            for line in whole.splitlines():
                record = json.loads(line)
                # A last line with one entry names the best record.
                if "learner" in record:
                    fresh.append(self._trial(record, begun_at, len(self.trials) + len(fresh) + 1))
        self.trials += fresh
        return fresh

    def _trial(self, record: dict[str, Any], begun_at: float, trial_id: int) -> Trial:
        config = dict(record["config"])
        config.pop("FLAML_sample_size", None)
        if "max_iter" in config:
            # FLAML adds scikit-learn's name for the fitted rounds of a histogram boosting;
            # as a starting point it would be refused.
            config["n_estimators"] = config.pop("max_iter")
        loss = float(record["validation_loss"])
        # A fold that could not be scored counts as the worst loss, in the mean too.
        loss = math.inf if loss > WORST_LOSS / 100 else loss
        return Trial(
            trial_id=trial_id,
            family=self._family_of[record["learner"]],
            score=score_of(self._metric, loss) if math.isfinite(loss) else math.nan,
            loss=loss,
            config=config,
            train_seconds=float(record["trial_time"]),
            at_seconds=begun_at + float(record["wall_clock_time"]),
            sample_rows=int(record["sample_size"]),
        )
