"""Run one of the other systems, in its own environment, on one split.

    PYTHON benchmarks/quality/rival.py SYSTEM SPLIT OUT --budget 60 --threads 2

SPLIT holds ``train.csv``, ``test.csv`` and ``facts.json``; OUT gets ``answers.npy`` (probabilities
in the order of ``facts.json``'s classes, or values) and ``run.json``. This file knows nothing of
the project: each system's environment has pandas and the system, no more. Every system gets the
same frame: numbers as pandas reads them, the named date columns as moments, all else as text,
empty cells as missing.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ONE_ROW_CALLS = 50
#: A predictor that needs a second for a row is asked fewer times.
ONE_ROW_SECONDS = 20.0

VERSIONED = (
    "autogluon.tabular", "catboost", "flaml", "lightgbm", "mljar-supervised", "numpy", "pandas",
    "scikit-learn", "torch", "xgboost", "xgboost-cpu",
)  # fmt: skip


@dataclass(frozen=True)
class Question:
    """What a system is given."""

    task: str
    classes: list[str]
    target: str
    features: pd.DataFrame
    answers: pd.Series
    """Class texts, or floats."""
    seed: int
    budget_s: int
    threads: int
    scratch: Path

    @property
    def is_regression(self) -> bool:
        """Whether values are asked for rather than classes."""
        return self.task == "regression"

    @property
    def codes(self) -> np.ndarray[Any, Any]:
        """Class numbers in the order of ``classes``, or the values."""
        if self.is_regression:
            return np.asarray(self.answers, dtype=float)
        at = {text: code for code, text in enumerate(self.classes)}
        return np.asarray(self.answers.map(at), dtype=int)


Predict = Callable[[pd.DataFrame], Any]
"""From a frame to probabilities in the order of the question's classes, or values."""


def _in_order(proba: Any, told: list[Any], n_classes: int) -> Any:
    """Put a model's columns in the question's order; a class it never saw gets 0."""
    ordered = np.zeros((len(proba), n_classes))
    ordered[:, [int(code) for code in told]] = np.asarray(proba)
    return ordered


def _sklearn_predict(model: Any, question: Question, prepare: Callable[[Any], Any]) -> Predict:
    if question.is_regression:
        return lambda frame: model.predict(prepare(frame))
    return lambda frame: _in_order(
        model.predict_proba(prepare(frame)), list(model.classes_), len(question.classes)
    )


