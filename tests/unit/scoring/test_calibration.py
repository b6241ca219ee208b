from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from automl_training.families.calibrator import Calibrator
from automl_training.scoring import fit_calibrator, score
from automl_training.scoring.calibration import SLOPES, _fit


def softmax(scores):
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def draw(n_rows, n_classes, *, slope=1.0, shift=None, seed=0):
    """Classes drawn from honest probabilities; second: those, stretched and shifted."""
    rng = np.random.default_rng(seed)
    scores = 1.5 * rng.normal(size=(n_rows, n_classes))
    honest = softmax(scores)
    y = (honest.cumsum(axis=1) > rng.random((n_rows, 1))).argmax(axis=1)
    return y, softmax(slope * scores + (0.0 if shift is None else np.array(shift)))


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("slope", [0.5, 2.0], ids=["too careful", "too sure"])
def test_a_stretched_model_is_stretched_back(slope, n_classes):
    y, predicted = draw(4000, n_classes, slope=slope)

    calibrator = fit_calibrator(predicted, y, n_classes=n_classes)

    assert calibrator is not None
    # The slope of 4,000 rows has a standard error of about 0.04.
    assert calibrator.slope == pytest.approx(1 / slope, rel=0.12)


def test_shifted_classes_are_shifted_back():
    y, predicted = draw(6000, 3, shift=[0.0, 1.5, 0.0])

    calibrator = fit_calibrator(predicted, y, n_classes=3)

    assert calibrator is not None
    assert calibrator.bias[0] == 0.0
    assert calibrator.bias == pytest.approx([0.0, -1.5, 0.0], abs=0.2)


def test_calibrating_lowers_the_log_loss_of_new_rows():
    y, predicted = draw(2000, 3, slope=2.0, seed=1)
    new_y, new = draw(20_000, 3, slope=2.0, seed=2)

    calibrator = fit_calibrator(predicted, y, n_classes=3)

    assert calibrator is not None
    before = score("log_loss", new_y, new, task="multiclass")
    after = score("log_loss", new_y, calibrator.apply(new), task="multiclass")
    assert after < before - 0.1


def test_honest_probabilities_are_left_alone():
    # One-sided 95 % twice over, held back by priors: 20 draws may be wrong a few times.
    found = [
        fit_calibrator(predicted, y, n_classes=3)
        for y, predicted in (draw(600, 3, seed=seed) for seed in range(20))
    ]

    assert sum(calibrator is not None for calibrator in found) <= 3


def test_too_few_rows_are_left_alone():
    y, predicted = draw(59, 2, slope=3.0)

    assert fit_calibrator(predicted, y, n_classes=2) is None


def test_one_class_is_left_alone():
    _, predicted = draw(500, 2, slope=3.0)

    assert fit_calibrator(predicted, np.zeros(500, np.int64), n_classes=2) is None


def test_rare_classes_have_no_offset_of_their_own():
    y, predicted = draw(3000, 4, slope=1.5, shift=[0.0, 1.5, 0.0, 0.0])
    # Of the last class 20 rows are left.
    keep = (y != 3) | (np.cumsum(y == 3) <= 20)

    calibrator = fit_calibrator(predicted[keep], y[keep], n_classes=4)

    assert calibrator is not None
    assert calibrator.bias[1] < -0.5
    # The offsets of the others have a mean of 0, which is the last class's own.
    assert calibrator.bias[3] == pytest.approx(np.mean(calibrator.bias[:3]))


def test_labels_can_be_kept():
    y, predicted = draw(4000, 3, slope=2.0, shift=[0.0, 1.5, 0.0])

    calibrator = fit_calibrator(predicted, y, n_classes=3, keep_labels=True)

    assert calibrator is not None
    assert calibrator.bias == (0.0, 0.0, 0.0)
    np.testing.assert_array_equal(calibrator.apply(predicted).argmax(1), predicted.argmax(1))


def test_certain_answers_that_are_sometimes_wrong_are_made_finite():
    rng = np.random.default_rng(0)
    y = (rng.random(1000) < 0.5).astype(np.int64)
    said = np.where(rng.random(1000) < 0.95, y, 1 - y)

    calibrator = fit_calibrator(np.eye(2)[said], y, n_classes=2)

    assert calibrator is not None
    sure = calibrator.apply(np.array([[1.0, 0.0]]))[0, 0]
    # The slope's bound keeps it from going all the way to 0.95.
    assert calibrator.slope == SLOPES[0]
    assert 0.95 < sure < 0.995


def test_rows_of_no_weight_do_not_count():
    y, predicted = draw(3000, 2, slope=2.0)
    wrong = np.random.default_rng(1).random(3000) < 0.5
    spoilt = np.where(wrong, 1 - y, y)

    calibrator = fit_calibrator(
        predicted, spoilt, n_classes=2, weights=np.where(wrong, 0.0, 2.0), seed=0
    )
    expected = fit_calibrator(predicted[~wrong], y[~wrong], n_classes=2, seed=0)

    assert calibrator == expected


def test_the_slope_is_that_of_scikit_learns_logistic_regression():
    y, predicted = draw(5000, 2, slope=2.0)
    logs = np.log(predicted)
    model = LogisticRegression(C=1e6, tol=1e-8).fit(logs[:, 1:] - logs[:, :1], y)

    ours = _fit(logs, y, np.ones(y.size), np.array([True, True]))

    # Weak priors of ours move 5,000 rows by less than a thousandth.
    assert ours.slope == pytest.approx(model.coef_[0, 0], abs=2e-3)
    assert ours.bias == pytest.approx([0.0, model.intercept_[0]], abs=2e-3)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(*SLOPES),
    st.floats(-3, 3),
    st.lists(st.floats(0, 1), min_size=2, max_size=20),
)
def test_no_calibrator_turns_two_rows_of_a_binary_task_round(slope, bias, positives):
    p = np.array(positives)

    calibrated = Calibrator(slope, (0.0, bias)).apply(np.column_stack([1 - p, p]))

    ordered = calibrated[np.argsort(p, kind="stable"), 1]
    # Float64 rounds in the last digit.
    assert (np.diff(ordered) >= -1e-15).all()
    assert np.allclose(calibrated.sum(axis=1), 1)


def test_the_same_seed_gives_the_same_calibrator():
    y, predicted = draw(1000, 3, slope=2.0)

    assert fit_calibrator(predicted, y, n_classes=3, seed=5) == fit_calibrator(
        predicted, y, n_classes=3, seed=5
    )
