"""Exit codes of the command, and the error that carries one of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from automl_core import errors
from automl_core.errors import AutoMLError, exit_code

OK = 0
USAGE = 2
UNEXPECTED = 70
UNAVAILABLE = 75
NOT_FOUND = 66
#: What shells report for a process that Ctrl-C ended (128 + SIGINT).
INTERRUPTED = 130


#: Base class whose exit code stands for a status, where the problem's code is unknown
#: (a newer platform, a proxy in between).
STATUS_CLASSES: Mapping[int, type[AutoMLError]] = {
    404: errors.NotFoundError,
    409: errors.ConflictError,
    413: errors.LimitExceededError,
    429: errors.LimitExceededError,
}


class CommandError(Exception):
    """Ends a command with an exit code of its own, told in one sentence.

    Carries what another program said (a platform's problem document, a job's error note),
    where raising one of our error classes would claim more than is known.
    """

    def __init__(
        self, detail: str, *, code: str, exit_status: int, document: Any | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.exit_status = exit_status
        self.document = document
        """What ``--json`` prints instead of the error: the answer that was reached anyway."""


def exit_status_of(code: str, status: int | None = None) -> int:
    """Exit code for an error code of the platform.

    >>> exit_status_of("target-unusable"), exit_status_of("something-new", 404)
    (65, 66)
    """
    known = _classes().get(code)
    if known is None:
        if status is None:
            known = errors.TrainingError
        elif status >= 500:
            known = errors.PlatformError
        else:
            known = STATUS_CLASSES.get(status, errors.InvalidInputError)
    return exit_code(known(""))


def _classes() -> dict[str, type[AutoMLError]]:
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    return {c.code: c for c in found if issubclass(c, AutoMLError)}
