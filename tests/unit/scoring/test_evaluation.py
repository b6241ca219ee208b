from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from automl_training.families.calibrator import Calibrator
from automl_training.scoring import Evidence, Unseen, evaluate, half_width
from automl_training.scoring.bootstrap import interval, resample
from automl_training.scoring.curves import MAX_POINTS, calibration_points, roc_points
from automl_training.scoring.metrics import Scored, measure, measures_of
from automl_training.scoring.verdict import Improvement, is_worth_deploying, verdict


def binary(n_rows: int, *, signal: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    y = (rng.random(n_rows) < 0.3).astype(np.int64)
    p = 1 / (1 + np.exp(-(signal * (2 * y - 1) + rng.normal(size=n_rows))))
    return y, np.column_stack([1 - p, p])


def judge_binary(y, predicted, **options):
    return evaluate(
        y,
        predicted,
        task="binary",
        classes=["no", "yes"],
        y_train=np.array([0] * 70 + [1] * 30),
        **{"metric": "roc_auc"} | options,
    )


def test_the_whole_judgement_is_strict_json():
    y, predicted = binary(300, signal=1.0)

    result = judge_binary(y, predicted)

    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_each_score_lies_within_its_interval():
    y, predicted = binary(300, signal=1.0)

    scores = judge_binary(y, predicted)["scores"]

    assert {"roc_auc", "log_loss", "f1", "brier"} <= scores.keys()
    for name, entry in scores.items():
        assert entry["low"] <= entry["value"] <= entry["high"], name


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    # 60 holdouts from one population; 95 % of 60 are 57, three deviations below: 52.
    rng = np.random.default_rng(0)
    truth = 0.8
    covered = 0
    for seed in range(60):
        hit = rng.random(150) < truth
        y = np.ones(150, np.int64)
        p = np.where(hit, 0.9, 0.1)
        entry = judge_binary(y, np.column_stack([1 - p, p]), metric="accuracy", seed=seed)
        covered += (
            entry["scores"]["accuracy"]["low"] <= truth <= entry["scores"]["accuracy"]["high"]
        )

    assert covered >= 52


def test_the_same_seed_gives_the_same_intervals():
    y, predicted = binary(200, signal=0.5)

    assert judge_binary(y, predicted, seed=3) == judge_binary(y, predicted, seed=3)


def test_a_good_model_is_called_better_than_guessing():
    y, predicted = binary(500, signal=1.5)

    result = judge_binary(y, predicted)

    assert result["is_better_than_baseline"]
    assert result["verdict"].startswith("Better than guessing by")
    assert result["baseline"]["scores"]["roc_auc"] == 0.5


def test_a_model_of_pure_noise_is_not_worth_deploying():
    y, predicted = binary(500, signal=0.0)

    result = judge_binary(y, predicted)

    assert not result["is_better_than_baseline"]
    assert "cannot be told from guessing" in result["verdict"]


def test_a_model_that_is_worse_than_guessing_is_called_so():
    y, predicted = binary(500, signal=-1.5)

    assert "worse than guessing" in judge_binary(y, predicted)["verdict"]


def test_an_undefined_metric_is_null_with_a_reason_and_cannot_be_judged():
    result = judge_binary(np.zeros(40, np.int64), binary(40, signal=0.0)[1])

    entry = result["scores"]["roc_auc"]
    assert entry["value"] is None
    assert entry["reason"] == "the rows hold one class only."
    assert "Cannot be judged by ROC AUC" in result["verdict"]
    assert json.dumps(result, allow_nan=False)


def test_an_interval_is_given_up_where_most_resamples_lack_a_class():
    y = np.array([1] + [0] * 30)
    predicted = binary(31, signal=0.0)[1]

    entry = judge_binary(y, predicted)["scores"]["roc_auc"]

    assert entry["value"] is not None
    assert entry["low"] is None
    assert "too few rows" in entry["reason"]


def test_the_baseline_answers_with_the_training_rows_shares():
    y, predicted = binary(400, signal=1.0)

    scores = judge_binary(y, predicted)["baseline"]["scores"]

    shares = np.tile([0.7, 0.3], (400, 1))
    assert scores["log_loss"] == pytest.approx(sk.log_loss(y, shares))
    assert scores["accuracy"] == pytest.approx(np.mean(y == 0))
    assert scores["precision"] is None


@pytest.mark.parametrize(
    ("metric", "name", "answer"), [("rmse", "mean", 4.0), ("mae", "median", 2.0)]
)
def test_the_baseline_of_a_regression_fits_the_metric(metric, name, answer):
    y = np.array([1.0, 2.0, 3.0, 4.0])

    result = evaluate(
        y, y, task="regression", metric=metric, classes=[], y_train=np.array([1.0, 2.0, 9.0])
    )

    assert result["baseline"]["name"].startswith(name)
    assert result["baseline"]["scores"]["mae"] == pytest.approx(np.abs(y - answer).mean())


def test_weights_enter_the_baseline_and_every_score():
    y = np.array([0, 1, 1, 0])
    predicted = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]])

    result = judge_binary(
        y, predicted, metric="accuracy", weights=np.array([1.0, 1.0, 6.0, 2.0]),
        weights_train=np.array([1.0] * 70 + [9.0] * 30),
    )  # fmt: skip

    assert result["scores"]["accuracy"]["value"] == pytest.approx(0.4)
    # Weighted, the positives are the most frequent class.
    assert result["baseline"]["scores"]["accuracy"] == pytest.approx(0.7)
    assert result["is_weighted"]
    assert "Every row counts alike" in result["label_set"]["method"]


