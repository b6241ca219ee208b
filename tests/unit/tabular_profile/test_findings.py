"""Findings of a profile: each is told where it belongs, and nowhere else."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from automl_core.tabular.convert import write_parquet
from automl_core.tabular.finding_codes import CODES, render_page
from automl_core.tabular.findings import SEVERITIES, find_all, flags_of
from automl_core.tabular.profile import profile_table
from automl_core.tabular.read import scan_table

N = 400
ROOT = Path(__file__).parents[3]


@pytest.fixture
def random():
    return np.random.default_rng(11)


@pytest.fixture
def profiled(table, random):
    """The profile of some columns beside an honest number and a coin as the target."""

    def make(columns, target="y"):
        honest = {"x": random.normal(size=N).round(4).tolist(), "y": coins(random)}
        path, schema = table({**honest, **columns})
        return profile_table(path, schema, target=target)

    return make


def coins(random, n=N):
    return random.choice(["yes", "no"], n).tolist()


def codes(profile, *severities):
    return [
        found["code"]
        for found in profile["findings"]
        if not severities or found["severity"] in severities
    ]


def the(profile, code):
    (found,) = [item for item in profile["findings"] if item["code"] == code]
    return found


# -- Columns --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cells", "code"),
    [
        pytest.param("c", ["same"] * N, "constant", id="constant"),
        pytest.param("c", [None] * N, "empty", id="empty"),
        pytest.param("c", ["b"] + ["a"] * (N - 1), "near-constant", id="near constant"),
        pytest.param("c", [1.5] * 8 + [None] * (N - 8), "nearly-empty", id="nearly empty"),
        pytest.param("c", ["a", None] * (N // 2), "high-missing", id="often missing"),
        pytest.param("row_id", list(range(N)), "identifier", id="identifier"),
        pytest.param("case_id", [f"k{i // 2}" for i in range(N)], "groups", id="repeated id"),
        pytest.param("c", [f"v{i % 80}" for i in range(N)], "high-cardinality", id="many values"),
        pytest.param("zip_code", [10000 + 7 * (i % 90) for i in range(N)], "codes", id="codes"),
        pytest.param("c", [2.0 ** (i % 40) for i in range(N)], "skew", id="skewed"),
        pytest.param(
            "c", [500.0 + i for i in range(12)] + [(i % 97) / 10 for i in range(N - 12)],
            "outliers", id="outliers",
        ),
        pytest.param("c", [0.0] * 300 + [0.5 + i for i in range(100)], "excess-zeros", id="zeros"),
        pytest.param(
            "age", [-999.0] * 20 + [20.0 + i % 60 for i in range(380)], "disguised-missing",
            id="a number for missing",
        ),
        pytest.param(
            "c", ["unknown"] * 20 + ["a", "b"] * 190, "disguised-missing", id="a word for missing"
        ),
        pytest.param(
            "birth", ["1900-01-01"] * 20 + [f"19{50 + i % 40}-03-1{i % 9}" for i in range(380)],
            "disguised-missing", id="a date for missing",
        ),
        pytest.param(
            "bmi", [0.0] * 12 + [18.5 + (i % 170) / 10 for i in range(388)], "disguised-missing",
            id="nought for missing",
        ),
        pytest.param(
            "c", ["n/k"] * 40 + [str(i % 50) for i in range(360)], "mixed", id="words among numbers"
        ),
        pytest.param("c", [f"{i % 50} kg" for i in range(N)], "units", id="numbers with a unit"),
        pytest.param("geschlecht", ["m", "w"] * 200, "sensitive", id="sensitive"),
        pytest.param(
            "when", [f"2024-01-{1 + (11 * i) % 28:02d}" for i in range(N)], "time", id="dates"
        ),
        pytest.param(
            "when", [f"20{10 + i // 40}-0{1 + i // 10 % 4}-{1 + i % 10:02d}" for i in range(N)],
            "time-order", id="dates in order",
        ),
        pytest.param("day", [1 + i // 4 for i in range(N)], "time-order", id="days in order"),
        pytest.param(
            "sample_weight", [1.0 + (i % 9) / 10 for i in range(N - 4)] + [80.0] * 4, "weights",
            id="weights",
        ),
        pytest.param(
            "customer", [f"mail{i}@example.org" for i in range(N)], "personal-data", id="e-mail"
        ),
    ],
)  # fmt: skip
def test_a_strange_column_is_found(profiled, name, cells, code):
    found = the(profiled({name: cells}), code)

    assert found["columns"] == [name]
    assert found["sentence"].endswith(".")
    assert found["action"]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        pytest.param("price", [999.0 if i % 9 == 0 else 400 + i for i in range(N)], id="999"),
        pytest.param("grade", [i % 7 for i in range(N)], id="a grade of 0 to 6"),
        pytest.param("kind", ["None", "Brick", "Stone", "Wood"] * 100, id="a class named None"),
        pytest.param("age", [i % 80 for i in range(N)], id="babies"),
        pytest.param("holiday", [int(i % 40 == 0) for i in range(N)], id="a rare flag"),
        pytest.param("house_age", [(7 * i) % 90 + 0.5 for i in range(N)], id="the age of a house"),
        pytest.param("weight", [50.0 + (i % 60) for i in range(N)], id="the weight of people"),
        pytest.param("phone", ["yes", "no"] * 200, id="whether there is a phone"),
        pytest.param("X3Ssn.Porch", [float(i % 90) for i in range(N)], id="three seasons"),
        pytest.param("model", [f"{i % 9}{'AB'[i % 2]}" for i in range(N)], id="9A"),
    ],
)  # fmt: skip
def test_an_ordinary_column_is_left_alone(profiled, name, cells):
    profile = profiled({name: cells})

    told = {item["code"] for item in profile["findings"] if name in item["columns"]}
    assert told <= {"sensitive"}


def test_one_value_of_1900_does_not_hide_the_others(profiled):
    days = ["1900-01-01"] * 20 + [f"2021-0{1 + i % 9}-11" for i in range(380)]

    found = the(profiled({"joined": days}), "disguised-missing")

    assert "1900-01-01" in found["sentence"]
    assert found["numbers"]["share"] == 0.05


# -- People ---------------------------------------------------------------------------


def test_no_value_of_a_personal_column_is_in_the_profile(profiled, random):
    mails = [f"secret{i % 90}@example.org" for i in range(N)]
    cards = ["4111111111111111", "5500005555555559", "4012888888881881", "378282246310005"] * 100

    profile = profiled({"login": mails, "paid_with": cards})

    text = json.dumps(profile)
    assert "secret" not in text
    assert "4111111111111111" not in text
    kinds = {item["columns"][0]: item["numbers"]["kind"] for item in profile["findings"] if item["code"] == "personal-data"}  # fmt: skip  # noqa: E501
    assert kinds == {"login": "e-mail address", "paid_with": "payment card"}


def test_a_name_alone_is_told_with_less_weight(profiled, random):
    names = [f"{'ABCDEFGH'[i % 8]}son {i % 37}" for i in range(N)]

    found = the(profiled({"last_name": names}), "personal-data")

    assert (found["severity"], found["numbers"]["share"]) == ("low", None)


# -- Rows -----------------------------------------------------------------------------


def test_rows_in_the_order_of_time_whose_answer_drifts_weigh_more(table, random):
    days = [f"20{10 + i // 40}-0{1 + i // 10 % 4}-{1 + i % 10:02d}" for i in range(N)]
    y = np.where(np.arange(N) + 120 * random.normal(size=N) > 200, "late", "early").tolist()
    path, schema = table({"when": days, "x": random.normal(size=N).tolist(), "y": y})

    found = the(profile_table(path, schema, target="y"), "time-order")

    assert (found["severity"], found["columns"]) == ("medium", ["when"])
    assert "in the order of 'when'" in found["sentence"]
    assert "depends on when" in found["sentence"]


def test_a_long_pause_is_told(profiled):
    days = [f"2020-01-{1 + i // 20:02d}" for i in range(200)] + [
        f"2023-05-{1 + i // 10:02d}" for i in range(200)
    ]

    found = the(profiled({"when": days}), "time-order")

    assert "No row lies between 2020-01-10 and 2023-05-01." in found["sentence"]


def test_groups_that_share_their_answer_weigh_more(table, random):
    answers = random.choice(["yes", "no"], N // 2)
    path, schema = table(
        {
            "patient_id": [f"p{i // 2:03d}" for i in range(N)],
            "x": random.normal(size=N).tolist(),
            "y": [answers[i // 2] for i in range(N)],
        }
    )

    found = [
        f
        for f in profile_table(path, schema, target="y")["findings"]
        if f["columns"] == ["patient_id"]
    ]

    by_code = {item["code"]: item for item in found}
    assert "mostly have the same 'y'" in by_code["groups"]["sentence"]
    assert by_code["groups"]["severity"] == "medium"


def test_repeated_and_contradicting_rows_are_told(table):
    rows = list(range(30))
    path, schema = table(
        {
            "x": [*(r + 0.5 for r in rows), 0.5, 1.5, 2.5],
            "y": ["a", "b", "a"] * 10 + ["a", "b", "b"],
        }
    )

    profile = profile_table(path, schema, target="y")

    assert the(profile, "duplicates")["numbers"]["rows"] == 2
    assert the(profile, "conflicting-labels")["numbers"]["rows"] == 2
    assert the(profile, "few-rows")["numbers"] == {"rows": 33}


def test_more_columns_than_rows_is_told(table, random):
    path, schema = table({f"c{i}": random.normal(size=30).tolist() for i in range(40)})

    assert the(profile_table(path, schema, target=None), "wide")["numbers"] == {
        "columns": 40,
        "rows": 30,
    }


def test_the_same_information_twice_is_told(profiled, random):
    twice = random.normal(size=N).round(4)

    found = the(profiled({"a": twice.tolist(), "double": (2 * twice).tolist()}), "correlated")

    assert found["columns"] == ["a", "double"]


def test_a_nearly_constant_column_is_not_paired(profiled, random):
    flag = [1.0] + [0.0] * (N - 1)

    profile = profiled({"a": flag, "b": [2 * value for value in flag]})

    assert "correlated" not in codes(profile)


# -- Target ---------------------------------------------------------------------------


def test_a_column_that_knows_the_answer_is_the_first_finding(table, random):
    y = coins(random)
    severity = [random.integers(4, 6) if answer == "yes" else random.integers(0, 4) for answer in y]
    path, schema = table({"x": random.normal(size=N).tolist(), "severity": severity, "y": y})

    first = profile_table(path, schema, target="y")["findings"][0]

    assert (first["code"], first["severity"], first["columns"]) == (
        "leakage-score",
        "high",
        ["severity"],
    )
    assert first["numbers"] == {"measure": "roc_auc", "score": 1.0}
    assert "exclude" in first["action"]


def test_the_target_s_balance_and_gaps_are_told(table, random):
    y = ["rare"] * 10 + ["usual"] * 380 + [None] * 10
    path, schema = table({"x": random.normal(size=N).tolist(), "y": y})

    profile = profile_table(path, schema, target="y")

    assert {"imbalance", "rare-classes", "target-missing"} <= set(codes(profile, "medium"))
    assert the(profile, "target-missing")["numbers"] == {"rows": 10, "share": 0.025}


def test_a_skewed_target_is_told(table, random):
    path, schema = table(
        {"x": random.normal(size=N).tolist(), "y": np.exp(3 * random.normal(size=N)).tolist()}
    )

    assert the(profile_table(path, schema, target="y"), "target-skew")["severity"] == "low"


def test_a_target_that_cannot_be_learned_is_a_finding_and_not_a_crash(table, random):
    path, schema = table({"x": random.normal(size=N).tolist(), "c": ["same"] * N})

    profile = profile_table(path, schema, target="c")

    assert codes(profile, "high") == ["target-refused"]
    assert the(profile, "target-refused")["action"]


# -- The whole ------------------------------------------------------------------------


def test_findings_come_most_severe_first_and_codes_are_known(profiled, random):
    profile = profiled(
        {
            "flat": ["same"] * N,
            "gappy": ["a", None] * (N // 2),
            "age": [-999.0] * 20 + [20.0 + i % 60 for i in range(380)],
        }
    )

    severities = [SEVERITIES.index(item["severity"]) for item in profile["findings"]]
    assert severities == sorted(severities)
    assert set(codes(profile)) <= set(CODES)


def test_flags_name_each_code_once_in_order(profiled):
    profile = profiled({"age": [-999.0] * 20 + [20.0 + i % 60 for i in range(380)]})

    flags = flags_of([*profile["findings"], *profile["findings"]])

    assert flags["age"] == ["disguised-missing", "sensitive"]


def test_without_signs_the_numbers_speak_alone(profiled):
    profile = profiled({"flat": ["same"] * N})

    assert [item["code"] for item in find_all(profile)] == codes(profile)


def test_the_page_of_findings_is_the_table_of_codes():
    page = (ROOT / "docs" / "findings.md").read_text("utf-8")

    assert render_page() in page


# -- A real table ---------------------------------------------------------------------


def test_the_findings_of_the_penguins_are_those_a_biologist_would_sign(tmp_path):
    sample = resources.files("automl_core.samples").joinpath("penguins.csv")
    schema = scan_table(lambda: sample.open("rb"), filename="penguins.csv").schema
    write_parquet(lambda: sample.open("rb"), schema, tmp_path / "t.parquet", scratch=tmp_path)

    profile = profile_table(tmp_path / "t.parquet", schema, target="species")

    assert [(item["code"], item["columns"]) for item in profile["findings"]] == [
        ("few-rows", []),
        ("time-order", ["date_egg"]),
        ("groups", ["sample_number", "individual_id"]),
        ("high-missing", ["comments"]),
        ("correlated", ["date_egg", "study"]),
        ("sensitive", ["sex"]),
        ("constant", ["region", "stage"]),
        ("identifier", ["sample_number", "individual_id"]),
        ("text", ["comments"]),
    ]
