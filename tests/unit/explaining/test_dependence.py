"""Partial dependence: curves that are known beforehand."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from automl_training.explaining import partial_dependence
from automl_training.explaining.dependence import MAX_POINTS

from .conftest import COLUMNS, values


def curve_of(curves, name):
    (curve,) = [curve for curve in curves if curve["name"] == name]
    return curve


def test_the_curve_of_a_sum_is_its_term(make_subject, timed):
    subject = make_subject()

    curve = curve_of(partial_dependence(subject, ["used"], **timed), "used")

    points = curve["points"]
    slopes = np.diff([p["mean"] for p in points]) / np.diff([p["value"] for p in points])
    assert slopes == pytest.approx(np.full(len(slopes), 5.0), abs=1e-4)
    assert len(points) == MAX_POINTS
    assert (curve["kind"], curve["class"], curve["n_rows"]) == ("numeric", None, 400)


def test_points_lie_where_the_rows_are(make_subject, timed):
    subject = make_subject()

    points = curve_of(partial_dependence(subject, ["used"], **timed), "used")["points"]

    asked = [point["value"] for point in points]
    assert asked == sorted(asked)
    assert set(asked) <= set(subject.table["used"].tolist())
    assert (asked[0], asked[-1]) == (subject.table["used"].min(), subject.table["used"].max())


def test_the_band_holds_four_of_five_rows(make_subject, timed):
    subject = make_subject()

    points = curve_of(partial_dependence(subject, ["city"], **timed), "city")["points"]

    for point in points:
        assert point["low"] < point["mean"] < point["high"]
    others = subject.answers[:, 0] - 3.0 * (subject.matrix[:, 8] == 4)
    assert points[0]["low"] == pytest.approx(np.quantile(others, 0.1))
    assert points[0]["high"] == pytest.approx(np.quantile(others, 0.9))


def test_categories_come_by_their_frequency(make_subject, timed):
    points = curve_of(partial_dependence(make_subject(), ["city"], **timed), "city")["points"]

    assert [point["label"] for point in points] == ["Oslo", "Bergen", "Rome"]
    assert points[2]["mean"] - points[0]["mean"] == pytest.approx(3.0)


def test_few_different_numbers_are_all_asked_for(make_subject, timed):
    points = curve_of(partial_dependence(make_subject(), ["idle"], **timed), "idle")["points"]

    assert [point["value"] for point in points] == [0, 1, 2, 3, 4]
    assert [point["label"] for point in points] == ["0", "1", "2", "3", "4"]


def test_a_date_is_asked_for_as_a_whole(make_subject, timed):
    points = curve_of(partial_dependence(make_subject(), ["when"], **timed), "when")["points"]

    assert points[0]["value"].startswith("2010-")
    assert len(points[0]["label"]) == len("2010-01-01")
    # The model reads the year: ten years, one more for each.
    years = [int(point["label"][:4]) for point in points]
    means = [point["mean"] for point in points]
    assert np.subtract(means, years) == pytest.approx(np.full(len(means), means[0] - years[0]))


def test_missing_values_have_a_point_of_their_own_at_the_end(make_subject, timed):
    table = values()
    table["used"][::10] = np.nan
    table["city"] = np.where(np.arange(400) % 10 == 0, None, table["city"])

    curves = partial_dependence(make_subject(table=table), ["used", "city"], **timed)

    for curve in curves:
        assert (curve["points"][-1]["value"], curve["points"][-1]["label"]) == (None, "missing")
        assert len(curve["points"]) <= MAX_POINTS
        assert all(point["value"] is not None for point in curve["points"][:-1])


def test_a_binary_curve_is_of_the_positive_class(make_subject, timed):
    curve = curve_of(partial_dependence(make_subject("binary"), ["used"], **timed), "used")

    assert curve["class"] == "yes"
    means = [point["mean"] for point in curve["points"]]
    assert means == sorted(means)
    assert 0 <= means[0] < means[-1] <= 1


def test_of_many_classes_the_three_most_frequent_have_curves(make_subject, timed):
    subject = make_subject("multiclass", y=np.repeat([3, 1, 0, 2], [200, 100, 60, 40]))

    curves = partial_dependence(subject, ["used", "city"], **timed)

    assert [(curve["class"], curve["name"]) for curve in curves] == [
        (3, "used"), (3, "city"), (1, "used"), (1, "city"), (0, "used"), (0, "city"),
    ]  # fmt: skip


def test_texts_have_no_curve(make_subject, timed):
    columns = [{**column, "kind": "text"} if column["name"] == "city" else column
               for column in COLUMNS]  # fmt: skip

    curves = partial_dependence(make_subject(columns=columns), ["city", "used"], **timed)

    assert [curve["name"] for curve in curves] == ["used"]


def test_little_time_means_fewer_rows_and_no_time_no_curves(make_subject):
    def within(seconds):
        clock = itertools.count(step=0.1).__next__
        subject = make_subject(seconds_per_answer=1e-4)
        found = partial_dependence(subject, ["used", "when"], monotonic=clock, max_seconds=seconds)
        return [curve["n_rows"] for curve in found]

    # A look at the clock takes a tenth of a second here; 20 points of 400 rows take 0.8.
    assert within(1e6) == [400, 400]
    assert within(1.0) == [225, 400]
    assert within(0.2) == [30]
    assert within(0.1) == []


def test_curves_are_strict_json(make_subject, timed):
    table = values()
    table["idle"][0] = np.nan

    curves = partial_dependence(make_subject(table=table), list(table), **timed)

    assert json.loads(json.dumps(curves, allow_nan=False)) == curves
