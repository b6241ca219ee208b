"""The deep report: a second opinion on the data, by a profiler that runs apart.

A table is handed to fg-data-profiling (the successor of ydata-profiling) as an escaped
sample; the profiler runs in an environment and a process of its own, with limits, and what
it writes is kept only once nothing in it can run. Whatever goes wrong becomes a note in
plain words, never the failure of a job.
"""

from automl_training.deep.maker import DeepReport, DeepSource, make_deep_report
from automl_training.deep.runner import DeepLimits, find_deep_python

__all__ = ["DeepLimits", "DeepReport", "DeepSource", "find_deep_python", "make_deep_report"]
