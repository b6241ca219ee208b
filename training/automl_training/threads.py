"""How many threads a training may use."""

from __future__ import annotations

import os


def available_threads() -> int:
    """Count the processors that this process may run on, at least one.

    A container's CPU set counts, unlike in ``os.cpu_count``.
    """
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)