def _moments_as_seconds(frame: pd.DataFrame) -> pd.DataFrame:
    made = frame.copy()
    for name in made.select_dtypes("datetime").columns:
        made[name] = (made[name] - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
    return made


def _texts(frame: pd.DataFrame) -> list[str]:
    """Columns that hold neither numbers nor booleans nor moments."""
    return list(frame.select_dtypes(exclude=["number", "bool", "datetime"]).columns)


def lightgbm(question: Question) -> Predict:
    """Defaults; texts as pandas categories, which it splits natively."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    kind = LGBMRegressor if question.is_regression else LGBMClassifier
    levels = {
        name: pd.CategoricalDtype(sorted(question.features[name].dropna().unique()))
        for name in _texts(question.features)
    }

    def prepare(frame: pd.DataFrame) -> pd.DataFrame:
        made = _moments_as_seconds(frame).astype(levels)
        # Names of columns may hold what its JSON cannot.
        return made.set_axis([f"f{at}" for at in range(made.shape[1])], axis=1)

    model = kind(random_state=question.seed, n_jobs=question.threads, verbose=-1)
    model.fit(prepare(question.features), question.codes)
    return _sklearn_predict(model, question, prepare)


def _ordinal(question: Question) -> Callable[[pd.DataFrame], Any]:
    from sklearn.preprocessing import OrdinalEncoder

    texts = _texts(question.features)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    encoder.fit(question.features[texts])

    def prepare(frame: pd.DataFrame) -> Any:
        made = _moments_as_seconds(frame)
        made[texts] = encoder.transform(frame[texts])
        return made.to_numpy(float)

    return prepare


def hist_gradient_boosting(question: Question) -> Predict:
    """Defaults; texts as plain codes."""
    from sklearn.ensemble import (
        HistGradientBoostingClassifier as Classifier,
    )
    from sklearn.ensemble import (
        HistGradientBoostingRegressor as Regressor,
    )

    prepare = _ordinal(question)
    model = (Regressor if question.is_regression else Classifier)(random_state=question.seed)
    model.fit(prepare(question.features), question.codes)
    return _sklearn_predict(model, question, prepare)


def random_forest(question: Question) -> Predict:
    """Defaults; texts as plain codes."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    prepare = _ordinal(question)
    kind = RandomForestRegressor if question.is_regression else RandomForestClassifier
    model = kind(random_state=question.seed, n_jobs=question.threads)
    model.fit(prepare(question.features), question.codes)
    return _sklearn_predict(model, question, prepare)


def flaml(question: Question) -> Predict:
    """The frame and the budget; every other setting is its default."""
    from flaml import AutoML

    model = AutoML()
    model.fit(
        X_train=question.features,
        y_train=question.codes,
        task="regression" if question.is_regression else "classification",
        time_budget=question.budget_s,
        n_jobs=question.threads,
        seed=question.seed,
        verbose=0,
    )
    return _sklearn_predict(model, question, lambda frame: frame)


def mljar(question: Question) -> Predict:
    """Mode Perform, told the whole budget; its own measures are ours (log loss, RMSE)."""
    from supervised import AutoML  # type: ignore[import-not-found,unused-ignore]

    kinds = {"binary": "binary_classification", "multiclass": "multiclass_classification"}
    model = AutoML(
        results_path=str(question.scratch / "mljar"),
        mode="Perform",
        ml_task=kinds.get(question.task, "regression"),
        total_time_limit=question.budget_s,
        n_jobs=question.threads,
        random_state=question.seed,
        verbose=0,
    )
    model.fit(question.features, question.codes)
    if question.is_regression:
        return lambda frame: model.predict(frame)  # noqa: PLW0108 - typed
    told: list[Any] = list(range(len(question.classes)))
    return lambda frame: _in_order(model.predict_proba(frame), told, len(told))


def autogluon(question: Question) -> Predict:
    """Default presets, told the budget and the measure that ranks here."""
    from autogluon.tabular import (  # type: ignore[import-not-found,unused-ignore]
        TabularPredictor,
    )

    predictor = TabularPredictor(
        label=question.target,
        problem_type=question.task,
        eval_metric="root_mean_squared_error" if question.is_regression else "log_loss",
        path=str(question.scratch / "autogluon"),
        verbosity=1,
    )
    train = question.features.assign(**{question.target: question.codes})
    predictor.fit(train, time_limit=question.budget_s, num_cpus=question.threads, num_gpus=0)
    if question.is_regression:
        return lambda frame: predictor.predict(frame).to_numpy()
    told = list(predictor.class_labels)
    return lambda frame: _in_order(
        predictor.predict_proba(frame)[told].to_numpy(), told, len(question.classes)
    )


SYSTEMS: dict[str, Callable[[Question], Predict]] = {
    "flaml": flaml,
    "lightgbm": lightgbm,
    "hist_gradient_boosting": hist_gradient_boosting,
    "random_forest": random_forest,
    "mljar": mljar,
    "autogluon": autogluon,
}


def read_frames(split: Path, facts: dict[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read both tables with the same types; nothing but types is learnt from the test."""
    frames = [
        pd.read_csv(split / name, keep_default_na=False, na_values=[""], low_memory=False)
        for name in ("train.csv", "test.csv")
    ]
    n_train = len(frames[0])
    both = pd.concat(frames, ignore_index=True)
    for name in facts["date_columns"]:
        moments = pd.to_datetime(both[name], errors="coerce", utc=True)
        both[name] = moments.dt.tz_localize(None)
    for name in _texts(both):
        # A column that is a number here and a text there is a text.
        is_there = both[name].notna()
        both[name] = both[name].astype(object)
        both.loc[is_there, name] = both.loc[is_there, name].astype(str)
    if facts["task"] != "regression":
        texts = [
            pd.read_csv(split / name, usecols=[facts["target"]], dtype=str, keep_default_na=False)
            for name in ("train.csv", "test.csv")
        ]
        both[facts["target"]] = pd.concat(texts, ignore_index=True)[facts["target"]]
    return both.iloc[:n_train], both.iloc[n_train:].reset_index(drop=True)


def one_row_ms(predict: Predict, features: pd.DataFrame) -> float:
    """Median milliseconds of an answer for one row, after three that do not count."""
    rows = [features.iloc[[at % len(features)]] for at in range(ONE_ROW_CALLS + 3)]
    took: list[float] = []
    began = time.perf_counter()
    for row in rows:
        start = time.perf_counter()
        predict(row)
        took.append(time.perf_counter() - start)
        if time.perf_counter() - began > ONE_ROW_SECONDS:
            break
    return float(np.median(took[3:] or took)) * 1000


def _versions() -> dict[str, str]:
    found = {}
    for name in VERSIONED:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Fit, answer the test, and measure an answer for one row."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("system", choices=SYSTEMS)
    parser.add_argument("split", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--budget", type=int, required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    facts = json.loads((options.split / "facts.json").read_text("utf-8"))
    train, test = read_frames(options.split, facts)
    target = facts["target"]
    with tempfile.TemporaryDirectory(dir=options.out) as scratch:
        question = Question(
            task=facts["task"],
            classes=facts["classes"],
            target=target,
            features=train.drop(columns=target),
            answers=train[target],
            seed=facts["seed"],
            budget_s=options.budget,
            threads=options.threads,
            scratch=Path(scratch),
        )
        began = time.monotonic()
        predict = SYSTEMS[options.system](question)
        fit_s = time.monotonic() - began
        asked = test.drop(columns=target)
        began = time.monotonic()
        answers = np.asarray(predict(asked), dtype=float)
        predict_s = time.monotonic() - began
        np.save(options.out / "answers.npy", answers)
        told = {
            "fit_s": fit_s,
            "predict_s": predict_s,
            "one_row_ms": one_row_ms(predict, asked),
            "versions": _versions(),
        }
    (options.out / "run.json").write_text(json.dumps(told, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
