"""A few seconds of ``benchmarks/fuzz_tables.py``: drawn tables and broken real ones."""

from __future__ import annotations

import runpy
from pathlib import Path

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "fuzz_tables.py"


def test_no_input_is_damaged_in_silence_or_crashes_the_reader():
    fuzz_tables = runpy.run_path(str(BENCHMARK), run_name="fuzz_tables")
    tally = fuzz_tables["Tally"]()

    fuzz_tables["fuzz"](tally, first_seed=7, seconds=0, batch=60)

    assert tally.problems == []
    assert tally.outcomes.total() == 120
    assert tally.outcomes["read"] >= 30


def test_what_is_lost_is_noticed():
    fuzz_tables = runpy.run_path(str(BENCHMARK), run_name="fuzz_tables")
    lost = fuzz_tables["check"].__globals__
    real = lost["read_independently"]
    lost["read_independently"] = lambda data, schema: (real(data, schema)[0][1:], 0)

    outcome, problem = fuzz_tables["check"](b"a,b\n1,x\n2,y\n")

    assert (outcome, "2 rows" in problem) == ("read", True)
