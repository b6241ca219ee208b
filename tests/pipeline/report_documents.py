"""Plan, metrics, leaderboard, explanations and manifest of made-up jobs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from automl_core.records import Plan, Task

LOWER_IS_BETTER = frozenset({"log_loss", "rmse", "mae"})
NAMES = ("tenure", "contract", "monthly_charges", "payment_method", "signed_up")
KINDS = ("numeric", "categorical", "numeric", "categorical", "datetime")


def make_plan(task: Task, text: str, classes: list[str], columns: list[str]) -> Plan:
    return Plan.model_validate(
        {
            "target_column": text,
            "task": task,
            "task_confidence": "high",
            "task_reason": f"Reason with {text}.",
            "metric": {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[task],
            "metric_reason": "It judges every predicted probability.",
            "classes": [{"label": label, "rows": 50} for label in classes],
            "positive_label": classes[1] if task == "binary" else None,
            "row_count": 4000,
            "rows_without_target": 3,
            "features": [
                {"name": name, "kind": KINDS[k % 5]} for k, name in enumerate(columns)
            ],
            "dropped": [
                {"name": text, "code": "constant", "reason": f"Only {text}."},
                {"name": "customer_id", "code": "identifier", "reason": "Every row has its own."},
            ],
            "split": {"method": "stratified", "test_size": 0.2, "reason": "At random per class."},
            "families": ["lightgbm", "xgboost", "extra_trees", "linear"],
            "missing": "auto",
            "time_budget_s": 60,
            "seed": 7,
            "reproducible": False,
            "estimated_seconds": {"low": 60, "high": 90},
            "estimated_dollars": {"low": 0.0, "high": 0.01},
            "warnings": [{"code": "imbalance", "columns": [text], "text": f"Few of {text}."}],
        }
    )  # fmt: skip


# -- metrics.json ---------------------------------------------------------------------


def score(value: float, width: float) -> dict[str, Any]:
    return {"value": value, "low": value - width, "high": value + width}


def make_metrics(
    plan: Plan, classes: list[str], columns: list[str], text: str, n_rows: int
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "task": plan.task,
        "metric": plan.metric,
        "split": "holdout",
        "n_rows": n_rows,
        "is_weighted": False,
        "interval_method": f"95 % percentile bootstrap over 1,000 resamples of the {n_rows} rows",
        "is_better_than_baseline": True,
        "is_worth_deploying": True,
        "verdict": f"Better than guessing by 0.4 (95 % interval 0.35 to 0.45), on {n_rows} rows.",
        "classes": classes,
        "confusion": None,
        "per_class": [],
        "roc": [],
        "pr": [],
        "calibration": [],
        "calibration_error": None,
        "calibration_applied": None,
        "thresholds": None,
        "residuals": None,
        "interval": None,
        "label_set": None,
        "leak_check": {"suspicious": False, "column": None, "share": 0.4, "reason": None},
    }
    if plan.task == "regression":
        return document | regression_part(columns, text, n_rows)
    return document | classification_part(plan, classes, columns, text, n_rows)


def regression_part(columns: list[str], text: str, n_rows: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    actual = rng.gamma(4.0, 900.0, n_rows)
    predicted = actual * rng.normal(1.0, 0.12, n_rows) + rng.normal(0.0, 150.0, n_rows)
    errors = actual - predicted
    edges = np.linspace(*np.quantile(errors, [0.01, 0.99]), 31)
    counts = np.histogram(np.clip(errors, edges[0], edges[-1]), bins=edges)[0]
    quantiles = np.quantile(errors, [0.05, 0.25, 0.5, 0.75, 0.95])
    return {
        "scores": {"rmse": score(523.4, 31.2), "mae": score(371.9, 18.0), "r2": score(0.91, 0.02)},
        "baseline": {
            "name": "mean of the training rows",
            "scores": {"rmse": 1803.2, "mae": 1411.0, "r2": -0.001},
        },
        "residuals": {
            "mean": float(errors.mean()),
            "median_absolute": float(np.median(np.abs(errors))),
            "quantiles": dict(
                zip(("q05", "q25", "q50", "q75", "q95"), quantiles.tolist(), strict=True)
            ),
            "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
            "points": [
                {"x": float(a), "y": float(b)} for a, b in zip(actual, predicted, strict=True)
            ][:500],
            "points_are_sampled": n_rows > 500,
        },
        "interval": {
            "coverage": 0.9,
            "half_width": 812.5,
            "bins": {"edges": [2100.0, 3400.0, 5100.0], "half_widths": [402.0, 640.0, 880.0, 1422]},
            "calibrated_on": "out_of_fold",
            "n_rows": 3200,
            "measured": {
                "coverage": 0.905, "low": 0.884, "high": 0.925, "n_rows": n_rows,
                "mean_width": 1571.0,
            },
            "method": "split conformal prediction (Lei et al. 2018) from the errors of 3,200 rows",
            "note": f"Measured on {text}, the promise is careful.",
        },
        "segments": make_segments(columns, text, "rmse", 523.4, 140.0),
    }  # fmt: skip


def classification_part(
    plan: Plan, classes: list[str], columns: list[str], text: str, n_rows: int
) -> dict[str, Any]:
    n_classes = len(classes)
    matrix = make_matrix(n_classes, n_rows)
    grid = np.linspace(0.0, 1.0, 60)
    part: dict[str, Any] = {
        "scores": {
            "roc_auc": score(0.861, 0.022),
            "average_precision": score(0.713, 0.041),
            "log_loss": score(0.397, 0.03),
            "accuracy": score(0.812, 0.026),
            "macro_f1": score(0.764, 0.03),
        },
        "baseline": {
            "name": "class shares of the training rows",
            "scores": {
                "roc_auc": 0.5, "average_precision": 0.27, "log_loss": 0.58, "accuracy": 0.73,
                "macro_f1": 0.42,
            },
            "by_chance": ["macro_f1"],
        },
        "confusion": {"labels": classes, "matrix": matrix, "rows": "actual"}
        if n_classes <= 50
        else {"labels": [], "matrix": None, "reason": f"{n_classes} classes; shown up to 50."},
        "per_class": [
            {
                "label": name, "n_rows": sum(matrix[k]), "n_predicted": sum(r[k] for r in matrix),
                "precision": 0.81, "recall": 0.77 if k else None, "f1": 0.79,
            }
            for k, name in enumerate(classes)
        ],
        "calibration": [
            {"x": x, "y": min(1.0, x * 0.96 + 0.02), "n_rows": n_rows // 10}
            for x in (0.02, 0.05, 0.11, 0.18, 0.27, 0.39, 0.52, 0.66, 0.79, 0.93)
        ],
        "calibration_error": 0.021,
        "calibration_applied": {"slope": 1.31, "bias": [0.0, -0.1], "reason": "It was too sure."},
        "label_set": {
            "coverage": 0.9, "threshold": 0.18, "calibrated_on": "out_of_fold", "n_rows": 3200,
            "measured": {
                "coverage": 0.893, "low": 0.87, "high": 0.91, "n_rows": n_rows,
                "mean_size": 1.24, "share_empty": 0.01, "share_single": 0.74,
            },
            "method": "split conformal prediction (LAC, Sadinle et al. 2019)",
            "note": None,
        },
        "segments": make_segments(columns, text, "log_loss", 0.397, 0.12),
    }  # fmt: skip
    if plan.task == "binary":
        part["roc"] = [{"x": float(x), "y": float(x**0.16)} for x in grid]
        part["pr"] = [{"x": float(x), "y": float(1 - 0.7 * x**3)} for x in grid]
        part["thresholds"] = make_thresholds(n_rows)
    return part


def make_matrix(n_classes: int, n_rows: int) -> list[list[int]]:
    rng = np.random.default_rng(1)
    share = np.full((n_classes, n_classes), 0.3 / max(n_classes - 1, 1))
    np.fill_diagonal(share, 0.7)
    return [rng.multinomial(n_rows // n_classes, row).tolist() for row in share]


def make_thresholds(n_rows: int) -> dict[str, Any]:
    n_positive = round(0.27 * n_rows)

    def entry(threshold: float) -> dict[str, Any]:
        recall = 1 - threshold**1.6
        fp = round((1 - threshold) ** 2.5 * (n_rows - n_positive))
        tp = round(recall * n_positive)
        precision = tp / (tp + fp) if tp + fp else None
        specificity = 1 - fp / (n_rows - n_positive)
        return {
            "threshold": threshold, "precision": precision, "recall": recall,
            "f1": 2 * tp / (tp + fp + n_positive), "specificity": specificity,
            "balanced_accuracy": (recall + specificity) / 2, "share_positive": (tp + fp) / n_rows,
            "tp": tp, "fp": fp, "fn": n_positive - tp, "tn": n_rows - n_positive - fp,
        }  # fmt: skip

    best = {"f1": 0.4123, "balanced_accuracy": 0.3011, "youden": 0.3011}
    return {
        "chosen_on": "out_of_fold",
        "n_rows": 3200,
        "table": [entry(k / 100) for k in range(101)],
        "best": best,
        "at_best": {name: entry(threshold) for name, threshold in best.items()},
    }


def make_segments(
    columns: list[str], text: str, metric: str, overall: float, width: float
) -> list[dict[str, Any]]:
    return [
        {
            "column": columns[k % len(columns)],
            "segment": f"is {text}" if not k else f"{k} to {k + 2}",
            "n_rows": 90 + 31 * k,
            "metric": metric,
            "score": overall * factor,
            "overall": overall,
            "low": overall * factor - width,
            "high": overall * factor + width,
        }
        for k, factor in enumerate((1.8, 1.5, 1.3, 0.7, 0.5))
    ]


# -- leaderboard.json -----------------------------------------------------------------


def make_leaderboard(plan: Plan, text: str, *, n_trials: int = 120) -> dict[str, Any]:
    is_higher_better = plan.metric not in LOWER_IS_BETTER
    best = {"roc_auc": 0.858, "log_loss": 0.401, "rmse": 530.0}[plan.metric]
    sign = -1.0 if is_higher_better else 1.0
    families = list(plan.families)
    trials = [
        {
            "rank": k + 1, "trial_id": n_trials - k, "family": families[k % len(families)],
            "score": best * (1 + sign * 0.002 * k), "config": {"n_estimators": 40 + k, "rate": 0.1},
            "train_seconds": 0.4 + 0.01 * k, "at_seconds": 58.0 * (1 - (k / n_trials) ** 0.5),
            "sample_rows": 3200,
        }
        for k in range(n_trials)
    ]  # fmt: skip
    return {
        "metric": plan.metric,
        "higher_is_better": is_higher_better,
        "evaluated_on": "5-fold cross-validation on the 3,200 training rows",
        "stopped_because": "the time for searching was over",
        "n_trials": n_trials,
        "trials": trials,
        "families": [
            {**trials[k], "n_trials": n_trials // len(families)} for k in range(len(families))
        ],
        "chosen": {
            "family": "lightgbm", "trial_id": 1, "score": best, "config": {"n_estimators": 40},
            "kind": "single", "members": [],
        },
        "ensemble": {
            "considered": True, "chosen": False, "score": best, "best_single_score": best,
            "gain": 0.0004, "gain_low": -0.0011, "gain_high": 0.0019,
            "reason": "The gain is within noise.", "members": [],
        },
        "rejected": [{"family": "xgboost", "reason": f"It differs on {text}."}],
        "notes": [f"Noted of {text}."],
    }  # fmt: skip


# -- explanations.json ----------------------------------------------------------------


def make_explanations(plan: Plan, columns: list[str], text: str) -> dict[str, Any]:
    scale = 400.0 if plan.task == "regression" else 0.3
    start = 3600.0 if plan.task == "regression" else 0.3
    sizes = [scale * math.exp(-0.5 * k) for k in range(len(columns))]
    of = None if plan.task == "regression" else text
    explained = [of] if plan.task != "multiclass" else [each.label for each in plan.classes][-3:]
    return {
        "method": "permutation",
        "metric": plan.metric,
        "split": "holdout",
        "n_rows": 800,
        "n_repeats": 5,
        "features": [
            {
                "name": name, "importance": size, "std": size / 8, "low": size * 0.9,
                "high": size * 1.1,
            }
            for name, size in zip(columns, sizes, strict=True)
        ],
        "shapley": {
            "scale": "value" if of is None else f"probability of {of}",
            "n_rows": 200,
            "baseline": start,
            "features": [
                {"name": name, "mean_abs": size / 2}
                for name, size in zip(columns, sizes, strict=True)
            ],
            "examples": [
                {
                    "kind": ("typical", "low", "high")[e],
                    "row": 17 + e,
                    "actual": 3600.0 if of is None else text,
                    "explained": of,
                    "baseline": start,
                    "prediction": start + scale * (0, -1, 1)[e],
                    "contributions": [
                        {
                            "name": name,
                            "value": text if not k else None if k == 1 else 12.5 * k,
                            "contribution": size * (1 if (k + e) % 2 else -1),
                        }
                        for k, (name, size) in enumerate(zip(columns, sizes, strict=True))
                    ],
                }
                for e in range(3)
            ],
        },
        "partial_dependence": [
            {
                "name": name,
                "kind": KINDS[k % 5],
                "n_rows": 200,
                "class": label,
                "points": make_curve(KINDS[k % 5], text, start, size / (c + 1) * (-1) ** c),
            }
            for k, (name, size) in enumerate(zip(columns, sizes, strict=True))
            for c, label in enumerate(explained)
        ],
        "groups": [
            {
                "columns": columns[:2], "strength": 0.9, "importance": scale, "std": 0.01,
                "low": None, "high": None, "sentence": f"“{text}” and another tell the same.",
            }
        ],
        "seconds": 2.5,
    }  # fmt: skip


def make_curve(kind: str, text: str, start: float, size: float) -> list[dict[str, Any]]:
    if kind == "categorical":
        levels = [text, "month-to-month", "one year", None]
        return [
            {"value": level, "label": level or "missing", "mean": start + size * (k - 1.5) / 3,
             "low": start + size * (k - 2) / 3, "high": start + size * (k - 1) / 3}
            for k, level in enumerate(levels)
        ]  # fmt: skip
    values = [12.5 * k for k in range(17)]
    if kind == "datetime":
        values = [f"2024-{1 + k // 2:02}-{1 + 14 * (k % 2):02}T00:00:00" for k in range(17)]
    return [
        {
            "value": value,
            "label": "missing" if value is None else str(value).removesuffix("T00:00:00"),
            "mean": start + size * math.tanh(k / 6 - 1),
            "low": start + size * (math.tanh(k / 6 - 1) - 0.2),
            "high": start + size * (math.tanh(k / 6 - 1) + 0.2),
        }
        for k, value in enumerate([*values, None])
    ]


def make_manifest(columns: list[str], classes: list[str], text: str) -> dict[str, Any]:
    row = {
        name: {"categorical": text, "datetime": "2024-05-01T00:00:00"}.get(KINDS[k % 5], 12.5 * k)
        for k, name in enumerate(columns)
    }
    answer = [round(1 / len(classes), 3)] * len(classes) if classes else [3671.2]
    return {
        "format": 2,
        "versions": {"python": "3.12.1", "onnxruntime": "1.31.1"},
        "probes": {"rows": [row], "outputs": [answer]},
        "native": {"file": "model.skops", "sha256": "0" * 64, "trusted": ["numpy.ndarray"]},
    }