def test_the_class_table_and_the_matrix_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 200)
    predicted = rng.dirichlet(np.ones(3), 200) + np.eye(3)[y]
    predicted /= predicted.sum(axis=1, keepdims=True)

    result = evaluate(
        y, predicted, task="multiclass", metric="macro_f1", classes=["a", "b", "c"], y_train=y
    )

    labels = predicted.argmax(1)
    precision, recall, f1, rows = sk.precision_recall_fscore_support(y, labels)
    table = result["per_class"]
    assert result["confusion"]["matrix"] == sk.confusion_matrix(y, labels).tolist()
    assert [row["label"] for row in table] == ["a", "b", "c"]
    assert [row["n_rows"] for row in table] == rows.tolist()
    for name, expected in (("precision", precision), ("recall", recall), ("f1", f1)):
        assert [row[name] for row in table] == pytest.approx(expected.tolist())


def test_a_class_that_is_neither_there_nor_answered_has_no_scores():
    y = np.array([0, 1, 0, 1])
    predicted = np.array([[0.8, 0.2, 0.0]] * 4)

    result = evaluate(
        y, predicted, task="multiclass", metric="accuracy", classes=["a", "b", "c"], y_train=y
    )

    assert result["per_class"][2] == {
        "label": "c", "n_rows": 0, "n_predicted": 0, "precision": None, "recall": None, "f1": None,
    }  # fmt: skip


def test_too_many_classes_have_no_matrix_but_a_reason():
    y = np.arange(60)

    result = evaluate(
        y, np.eye(60), task="multiclass", metric="accuracy", classes=list(range(60)), y_train=y
    )

    assert result["confusion"]["matrix"] is None
    assert "60 classes" in result["confusion"]["reason"]


def test_the_roc_points_are_few_and_enclose_the_right_area():
    y, predicted = binary(5000, signal=0.7)

    points = roc_points(Scored("binary", y, predicted))

    x, height = [p["x"] for p in points], [p["y"] for p in points]
    assert len(points) <= MAX_POINTS
    assert points[0] == {"x": 0.0, "y": 0.0}
    assert points[-1] == {"x": 1.0, "y": 1.0}
    # 100 of 5,000 points: the area is that of scikit-learn to the third decimal.
    assert np.trapezoid(height, x) == pytest.approx(sk.roc_auc_score(y, predicted[:, 1]), abs=2e-3)


def test_the_precision_recall_points_are_on_scikit_learns_curve():
    y, predicted = binary(60, signal=0.7)

    points = judge_binary(y, predicted)["pr"]

    precision, recall, _ = sk.precision_recall_curve(y, predicted[:, 1])
    curve = {(round(r, 9), round(p, 9)) for r, p in zip(recall, precision, strict=True)}
    assert {(round(p["x"], 9), round(p["y"], 9)) for p in points[1:]} <= curve


