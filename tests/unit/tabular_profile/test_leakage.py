"""Signs of leakage, each on a table made for it, and silence on noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl_core.records import ColumnKind, Storage
from automl_core.tabular.findings_leaks import about_leaks
from automl_core.tabular.leak_formulas import PairLeak, find_pair_leaks, find_sum_leak
from automl_core.tabular.leakage import (
    GapLeak,
    by_prefix,
    chance_of_area,
    chance_of_share,
    find_gap_leaks,
    spells_target,
)
from automl_core.tabular.profile_target import describe_target
from automl_core.tabular.samples import SampleColumn
from automl_core.tabular.schema import ColumnSchema, FileFacts, TableSchema, ValueCount

N = 400


@pytest.fixture
def random():
    return np.random.default_rng(7)


# -- A table without a file -----------------------------------------------------------


class Source:
    """The one thing that the target's block reads besides the sample."""

    def __init__(self, sampled):
        self._sampled = sampled

    def numbers(self, names, n_rows):
        return ((name, self._sampled[name].numbers) for name in names)


def coded(name, values) -> SampleColumn:
    present = sorted({str(value) for value in values if value is not None})
    position = {text: i for i, text in enumerate(present)}
    codes = [-1 if value is None else position[str(value)] for value in values]
    return SampleColumn(name, codes=np.array(codes, dtype=np.int64), levels=tuple(present))


def described(columns, kinds=None):
    """A table of the given cells: lists are words, arrays are numbers."""
    sampled, found = {}, []
    for position, (name, values) in enumerate(columns.items()):
        storage: Storage
        kind: ColumnKind
        if isinstance(values, np.ndarray):
            sampled[name] = SampleColumn(name, numbers=values.astype(np.float64))
            whole = bool(np.all(np.isnan(values) | (values == np.rint(values))))
            storage, kind = ("integer" if whole else "decimal"), "numeric"
            present = [f"{v:g}" if whole else f"{v!r}" for v in values[~np.isnan(values)].tolist()]
        else:
            sampled[name] = coded(name, values)
            storage, kind = "text", "categorical"
            present = [str(value) for value in values if value is not None]
        texts, rows = np.unique(present, return_counts=True)
        top = [
            ValueCount(value=t, rows=n) for t, n in zip(texts.tolist(), rows.tolist(), strict=True)
        ]
        found.append(
            ColumnSchema(
                name=name,
                original_name=name,
                position=position,
                storage=storage,
                kind=(kinds or {}).get(name, kind if len(texts) > 1 else "constant"),
                kind_reason="It was made for a test.",
                n_missing=len(values) - len(present),
                n_distinct=len(texts),
                top_values=top if len(top) <= 100 else [],
            )
        )
    n_rows = len(next(iter(columns.values())))
    file = FileFacts(bytes=1, sha256="0" * 64, format="csv")
    return TableSchema(file=file, n_rows=n_rows, columns=found), sampled


def alarms(columns, *, target="y", kinds=None, task=None):
    """Findings of leakage in a table, and its target's block."""
    schema, sampled = described(columns, kinds)
    scope = {"basis": "all_rows", "rows": schema.n_rows, "of": schema.n_rows}
    block = describe_target(
        Source(sampled), schema, sampled, target=target, task=task, scope=scope, seed=0
    )
    kinds_of = {column.name: column.kind for column in schema.columns}
    return [
        (found["code"], found["columns"], found["severity"])
        for found in about_leaks(block, kinds_of)
    ]


# -- Each trace -----------------------------------------------------------------------


def test_a_column_that_tells_nearly_every_class_scores_too_well(random):
    y = random.choice(["alive", "dead"], N, p=[0.9, 0.1])
    severity = np.where(y == "dead", 4, random.integers(0, 4, N))
    severity[:3] = 4

    found = alarms({"severity": severity, "x": random.normal(size=N), "y": y.tolist()})

    assert found == [("leakage-score", ["severity"], "high")]


def test_natural_classes_that_differ_in_a_measurement_weigh_less(random):
    y = random.choice(["setosa", "versicolor", "virginica"], N)
    petal = np.select([y == "setosa", y == "versicolor"], [1.5, 4.2], 5.8)

    found = alarms({"petal": petal + 0.45 * random.normal(size=N), "y": y.tolist()})

    assert found == [("leakage-score", ["petal"], "medium")]


def test_a_number_that_is_the_target_with_some_noise_scores_too_well(random):
    y = random.normal(size=N)

    found = alarms({"near": y + 0.05 * random.normal(size=N), "x": random.normal(size=N), "y": y})

    assert found == [("leakage-score", ["near"], "high")]


