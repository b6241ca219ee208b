"""How free text is compared in lists: the same on every metadata store."""

from __future__ import annotations

import unicodedata

from automl_core.records import Dataset, Job


def fold(text: str) -> str:
    """Bring text to the form in which letter case no longer matters.

    Composed afterwards, so that a name typed on macOS (decomposed) is found as well.

    >>> fold("STRASSE") == fold("Straße")
    True
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def dataset_text(dataset: Dataset) -> str:
    """Everything that a search for data sets looks through."""
    return fold(dataset.filename)


def job_text(job: Job) -> str:
    """Everything that a search for jobs looks through, one part a line."""
    return fold("\n".join((job.dataset_name, job.target_column, job.notes, job.job_id)))
