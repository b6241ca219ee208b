"""What single features tell about a target, out of fold."""

from __future__ import annotations

import numpy as np
import pytest

from automl_core.tabular.feature_bins import cut
from automl_core.tabular.samples import SampleColumn
from automl_core.tabular.scores import (
    assign_folds,
    class_answer,
    class_score,
    count_cells,
    mutual_information,
    number_answer,
    number_score,
)

N = 2000


@pytest.fixture
def random():
    return np.random.default_rng(7)


def coded(values) -> SampleColumn:
    levels, codes = np.unique([str(value) for value in values], return_inverse=True)
    return SampleColumn("c", codes=codes.astype(np.int64), levels=tuple(levels.tolist()))


def numbers(values) -> SampleColumn:
    return SampleColumn("n", numbers=np.asarray(values, dtype=np.float64))


def of_classes(column, classes) -> float:
    answer = class_answer(np.asarray(classes, dtype=np.int64), seed=0)
    bins = cut(column)
    return class_score(bins, count_cells(bins, answer), answer).value


def of_numbers(column, target):
    answer = number_answer(np.asarray(target, dtype=np.float64), seed=0)
    bins = cut(column)
    return number_score(bins, column, answer, count_cells(bins, answer))


def bits(column, classes) -> float:
    answer = class_answer(np.asarray(classes, dtype=np.int64), seed=0)
    bins = cut(column)
    return mutual_information(bins, count_cells(bins, answer), np.ones(answer.n_classes))


# -- Folds and bins -------------------------------------------------------------------


def test_every_fold_has_its_share_of_a_rare_class():
    classes = np.zeros(1000, dtype=np.int64)
    classes[:10] = 1

    folds = assign_folds(classes, seed=3)

    assert np.bincount(folds[classes == 1]).tolist() == [2, 2, 2, 2, 2]


def test_few_values_keep_a_bin_each_and_the_gaps_have_their_own():
    bins = cut(numbers([3, 1, np.nan, 1, 3, 7] * 20))

    assert (bins.n, bins.is_exact) == (4, True)
    assert bins.of_row[:6].tolist() == [1, 0, 3, 0, 1, 2]


def test_a_frequent_number_among_many_has_a_bin_of_its_own(random):
    values = random.normal(size=10_000)
    values[::4] = 0.125

    bins = cut(numbers(values))

    own = bins.of_row[values == 0.125]
    assert len(set(own.tolist())) == 1
    assert set(values[bins.of_row == own[0]].tolist()) == {0.125}


def test_bins_of_a_number_follow_its_order(random):
    values = random.normal(size=N)

    bins = cut(numbers(values))

    assert (np.diff(bins.of_row[np.argsort(values)]) >= 0).all()


def test_categories_of_one_row_share_a_bin():
    bins = cut(coded(["a", "a", "b", "b", "only", "once"] * 1))

    assert bins.n == 4
    assert bins.level_of_bin.tolist() == [0, 1, -1]
    assert not bins.is_exact


def test_a_column_without_a_value_has_only_the_bin_of_the_gaps():
    bins = cut(numbers([np.nan] * 30))

    assert set(bins.of_row.tolist()) == {bins.n - 1}


# -- Classes --------------------------------------------------------------------------


def test_a_copy_of_the_classes_is_certain_and_noise_is_chance(random):
    classes = random.integers(0, 3, N)

    assert of_classes(coded(classes), classes) == pytest.approx(1.0)
    assert of_classes(numbers(classes), classes) == pytest.approx(1.0)
    # Three normal areas of about 1,000 ranks each: 0.5 ± 0.02, the better of two estimators.
    assert of_classes(numbers(random.normal(size=N)), classes) == pytest.approx(0.5, abs=0.04)


def test_a_copy_of_more_classes_than_a_tree_has_leaves_is_certain(random):
    classes = random.integers(0, 20, N)

    assert of_classes(numbers(classes), classes) == pytest.approx(1.0)


def test_an_identifier_scores_nothing_out_of_fold(random):
    classes = random.integers(0, 2, N)

    assert of_classes(coded(range(N)), classes) == pytest.approx(0.5, abs=0.01)


def test_a_gap_counts_as_a_value_of_its_own(random):
    classes = random.integers(0, 2, N)

    assert of_classes(numbers(np.where(classes == 1, np.nan, 3.0)), classes) == 1.0


