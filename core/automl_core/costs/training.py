"""Which container a training needs on AWS Fargate, and what it costs.

Fargate bills virtual CPUs, memory and a public address by the second from the pull of the
image to the end of the task, for a minute at least.
"""

from __future__ import annotations

from typing import Final

from automl_core.costs.prices import PriceFile, load_prices
from automl_core.records import Range, Record

#: From the pull of the image to the first line of ours: a minute to pull and unpack, the
#: rest to start and import.
START_S: Final = 90.0

#: Fargate bills no less.
MINIMUM_S: Final = 60.0

#: Combinations of virtual CPUs and GB that Fargate offers, smallest first. Memory decides;
#: the CPUs grow along since larger tables take longer too. Two at least: search and
#: heartbeat must not wait for each other.
TASK_SIZES: Final = ((2, 4), (2, 8), (4, 16), (8, 32), (8, 60), (16, 120))

#: For a table of which nothing is known; the job definition's own.
UNKNOWN_SIZE: Final = (2, 8)

#: The pipeline holds 10 to 20 times the CSV's bytes: columns as numbers, the split, the
#: matrix of a family and its copy in the library. The larger end is reckoned with. A
#: table of 30 MB (337,000 rows of 19 columns) was measured to peak at 760 MiB in all.
MEMORY_PER_FILE_BYTE: Final = 20

#: Interpreter and libraries before a row is read.
BASE_MEMORY_GB: Final = 1.0

#: Share of a container's memory that is filled on purpose: a container that runs out is
#: killed and its work lost.
FILLED_SHARE: Final = 0.75

#: Of a CSV: 337,000 rows of 19 columns are 30 MB. A gzipped or Parquet upload is far
#: smaller than the table in it, so the cells are counted where they are known.
FILE_BYTES_PER_CELL: Final = 5

GB: Final = 1024**3


class TaskSize(Record):
    """A training container and the seconds that it is billed for before it works."""

    vcpu: float
    memory_gb: float
    start_s: float = START_S


def task_size(file_size_bytes: int | None, *, n_cells: int | None = None) -> TaskSize:
    """Choose the smallest container that holds a table.

    Parameters
    ----------
    file_size_bytes : int or None
        Size of the upload; None: not known.
    n_cells : int or None
        Rows times columns, where the table was read already: a compressed upload says
        little about what it holds.

    Returns
    -------
    TaskSize
        One of Fargate's combinations; the largest where none is large enough, since the
        table may still fit.

    Examples
    --------
    >>> task_size(30_000_000)
    TaskSize(vcpu=2.0, memory_gb=4.0, start_s=90.0)
    >>> task_size(None).memory_gb, task_size(200_000_000).memory_gb
    (8.0, 8.0)
    >>> task_size(1024**3).memory_gb
    32.0
    >>> task_size(5_000_000, n_cells=100_000_000).memory_gb
    16.0
    """
    if file_size_bytes is None and n_cells is None:
        return TaskSize(vcpu=UNKNOWN_SIZE[0], memory_gb=UNKNOWN_SIZE[1])
    table_bytes = max(file_size_bytes or 0, (n_cells or 0) * FILE_BYTES_PER_CELL)
    needed_gb = BASE_MEMORY_GB + table_bytes * MEMORY_PER_FILE_BYTE / GB
    fitting = (size for size in TASK_SIZES if size[1] * FILLED_SHARE >= needed_gb)
    vcpu, memory_gb = next(fitting, TASK_SIZES[-1])
    return TaskSize(vcpu=vcpu, memory_gb=memory_gb)


def task_dollars_an_hour(size: TaskSize, prices: PriceFile, *, is_spot: bool) -> float:
    """What a container with its public address costs an hour (x86)."""
    kind = "fargate_spot" if is_spot else "fargate"
    return (
        size.vcpu * prices.dollars(f"{kind}_vcpu_hour")
        + size.memory_gb * prices.dollars(f"{kind}_gb_hour")
        + prices.dollars("public_ipv4_hour")
    )


def billed_seconds(work_s: float, size: TaskSize) -> float:
    """Seconds that Fargate bills for so many seconds of work."""
    return max(work_s + size.start_s, MINIMUM_S)


def training_cost(
    seconds: Range, *, size: TaskSize | None = None, prices: PriceFile | None = None
) -> Range:
    """Estimate dollars for a training.

    Parameters
    ----------
    seconds : Range
        Duration of the container's work; its start is added here.
    size : TaskSize or None
        The container; None: the one for a table of unknown size.
    prices : PriceFile or None
        None: the file that ships with the package.

    Returns
    -------
    Range
        Low: the short duration on Spot; high: the long one on demand.
    """
    size, prices = size or task_size(None), prices or load_prices()

    def cost(work_s: float, *, is_spot: bool) -> float:
        an_hour = task_dollars_an_hour(size, prices, is_spot=is_spot)
        return round(an_hour * billed_seconds(work_s, size) / 3600, 4)

    return Range(low=cost(seconds.low, is_spot=True), high=cost(seconds.high, is_spot=False))