def test_a_strong_column_is_looked_at(random):
    y = random.choice(["no", "yes"], N)
    strong = random.normal(size=N) + 2.3 * (y == "yes")

    assert alarms({"strong": strong, "y": y.tolist()}) == [
        ("leakage-suspect", ["strong"], "medium")
    ]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param({"no": "0", "yes": "1"}, id="two classes in other words"),
        pytest.param({"a": "x", "b": "y", "c": "z"}, id="three classes in other words"),
    ],
)
def test_a_copy_in_other_words_is_found(random, words):
    y = random.choice(list(words), N)

    found = alarms({"copy": [words[c] for c in y], "x": random.normal(size=N), "y": y.tolist()})

    assert found == [("leakage-copy", ["copy"], "high")]


def test_a_code_of_the_classes_is_a_copy(random):
    y = random.integers(0, 5, N)

    found = alarms({"code": y * 7.0, "y": [f"class {i}" for i in y]})

    assert found == [("leakage-copy", ["code"], "high")]


def test_classes_grouped_are_a_function_of_the_target(random):
    y = random.choice(["rome", "milan", "paris", "lyon"], N)
    land = ["it" if city in {"rome", "milan"} else "fr" for city in y]

    assert alarms({"land": land, "y": y.tolist()}) == [("leakage-function", ["land"], "high")]


def test_a_number_cut_into_bands_is_a_function_of_the_target(random):
    y = random.gamma(2.0, size=N).round(4)
    band = np.digitize(y, [1.0, 2.0, 4.0]).astype(float)

    assert alarms({"band": band, "x": random.normal(size=N), "y": y}) == [
        ("leakage-function", ["band"], "high")
    ]


def test_the_logarithm_of_a_target_with_a_heavy_tail_is_a_copy(random):
    y = np.exp(3 * random.normal(size=2000))

    assert alarms({"log": np.log(y), "y": y}) == [("leakage-copy", ["log"], "high")]


def test_gaps_of_one_class_give_it_away(random):
    y = ["yes" if i % 10 == 0 else "no" for i in range(N)]
    tail = [None if i % 20 == 0 else f"N{i % 7}" for i in range(N)]

    assert alarms({"tail": tail, "y": y}) == [("leakage-gap", ["tail"], "high")]


def test_values_that_only_one_class_has_give_it_away(random):
    y = ["dead" if i % 10 == 0 else "alive" for i in range(N)]
    died_in = [f"ward {i % 3}" if i % 20 == 0 else None for i in range(N)]

    assert alarms({"died_in": died_in, "y": y}) == [("leakage-gap", ["died_in"], "high")]


def test_gaps_where_a_numeric_target_is_nought_give_it_away(random):
    y = np.where(random.random(N) < 0.4, 0.0, random.gamma(2.0, size=N))
    last_order = np.where(y == 0, np.nan, random.normal(size=N))

    assert alarms({"last_order": last_order, "y": y}) == [("leakage-gap", ["last_order"], "high")]


@pytest.mark.parametrize(
    ("compute", "operation"),
    [
        pytest.param(lambda a, b: a + b, "{0} + {1}", id="sum"),
        pytest.param(lambda a, b: a - b, "{0} - {1}", id="difference"),
        pytest.param(lambda a, b: b - a, "{1} - {0}", id="the other difference"),
        pytest.param(lambda a, b: a * b, "{0} × {1}", id="product"),
        pytest.param(lambda a, b: a / b, "{0} / {1}", id="ratio"),
        pytest.param(lambda a, b: np.round(a * b * 0.1, 1) * 10, "{0} × {1}", id="rounded product"),
    ],
)
def test_a_target_computed_from_two_columns_is_found(random, compute, operation):
    a, b = random.integers(1, 90, N).astype(float), random.integers(1, 90, N).astype(float)
    columns = {"noise": random.normal(size=N), "a": a, "b": b}

    assert find_pair_leaks(columns, compute(a, b)) == [PairLeak("a", "b", operation, 1.0)]


def test_a_formula_with_a_few_exceptions_and_gaps_is_found(random):
    a, b = random.normal(size=N), random.normal(size=N)
    target = a + b
    target[17] += 5
    b[50:90] = np.nan

    (leak,) = find_pair_leaks({"a": a, "b": b}, target)

    assert (leak.operation, leak.share) == ("{0} + {1}", pytest.approx(359 / 360))


