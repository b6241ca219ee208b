"""Scoring: what a prediction is worth, with intervals, a baseline and a verdict in words."""

from automl_training.scoring.calibration import fit_calibrator
from automl_training.scoring.conformal import half_width
from automl_training.scoring.evaluation import Evidence, evaluate
from automl_training.scoring.leaks import leak_check
from automl_training.scoring.metrics import is_higher_better, loss_of, score, score_of
from automl_training.scoring.promises import Unseen
from automl_training.scoring.segments import segments

__all__ = [
    "Evidence",
    "Unseen",
    "evaluate",
    "fit_calibrator",
    "half_width",
    "is_higher_better",
    "leak_check",
    "loss_of",
    "score",
    "score_of",
    "segments",
]
