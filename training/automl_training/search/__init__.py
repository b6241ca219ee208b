"""The search for models: a child process with FLAML in it, bounded, followed and killable."""

from automl_training.search.parent import fixed_trials, run_search
from automl_training.search.records import (
    EnsembleNote,
    Fitted,
    Member,
    OutOfFold,
    SearchResult,
    SearchSpec,
    Trial,
    best_of_each,
)
from automl_training.search.trial_log import read_trials, write_trials

__all__ = [
    "EnsembleNote",
    "Fitted",
    "Member",
    "OutOfFold",
    "SearchResult",
    "SearchSpec",
    "Trial",
    "best_of_each",
    "fixed_trials",
    "read_trials",
    "run_search",
    "write_trials",
]