def test_calibration_bins_are_those_of_scikit_learn():
    y, predicted = binary(2000, signal=0.5)

    points = calibration_points(Scored("binary", y, predicted))

    observed, said = calibration_curve(y, predicted[:, 1], n_bins=10, strategy="quantile")
    assert [p["x"] for p in points] == pytest.approx(said.tolist())
    assert [p["y"] for p in points] == pytest.approx(observed.tolist())
    assert sum(p["n_rows"] for p in points) == 2000


def test_a_regression_has_residuals_and_an_interval():
    rng = np.random.default_rng(0)
    y = rng.normal(size=1000)
    predicted = y + rng.normal(0, 0.1, 1000)

    result = evaluate(y, predicted, task="regression", metric="rmse", classes=[], y_train=y)

    residuals = result["residuals"]
    assert sum(residuals["histogram"]["counts"]) == 1000
    assert len(residuals["points"]) == 500
    assert residuals["points_are_sampled"]
    assert residuals["std"] == pytest.approx(0.1, abs=0.01)
    assert result["interval"]["half_width"] == pytest.approx(0.164, abs=0.02)
    assert result["confusion"] is None


def test_residuals_that_are_all_alike_can_be_drawn():
    y = np.arange(20.0)

    result = evaluate(y, y + 1, task="regression", metric="rmse", classes=[], y_train=y)

    assert sum(result["residuals"]["histogram"]["counts"]) == 20
    assert result["interval"]["half_width"] == 1.0


def test_the_half_width_covers_new_rows_as_promised():
    # Over 400 draws of 99 residuals the mean coverage is 90 % by the theorem; three
    # deviations of that mean are below 0.5 %.
    rng = np.random.default_rng(0)
    new = np.abs(rng.normal(size=20_000))
    shares = [np.mean(new <= half_width(rng.normal(size=99), coverage=0.9)) for _ in range(400)]

    assert np.mean(shares) == pytest.approx(0.9, abs=0.006)


def test_too_few_rows_have_no_half_width():
    y = np.arange(8.0)

    result = evaluate(y, y, task="regression", metric="mae", classes=[], y_train=y)

    assert result["interval"]["half_width"] is None
    assert "too few" in result["interval"]["reason"]


def test_an_interval_needs_nine_of_ten_resamples_defined():
    values = np.linspace(0, 1, 100)
    some = np.where(np.arange(100) < 9, np.nan, values)
    many = np.where(np.arange(100) < 11, np.nan, values)

    assert interval(some) is not None
    assert interval(many) is None


# -- Rare classes, many rows ----------------------------------------------------------


def test_rare_classes_keep_their_rows_in_every_resample():
    rng = np.random.default_rng(0)
    y = np.array([0] * 200 + [1] * 200 + [2] * 4)
    predicted = rng.dirichlet(np.ones(3), y.size)

    result = evaluate(
        y, predicted, task="multiclass", metric="macro_f1", classes=["a", "b", "c"], y_train=y
    )

    assert "rare classes keep their number of rows" in result["interval_method"]
    assert result["scores"]["macro_f1"]["low"] is not None


def test_frequent_classes_are_drawn_freely():
    y, predicted = binary(300, signal=1.0)

    assert "rare" not in judge_binary(y, predicted)["interval_method"]


def test_of_very_many_rows_a_part_is_drawn_and_the_interval_is_as_narrow_as_it_should_be():
    rng = np.random.default_rng(0)
    n_rows = 200_000
    errors = rng.normal(size=n_rows)
    model, guess = Scored("regression", errors, np.zeros(n_rows)), np.full(n_rows, 1.0)

    found = resample(
        model, Scored("regression", errors, guess), measures_of("regression"), measure("mae"),
        weights=None, seed=0,
    )  # fmt: skip

    # The standard error of a mean; 100 resamples know it to about a tenth.
    expected = np.abs(errors).std() / np.sqrt(n_rows)
    assert found.n_rows < n_rows
    assert found.model["mae"].std() == pytest.approx(expected, rel=0.3)
    assert found.model["mae"].mean() == pytest.approx(np.abs(errors).mean(), abs=4 * expected)


# -- Guessing that is no constant -----------------------------------------------------


def test_f1_is_compared_with_the_same_labels_dealt_out_at_random():
    y, predicted = binary(1000, signal=0.0)

    result = judge_binary(y, predicted, metric="f1")

    said, actual = predicted.argmax(1).mean(), y.mean()
    assert result["baseline"]["scores"]["f1"] == pytest.approx(2 * said * actual / (said + actual))
    assert not result["is_worth_deploying"]
    assert "dealt out to the rows at random" in result["verdict"]


