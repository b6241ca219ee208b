"""Make the deep report, or the page that says why there is none."""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from automl_core.tabular.schema import TableSchema
from automl_training.deep.page import note_page, seal
from automl_training.deep.runner import (
    MADE,
    REPORT,
    DeepLimits,
    DeepReportMissing,
    find_deep_python,
    last_words,
    run_profiler,
)
from automl_training.deep.sample import Choice, choose_columns, write_sample, write_spec

_LOG = logging.getLogger(__name__)

#: Names of columns that a page lists.
_MAX_LISTED = 20


@dataclass(frozen=True)
class DeepSource:
    """What a deep report is made of.

    ``python`` is ``AUTOML_DEEP_REPORT_PYTHON``; None: looked for.
    """

    table: Path
    schema: TableSchema
    title: str
    profile: Mapping[str, Any] | None = None
    excluded: Collection[str] = ()
    seed: int = 0
    python: Path | None = None
    limits: DeepLimits = field(default_factory=DeepLimits)


@dataclass(frozen=True)
class DeepReport:
    """A page, whether it is the report, and what is to be said about it."""

    page: str
    is_made: bool
    note: str


def make_deep_report(
    source: DeepSource,
    scratch: Path,
    *,
    on_wait: Callable[[], None] = lambda: None,
    monotonic: Callable[[], float] = time.monotonic,
) -> DeepReport:
    """Make the deep report within its limits.

    Parameters
    ----------
    source : DeepSource
    scratch : Path
        A folder for this alone; made, and gone afterwards.
    on_wait : callable
        Called several times a second while the profiler runs; may raise to give up.
    monotonic : callable
        Seconds.

    Returns
    -------
    DeepReport
        Always a page: of the profiler, or one that says why there is none and what to do.
    """
    import duckdb

    shutil.rmtree(scratch, ignore_errors=True)
    started = monotonic()
    try:
        scratch.mkdir(parents=True)
        note = _profile(source, scratch, on_wait=on_wait, monotonic=monotonic)
        page = seal((scratch / REPORT).read_text("utf-8"), note=note)
    except DeepReportMissing as missing:
        words = last_words(scratch)
        if words:
            _LOG.warning("no deep report; the profiler's last words: %s", words)
        return DeepReport(note_page(_missing_note(str(missing))), is_made=False, note=str(missing))
    except (OSError, UnicodeDecodeError, duckdb.Error) as error:
        _LOG.warning("no deep report", exc_info=error)
        note = (
            f"The sample for the profiler could not be handed over ({type(error).__name__}); "
            "the job's log says more."
        )
        return DeepReport(note_page(_missing_note(note)), is_made=False, note=note)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _LOG.info("deep report made in %.1f s", monotonic() - started)
    return DeepReport(page, is_made=True, note=note)


def _profile(
    source: DeepSource,
    scratch: Path,
    *,
    on_wait: Callable[[], None],
    monotonic: Callable[[], float],
) -> str:
    """Leave the profiler's page in the folder; return what is to be said about it."""
    if sys.platform == "win32":
        raise DeepReportMissing(
            "The deep report needs limits of memory that Windows does not offer; make it on "
            "Linux or macOS."
        )
    python = find_deep_python(source.python)
    if python is None:
        raise DeepReportMissing(
            "The packages of the deep report are not installed here. Run make deep, or name a "
            "Python that has those of requirements/deep.txt in AUTOML_DEEP_REPORT_PYTHON; the "
            "training image for AWS leaves them out."
        )
    limits = source.limits
    choice = choose_columns(
        source.schema,
        profile=source.profile,
        excluded=source.excluded,
        at_most=limits.max_columns,
    )
    if not choice.columns:
        raise DeepReportMissing(
            "Every column looks like personal data, whose values no report shows. Remove or "
            "replace them in the file."
        )
    rows, of, kinds = write_sample(
        source.table, choice.columns, scratch, max_rows=limits.max_rows, seed=source.seed
    )
    write_spec(
        scratch,
        [column.name for column in choice.columns],
        kinds,
        title=f"Deep report: {source.title}",
        limits={
            "memory_bytes": limits.memory_bytes,
            "file_bytes": limits.report_bytes,
            "parent_pid": os.getpid(),
        },
    )
    run_profiler(python, scratch, limits, on_wait=on_wait, monotonic=monotonic)
    made = json.loads((scratch / MADE).read_text("utf-8"))
    told = f"all {of:,} rows"
    if rows < of:
        told = f"a random sample of {rows:,} of {of:,} rows (seed {source.seed})"
    return _made_note(choice, rows=told, version=str(made["version"]))


def _made_note(choice: Choice, *, rows: str, version: str) -> str:
    n_chosen, n_wanted = len(choice.columns), len(choice.columns) + len(choice.over)
    columns = f"all {n_wanted} columns"
    if choice.over:
        columns = f"{n_chosen} of {n_wanted} columns, {choice.reason}"
    lines = [
        f"Deep report by fg-data-profiling {version}, computed on {rows} and {columns}.",
        "A second opinion: the data report (eda.html) covers every row and every column, and "
        "the plan rests on that one. Texts are cut at 200 characters; < > & and quotation "
        "marks were written out before the profiler saw them, so that it counts each of them as "
        "several characters. Its scripts were taken out, so that nothing from the table can run; "
        "everything stands open instead.",
    ]
    if choice.personal:
        lines.append(f"Left out, looking like personal data: {_listed(choice.personal)}.")
    if choice.over:
        lines.append(f"Left out, over the limit of {n_chosen}: {_listed(choice.over)}.")
    return "\n".join(lines)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MAX_LISTED
    return ", ".join(names[:_MAX_LISTED]) + (f" and {more} more" if more > 0 else "")


def _missing_note(reason: str) -> str:
    return (
        f"{reason}\nThe data report (eda.html) is there; it covers every row and every column. "
        "A new job with eda set to deep tries again."
    )
