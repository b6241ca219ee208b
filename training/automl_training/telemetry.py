"""Telemetry: what each stage cost and what was decided, one JSON line each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

from automl_core.layout import TELEMETRY
from automl_core.records import StageName, utc_text
from automl_training.stage import Workspace

if sys.platform != "win32":
    import resource

_BYTES_PER_MIB = 1024**2
#: ``ru_maxrss`` counts kibibytes on Linux and bytes on macOS (getrusage(2) of each).
_MAXRSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


def peak_rss_mib(*, of_children: bool = False) -> float | None:
    """Tell the largest resident memory so far, in MiB.

    Parameters
    ----------
    of_children : bool
        Of the largest child process that has ended, instead of this process.

    Returns
    -------
    float or None
        None where the system does not tell (Windows).
    """
    if sys.platform == "win32":
        return None
    who = resource.RUSAGE_CHILDREN if of_children else resource.RUSAGE_SELF
    return round(resource.getrusage(who).ru_maxrss * _MAXRSS_UNIT_BYTES / _BYTES_PER_MIB, 1)


class Telemetry:
    """The lines of ``telemetry.jsonl``, continued where an earlier attempt ended.

    Parameters
    ----------
    workspace : Workspace
        Keeps the file.
    now : callable
        The clock of the lines' ``at``.
    """

    def __init__(self, workspace: Workspace, now: Callable[[], datetime]) -> None:
        self._workspace = workspace
        self._now = now
        self._stage: StageName = "queued"
        self._lines: list[str] = []
        if workspace.has(TELEMETRY):
            text = workspace.path(TELEMETRY).read_text(encoding="utf-8")
            self._lines = text.splitlines()

    def begin(self, stage: StageName) -> None:
        """Name the stage that the next decisions belong to."""
        self._stage = stage

    def decide(self, **fields: Any) -> None:
        """Note a decision or a warning: ``what``, ``chosen``, ``why`` and whatever else tells."""
        self._add("decision", fields)

    def end(self, *, seconds: float, outcome: str) -> None:
        """Note that the present stage is over, and keep all lines so far.

        Parameters
        ----------
        seconds : float
            Wall time of the stage.
        outcome : str
            ``done``, ``skipped``, ``waiting`` or ``failed``.
        """
        self._add(
            "stage",
            {
                "outcome": outcome,
                "seconds": round(seconds, 3),
                "peak_rss_mib": peak_rss_mib(),
                "peak_child_rss_mib": peak_rss_mib(of_children=True),
            },
        )
        self.keep()

    def keep(self) -> None:
        """Write the artifact."""
        self._workspace.write(TELEMETRY, "".join(f"{line}\n" for line in self._lines))

    def _add(self, kind: str, fields: dict[str, Any]) -> None:
        line = {"at": utc_text(self._now()), "kind": kind, "stage": self._stage, **fields}
        self._lines.append(json.dumps(line, ensure_ascii=False, default=str))