def test_the_counts_of_two_kinds_of_customers_are_named_both(random):
    casual, registered = random.integers(0, 30, N), random.integers(0, 300, N)
    columns = {"casual": casual, "registered": registered, "y": casual + registered}

    assert alarms(columns) == [("leakage-formula", ["casual", "registered"], "high")]


def test_a_weighted_sum_of_several_columns_is_found(random):
    parts = {name: random.integers(0, 100, N).astype(float) for name in ("home", "exam", "oral")}
    grade = 0.2 * parts["home"] + 0.5 * parts["exam"] + 0.3 * parts["oral"]

    found = alarms({**parts, "x": random.normal(size=N), "y": grade})

    assert found == [("leakage-formula", ["home", "exam", "oral"], "high")]


def test_a_nearly_exact_sum_is_not_a_formula(random):
    a, b = random.normal(size=N), random.normal(size=N)

    assert find_pair_leaks({"a": a, "b": b}, a + b + 0.02 * random.normal(size=N)) == []
    assert find_sum_leak({"a": a, "b": b}, a + b + 0.02 * random.normal(size=N)) == []


def test_a_column_that_adds_nothing_to_a_copy_is_not_blamed(random):
    target = random.normal(size=N)
    mostly_zero = np.zeros(N)
    mostly_zero[:3] = 1e-12

    assert find_pair_leaks({"copy": target, "zero": mostly_zero}, target) == []


def test_two_flags_are_no_formula_of_a_target_that_is_mostly_nought(random):
    flags = {name: (random.random(2000) < 0.03).astype(float) for name in "ab"}
    target = np.where(random.random(2000) < 0.01, 7.0, 0.0)

    assert find_pair_leaks(flags, target) == []


def test_a_text_that_spells_the_class_is_named_although_it_is_left_out():
    tissues = ["kidney", "liver", "colon"] * 40
    names = [f"{tissue.title()}_{i}" for i, tissue in enumerate(tissues)]

    found = alarms({"sample": names, "y": tissues}, kinds={"sample": "identifier"})

    assert found == [("leakage-text", ["sample"], "high")]


def test_an_identifier_whose_order_is_the_answer_is_told(random):
    y = ["a"] * 200 + ["b"] * 200

    found = alarms({"row": np.arange(N), "y": y}, kinds={"row": "identifier"})

    assert found == [("leakage-identifier", ["row"], "medium")]


def test_an_identifier_whose_letters_are_the_answer_is_told(random):
    y = random.choice(["good", "bad"], N)
    ids = [f"{'KX' if c == 'good' else 'QZ'}{i:05d}" for i, c in enumerate(y)]

    found = alarms({"ref": ids, "y": y.tolist()}, kinds={"ref": "identifier"})

    assert found == [("leakage-identifier", ["ref"], "medium")]


@pytest.mark.parametrize("name", ["churn_reason", "date_closed", "finalStatus", "résultat"])
def test_a_telling_name_with_a_signal_is_told(random, name):
    y = random.choice(["no", "yes"], N)
    signal = random.normal(size=N) + 1.6 * (y == "yes")

    found = alarms({name: signal, "churn": y.tolist()}, target="churn")

    assert found == [("leakage-name", [name], "medium")]


def test_a_telling_name_without_a_signal_is_not_told(random):
    y = random.choice(["no", "yes"], N)

    assert alarms({"date_closed": random.normal(size=N), "y": y.tolist()}) == []


def test_each_column_is_told_once_by_its_strongest_sign(random):
    y = random.choice(["no", "yes"], N)
    copy = [f"was {c}" for c in y]

    found = alarms({"outcome": copy, "y": y.tolist()})

    assert found == [("leakage-copy", ["outcome"], "high")]


# -- Silence --------------------------------------------------------------------------