def test_labels_without_a_signal_are_not_better_than_guessing_by_macro_f1():
    # The most frequent class alone has a macro-F1 of 0.2, random labels of 0.33.
    rng = np.random.default_rng(0)
    y = rng.choice(3, 2000, p=[0.5, 0.3, 0.2])
    predicted = rng.dirichlet(np.ones(3), 2000)

    result = evaluate(
        y, predicted, task="multiclass", metric="macro_f1", classes=["a", "b", "c"], y_train=y
    )

    assert result["baseline"]["scores"]["macro_f1"] == pytest.approx(1 / 3, abs=0.03)
    assert not result["is_worth_deploying"]


# -- The verdict ----------------------------------------------------------------------


def test_what_is_surely_but_hardly_better_is_not_worth_deploying():
    rng = np.random.default_rng(0)
    y = rng.normal(size=100_000)
    predicted = 0.009 * y

    result = evaluate(y, predicted, task="regression", metric="rmse", classes=[], y_train=y)

    assert result["is_better_than_baseline"]
    assert not result["is_worth_deploying"]
    assert "hardly better than guessing" in result["verdict"]


def test_a_lead_that_may_be_luck_is_not_worth_deploying():
    improvement = Improvement(0.05, 0.004, 0.1, 0.025)

    words = verdict(measure("roc_auc"), 0.55, 0.5, "class shares", improvement, n_rows=90)

    assert not is_worth_deploying(measure("roc_auc"), 0.55, 0.5, improvement)
    assert words.startswith("Not worth deploying because its lead over guessing may be luck")


def test_average_precision_of_few_rows_is_compared_with_a_random_order():
    rng = np.random.default_rng(0)
    y = np.array([0] * 40 + [1] * 4)
    found = [sk.average_precision_score(y, rng.permutation(44).astype(float)) for _ in range(4000)]
    p = rng.random(44)

    guess = judge_binary(y, np.column_stack([1 - p, p]), metric="average_precision")["baseline"]

    # 4,000 orders know their mean to 0.002.
    assert guess["scores"]["average_precision"] == pytest.approx(np.mean(found), abs=0.007)
    assert guess["scores"]["average_precision"] > 4 / 44


def test_a_good_model_is_worth_deploying():
    y, predicted = binary(500, signal=1.5)

    assert judge_binary(y, predicted)["is_worth_deploying"]


def test_accuracy_never_stands_alone_where_one_class_is_frequent():
    rng = np.random.default_rng(0)
    y = (rng.random(2000) < 0.1).astype(np.int64)
    p = np.where(y == 1, 0.4 + 0.2 * rng.random(2000), 0.1)

    result = judge_binary(y, np.column_stack([1 - p, p]), metric="accuracy")

    assert "accuracy flatters: balanced accuracy is" in result["verdict"]
    assert "of the holdout rows are 'no'" in result["verdict"]


def test_accuracy_of_even_classes_needs_no_second_figure():
    y = np.arange(400) % 2
    p = np.where(y == 1, 0.8, 0.2)

    words = judge_binary(y, np.column_stack([1 - p, p]), metric="accuracy")["verdict"]

    assert "flatters" not in words


def test_a_suspicious_column_is_named_in_the_verdict():
    y, predicted = binary(500, signal=1.5)
    leak = {"suspicious": True, "column": "x", "share": 1.0, "reason": "Column 'x' tells all."}

    result = judge_binary(y, predicted, evidence=Evidence(leak=leak))

    assert result["leak_check"] == leak
    assert result["verdict"].endswith("Check before deploying: Column 'x' tells all.")


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "log_loss", "f1", "accuracy"])
def test_a_constant_answer_is_not_worth_deploying(metric):
    y = binary(500, signal=0.0)[0]
    predicted = np.tile([0.7, 0.3], (500, 1))

    result = judge_binary(y, predicted, metric=metric)

    assert not result["is_worth_deploying"]
    assert json.dumps(result, allow_nan=False)


# -- Parts of the judgement -----------------------------------------------------------


