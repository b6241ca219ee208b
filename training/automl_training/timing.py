"""How a job's time is divided, so that the whole process keeps its promise."""

from __future__ import annotations

from dataclasses import dataclass

#: The promise: a whole process takes at most this many budgets, and this many seconds more.
MAX_BUDGETS = 1.1
MAX_EXTRA_S = 15.0

#: Seconds for scores, importances, export, proof and report of a small table.
LATER_STAGES_S = 10.0

#: Cells of the holdout that the later stages read, encode, answer and score in a second,
#: on one busy core.
LATER_CELLS_PER_S = 250_000.0

#: However long reading took, at least this share of the budget is searched.
MIN_SHARE = 0.5

#: Seconds, and share of the search's time, between its end and the moment at which its child
#: is killed: choosing an ensemble, or the last fit on all rows, may need them.
GRACE_S = 8.0
GRACE_SHARE = 0.03


@dataclass(frozen=True)
class TimePlan:
    """Seconds for the search, counted from its start."""

    search_s: float
    deadline_s: float
    """When the search's child is killed, whatever it is doing."""
    reason: str


def plan_time(
    *, budget_s: float, spent_s: float, n_cells: int, is_reproducible: bool = False
) -> TimePlan:
    """Divide what is left of a job's time.

    Parameters
    ----------
    budget_s : float
        The plan's time budget: seconds of search.
    spent_s : float
        Seconds since the process began.
    n_cells : int
        Rows of the holdout times columns; the stages after the search take longer with them.
    is_reproducible : bool
        The search ends after a number of trials; its deadline is as late as the promise
        allows, for passing it would change the result.

    Returns
    -------
    TimePlan
        The whole budget, unless reading and profiling took so long that the whole job
        would pass 1.1 budgets and 15 seconds.

    Examples
    --------
    >>> plan = plan_time(budget_s=60, spent_s=2, n_cells=1000)
    >>> plan.search_s, round(plan.deadline_s)
    (60, 69)
    >>> plan_time(budget_s=60, spent_s=40, n_cells=0).search_s
    30.0
    """
    later_s = LATER_STAGES_S + n_cells / LATER_CELLS_PER_S
    left_s = MAX_BUDGETS * budget_s + MAX_EXTRA_S - spent_s - later_s
    search_s = min(budget_s, max(left_s - GRACE_S, MIN_SHARE * budget_s))
    reason = "The whole budget."
    if search_s < budget_s:
        reason = (
            f"Reading and profiling took {spent_s:.0f} s and the stages after the search need "
            f"about {later_s:.0f} s; the search is shortened to keep the whole job within "
            f"{MAX_BUDGETS:g} budgets and {MAX_EXTRA_S:.0f} s."
        )
    wished_s = left_s if is_reproducible else (1 + GRACE_SHARE) * search_s + GRACE_S
    return TimePlan(search_s, max(min(left_s, wished_s), search_s), reason)
