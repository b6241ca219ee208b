"""Measure a bundle's answer for one row: ``python -m benchmarks.quality.probe BUNDLE``.

A process of its own, so that nothing but the bundle's runtime is loaded. Rows are the manifest's
own probe rows, as a client sends them; prints one JSON document.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

from automl_core.bundle.runtime import Predictor

CALLS = 50


def main() -> None:
    """Load, answer three rows that do not count, then fifty one by one."""
    began = time.perf_counter()
    predictor = Predictor.load(Path(sys.argv[1]))
    load_s = time.perf_counter() - began
    rows = predictor.manifest["probes"]["rows"]
    took = []
    for at in range(CALLS + 3):
        row = rows[at % len(rows)]
        start = time.perf_counter()
        predictor.predict_rows([row])
        took.append(time.perf_counter() - start)
    print(json.dumps({"one_row_ms": statistics.median(took[3:]) * 1000, "load_s": load_s}))


if __name__ == "__main__":
    main()