def test_a_binary_model_has_thresholds_and_label_sets_made_of_unseen_rows():
    y, predicted = binary(400, signal=1.0)
    unseen = Unseen(*binary(1500, signal=1.0, seed=1))

    result = judge_binary(y, predicted, evidence=Evidence(unseen))

    assert result["thresholds"]["chosen_on"] == "out_of_fold"
    assert result["thresholds"]["n_rows"] == 1500
    assert result["label_set"]["calibrated_on"] == "out_of_fold"
    assert result["interval"] is None
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_an_older_job_without_unseen_rows_says_what_it_used():
    result = judge_binary(*binary(400, signal=1.0))

    assert result["thresholds"]["chosen_on"] == "holdout"
    assert result["label_set"]["calibrated_on"] == "holdout"


def test_several_classes_have_label_sets_but_no_thresholds():
    y = np.arange(300) % 3
    predicted = np.eye(3)[y] * 0.7 + 0.1

    result = evaluate(
        y, predicted, task="multiclass", metric="log_loss", classes=["a", "b", "c"], y_train=y
    )

    assert result["thresholds"] is None
    assert result["label_set"]["measured"]["coverage"] == 1.0


@pytest.mark.parametrize(
    ("slope", "words"), [(0.6, "too sure"), (1.8, "too careful"), (1.0, "shifted")]
)
def test_the_calibration_says_what_it_repaired(slope, words):
    y, predicted = binary(300, signal=1.0)
    calibrator = Calibrator(slope, (0.0, 0.5))

    applied = judge_binary(y, predicted, evidence=Evidence(calibrator=calibrator))

    assert applied["calibration_applied"]["slope"] == slope
    assert applied["calibration_applied"]["bias"] == [0.0, 0.5]
    assert words in applied["calibration_applied"]["reason"]


def test_residuals_tell_over_from_under():
    y = np.array([0.0, 0.0, 0.0, 10.0])
    predicted = np.array([1.0, 3.0, 0.0, 4.0])

    residuals = evaluate(
        y, predicted, task="regression", metric="mae", classes=[], y_train=y
    )["residuals"]  # fmt: skip

    assert residuals["over"] == {"share": 0.5, "mean_absolute": 2.0}
    assert residuals["under"] == {"share": 0.25, "mean_absolute": 6.0}
    assert residuals["by_predicted"] == []


def test_residuals_are_followed_along_the_predicted_value():
    predicted = np.linspace(0, 10, 500)
    y = predicted + np.where(predicted > 8, 2.0, 0.0)

    bins = evaluate(
        y, predicted, task="regression", metric="rmse", classes=[], y_train=y
    )["residuals"]["by_predicted"]  # fmt: skip

    assert len(bins) == 10
    assert sum(entry["n_rows"] for entry in bins) == 500
    assert bins[0]["mean_error"] == 0.0
    assert bins[-1]["mean_error"] == pytest.approx(2.0)
    assert bins[-1]["rmse"] == pytest.approx(2.0)


# -- Whatever comes -------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_small_holdout_is_judged_in_strict_json(data):
    n_classes = data.draw(st.integers(2, 4))
    n_rows = data.draw(st.integers(1, 12))
    y = np.array(
        data.draw(st.lists(st.integers(0, n_classes - 1), min_size=n_rows, max_size=n_rows))
    )
    raw = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 0.2, 1.0]), min_size=n_rows * n_classes,
                           max_size=n_rows * n_classes))
    ).reshape(n_rows, n_classes) + np.eye(n_classes)[0] * 1e-3  # fmt: skip
    task = "binary" if n_classes == 2 else "multiclass"
    weights = data.draw(
        st.none() | st.lists(st.sampled_from([0.0, 1.0, 2.5]), min_size=n_rows, max_size=n_rows)
    )

    result = evaluate(
        y,
        raw / raw.sum(axis=1, keepdims=True),
        task=task,
        metric=data.draw(st.sampled_from([m.name for m in measures_of(task) if m.name != "brier"])),
        classes=[f"c{code}" for code in range(n_classes)],
        y_train=np.arange(20) % n_classes,
        weights=None if weights is None else np.array(weights),
    )

    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["verdict"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, 1e9, -3.5]), st.sampled_from([0.0, 1.0, 1e9])),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["rmse", "mae", "r2"]),
)
def test_any_small_regression_is_judged_in_strict_json(rows, metric):
    y, predicted = np.array(rows).T

    result = evaluate(y, predicted, task="regression", metric=metric, classes=[], y_train=y)

    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["verdict"]