def test_honest_columns_are_not_accused(random):
    x = random.normal(size=N)
    y = np.where(x + random.normal(size=N) > 0, "yes", "no")
    gappy = np.where(random.random(N) < 0.3, np.nan, x)
    ids = [f"A{i}" for i in range(N)]

    found = alarms(
        {"x": x, "gappy": gappy, "id": ids, "c": random.choice(["u", "v"], N).tolist(),
         "y": y.tolist()},
        kinds={"id": "identifier"},
    )  # fmt: skip

    assert found == []


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**20),
    kind=st.sampled_from(
        ["coin", "rare", "three rows", "five classes", "normal", "heavy tail", "nought"]
    ),
)
def test_two_hundred_columns_of_noise_raise_no_alarm(seed, kind):
    random = np.random.default_rng(seed)
    n = 200
    y = {
        "coin": lambda: random.choice(["no", "yes"], n).tolist(),
        "rare": lambda: random.choice(["no", "yes"], n, p=[0.94, 0.06]).tolist(),
        "three rows": lambda: ["yes"] * 3 + ["no"] * 197,
        "five classes": lambda: random.choice(
            list("vwxyz"), n, p=[0.6, 0.2, 0.1, 0.06, 0.04]
        ).tolist(),
        "normal": lambda: random.normal(size=n),
        "heavy tail": lambda: np.exp(2.5 * random.normal(size=n)),
        "nought": lambda: np.where(random.random(n) < 0.85, 0.0, random.gamma(2.0, size=n)),
    }[kind]()
    makers = [
        lambda: random.normal(size=n),
        lambda: np.exp(2 * random.normal(size=n)),
        lambda: np.where(random.random(n) < 0.2, np.nan, random.normal(size=n)),
        lambda: random.integers(0, 3, n),
        lambda: (random.random(n) < 0.03).astype(float),
        lambda: random.choice(["red", "green", "blue", None], n).tolist(),
        lambda: [f"v{i}" for i in random.integers(0, 60, n)],
    ]
    columns = {f"c{i}": makers[i % len(makers)]() for i in range(200)}

    assert alarms({**columns, "y": y}) == []


# -- Parts ----------------------------------------------------------------------------


def test_a_gap_that_falls_on_one_class_gives_it_away():
    found = find_gap_leaks(
        {"tail": {"yes": 300}, "often": {"no": 900, "yes": 60}, "few": {"yes": 19}},
        {"no": 9000, "yes": 1000},
    )

    assert found == [GapLeak("tail", "yes", 300, 1.0, 0.3)]


@pytest.mark.parametrize(
    ("gaps", "class_rows"),
    [
        pytest.param({"no": 300}, {"no": 9000, "yes": 1000}, id="on the usual class"),
        pytest.param({"no": 25}, {"no": 750, "yes": 250}, id="as chance would have it"),
        pytest.param({"yes": 10}, {"no": 50, "yes": 50}, id="of ten rows"),
    ],
)
def test_a_gap_that_proves_nothing_is_not_told(gaps, class_rows):
    assert find_gap_leaks({f"x{i}": gaps for i in range(20)}, class_rows) == []


def test_the_chance_of_a_share_bounds_the_binomial_tail():
    # P(at least 9 of 10 heads) = 11 / 1024.
    assert 11 / 1024 < chance_of_share(0.9, 0.5, 10) < 0.05


def test_the_chance_of_an_area_falls_with_the_rows_behind_it():
    assert chance_of_area(0.9, 5, 195) > 1e-4
    assert chance_of_area(0.9, 50, 150) < 1e-12
    assert chance_of_area(1.0, 5, 195) < 1e-9


def test_a_label_inside_another_one_is_not_mistaken():
    sexes = ["male", "female"] * 30
    texts = [f"{sex} no. {i}" for i, sex in enumerate(sexes)]

    assert spells_target(coded("t", texts), coded("y", sexes))


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        pytest.param(["kidney_1", "liver_2"] * 30, ["liver", "kidney"] * 30, id="of other rows"),
        pytest.param(["banana", "cab"] * 30, ["a", "b"] * 30, id="short labels in words"),
        pytest.param(["good and bad"] * 60, ["good"] * 58 + ["bad"] * 2, id="always the same"),
    ],
)
def test_a_text_that_does_not_spell_the_class_is_left_alone(texts, labels):
    assert not spells_target(coded("t", texts), coded("y", labels))


def test_short_labels_count_as_words_of_their_own():
    labels = ["a", "b"] * 30
    texts = [f"type {label} / {i}" for i, label in enumerate(labels)]

    assert spells_target(coded("t", texts), coded("y", labels))


def test_leading_letters_make_a_category():
    found = by_prefix(coded("id", [f"{'AB'[i % 2]}-{i}" for i in range(60)]))

    assert found is not None
    assert found.levels == ("a", "b")
    assert np.bincount(found.codes).tolist() == [30, 30]


@pytest.mark.parametrize(
    "ids",
    [
        pytest.param([f"N{i}" for i in range(60)], id="the same letters"),
        pytest.param([chr(97 + i % 26) * (1 + i // 26) for i in range(78)], id="words"),
    ],
)
def test_letters_that_do_not_repeat_make_none(ids):
    assert by_prefix(coded("id", ids)) is None
