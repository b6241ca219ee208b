"""The container of a training and its price."""

from __future__ import annotations

import pytest

from automl_core.costs.training import TASK_SIZES, task_size, training_cost
from automl_core.records import Range

MB = 1_000_000

#: https://docs.aws.amazon.com/batch/latest/userguide/fargate.html: GB for each number of vCPUs.
FARGATE = {2: range(4, 17), 4: range(8, 31), 8: range(16, 61, 4), 16: range(32, 121, 8)}


def test_five_minutes_cost_what_the_price_list_says() -> None:
    cost = training_cost(Range(low=300, high=300))

    # 390 s with the start: 2 vCPU, 8 GB and an address; on demand 0.12152 $/h, Spot 0.04344.
    assert cost.high == pytest.approx(0.12152 * 390 / 3600, abs=5e-5)
    assert cost.low == pytest.approx(0.04344 * 390 / 3600, abs=5e-5)


def test_a_larger_container_costs_more_and_a_moment_costs_its_start() -> None:
    large = training_cost(Range(low=0, high=0), size=task_size(1024**3))

    # 90 s of start: 8 vCPU, 32 GB and an address; Spot 0.15876 $/h.
    assert large.low == pytest.approx(0.15876 * 90 / 3600, abs=5e-5)


@pytest.mark.parametrize(
    ("file_size_bytes", "vcpu", "memory_gb"),
    [
        (0, 2, 4),
        (30 * MB, 2, 4),
        (107 * MB, 2, 4),
        (108 * MB, 2, 8),
        (268 * MB, 2, 8),
        (269 * MB, 4, 16),
        (590 * MB, 4, 16),
        (591 * MB, 8, 32),
        (1024**3, 8, 32),
        (2_000 * MB, 8, 60),
        (4_000 * MB, 16, 120),
        (9_000 * MB, 16, 120),
    ],
)
def test_the_smallest_container_is_chosen_that_holds_twenty_times_the_file(
    file_size_bytes: int, vcpu: float, memory_gb: float
) -> None:
    size = task_size(file_size_bytes)

    assert (size.vcpu, size.memory_gb) == (vcpu, memory_gb)


def test_a_packed_upload_is_judged_by_its_cells() -> None:
    # Ten megabytes of gzip may hold 60 million cells, 300 MB as text.
    assert task_size(10 * MB).memory_gb == 4
    assert task_size(10 * MB, n_cells=60 * MB).memory_gb == 16
    assert task_size(None, n_cells=60 * MB).memory_gb == 16


def test_a_table_of_which_nothing_is_known_gets_what_the_job_definition_gives() -> None:
    assert (task_size(None).vcpu, task_size(None).memory_gb) == (2, 8)


def test_every_size_is_one_that_fargate_offers() -> None:
    assert [size for size in TASK_SIZES if size[1] not in FARGATE[size[0]]] == []