def test_the_area_does_not_depend_on_how_rare_a_class_is(random):
    classes = (random.random(20_000) < 0.02).astype(np.int64)
    shifted = random.normal(size=20_000) + 2.0 * classes

    # Two normal curves two deviations apart: Φ(2 / √2) = 0.921.
    assert of_classes(numbers(shifted), classes) == pytest.approx(0.921, abs=0.02)


@pytest.mark.parametrize("special", [-99.0, 0.0, 99.0])
def test_a_special_value_that_only_one_class_has_is_seen(random, special):
    classes = (random.random(20_000) < 0.03).astype(np.int64)
    values = np.where(classes == 1, special, random.normal(size=20_000))

    assert of_classes(numbers(values), classes) == pytest.approx(1.0, abs=1e-3)


def test_of_very_many_classes_the_most_frequent_ones_count(random):
    classes = np.concatenate((np.repeat(np.arange(20), 50), np.repeat(np.arange(20, 60), 3)))

    answer = class_answer(classes, seed=0)

    assert answer.n_classes == 21
    assert set(answer.scored) == set(range(20))
    assert of_classes(coded(classes), classes) == pytest.approx(1.0)


def test_a_class_of_a_few_rows_does_not_decide_the_mean(random):
    classes = np.repeat([0, 1, 2], [500, 480, 4])

    assert class_answer(classes, seed=0).scored == (0, 1)


def test_rows_in_another_order_give_about_the_same_score(random):
    classes = random.integers(0, 2, N)
    values = random.normal(size=N) + classes
    order = random.permutation(N)

    first, second = (
        of_classes(numbers(values), classes),
        of_classes(numbers(values[order]), classes[order]),
    )

    # Folds are dealt anew: the area of 2,000 rows is known to ±0.01.
    assert first == pytest.approx(second, abs=0.02)


# -- Numbers --------------------------------------------------------------------------


def test_a_number_s_score_sees_lines_curves_and_noise(random):
    target = random.normal(size=N)

    assert of_numbers(numbers(3 * target - 7), target).value == pytest.approx(1.0)
    assert of_numbers(numbers(np.exp(target)), target).value > 0.98
    assert of_numbers(numbers(random.normal(size=N)), target).value < 0.01


def test_a_copy_of_a_target_with_a_heavy_tail_shows_in_its_order(random):
    target = np.exp(3 * random.normal(size=N))

    score = of_numbers(numbers(np.log(target)), target)

    assert score.value < 0.9
    assert score.order > 0.99


def test_a_step_explains_what_it_can(random):
    target = random.normal(size=N)

    # A sign explains 2/π of a normal variance.
    assert of_numbers(coded(target > 0), target).value == pytest.approx(0.637, abs=0.02)
    assert of_numbers(numbers(target > 0), target).value == pytest.approx(0.637, abs=0.02)


def test_a_constant_target_has_no_score(random):
    assert of_numbers(numbers(random.normal(size=100)), np.ones(100)) is None


def test_one_huge_answer_is_no_proof(random):
    target = random.normal(size=N)
    target[7] = 1e9
    feature = np.zeros(N)
    feature[7] = 1

    assert of_numbers(numbers(feature), target).value < 0.1


# -- Information ----------------------------------------------------------------------


def test_a_copy_tells_all_bits_and_noise_none(random):
    classes = random.integers(0, 4, 20_000)

    assert bits(coded(classes), classes) == pytest.approx(2.0, abs=0.01)
    assert bits(numbers(classes), classes) == pytest.approx(2.0, abs=0.01)
    assert bits(numbers(random.normal(size=20_000)), classes) == pytest.approx(0.0, abs=0.005)


def test_an_identifier_tells_nothing(random):
    assert bits(coded(range(N)), random.integers(0, 2, N)) == 0.0


def test_weights_put_a_stratified_sample_right(random):
    # Half of the sample is a class that one row in ten has.
    classes = np.repeat([0, 1], 10_000)
    flag = random.random(20_000) < np.where(classes == 1, 0.8, 0.2)
    answer = class_answer(classes, seed=0)
    bins = cut(numbers(flag))

    found = mutual_information(bins, count_cells(bins, answer), np.array([1.8, 0.2]))

    def entropy(*shares):
        return -sum(share * np.log2(share) for share in shares)

    expected = entropy(0.26, 0.74) - 0.9 * entropy(0.2, 0.8) - 0.1 * entropy(0.8, 0.2)
    assert found == pytest.approx(expected, abs=0.005)
