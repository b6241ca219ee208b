"""Scoring: what a prediction is worth, with intervals, a baseline and a verdict in words."""

from automl_training.scoring.conformal import half_width
from automl_training.scoring.evaluation import evaluate
from automl_training.scoring.metrics import is_higher_better, loss_of, score, score_of

__all__ = ["evaluate", "half_width", "is_higher_better", "loss_of", "score", "score_of"]
