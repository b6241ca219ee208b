"""The border between the command and the shell: exit codes and one-sentence errors.

Nothing below prints a traceback. What was expected to go wrong is told in the words of its
error; what was not is told briefly, with exit code 70, and with its traceback only when
``AUTOML_LOG_LEVEL=debug`` asks for it.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from automl_cli.speech import Speech, open_speech, printable
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


def run(argv: Sequence[str]) -> int:
    """Run one command line.

    Parameters
    ----------
    argv : sequence of str
        Arguments without the program's name.

    Returns
    -------
    int
        The exit code: 0 good, 2 usage, 65 bad data, 66 not found, 70 training failed or
        something unexpected, 75 platform trouble, 78 configuration, 130 interrupted.
    """
    from automl_cli.app import app

    speech = open_speech(wants_json(argv))
    try:
        code = app(list(argv), prog_name="automl", standalone_mode=False, obj=speech)
    except BrokenPipeError:
        # Whoever read our output has gone (`automl jobs list | head`): nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return OK
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the border to the shell
        return _tell(speech, _ending(error))
    return code if isinstance(code, int) else OK


def wants_json(argv: Sequence[str]) -> bool:
    """Tell whether ``--json`` stands among the options.

    Read from the arguments themselves, since a line that cannot be parsed must be answered
    in JSON too.

    >>> wants_json(["profile", "x.csv", "--json"]), wants_json(["profile", "--", "--json"])
    (True, False)
    """
    options = argv[: list(argv).index("--")] if "--" in argv else argv
    return "--json" in options


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


@dataclass(frozen=True)
class _Ending:
    """How a command that did not end well is told."""

    code: str
    detail: str
    exit_status: int
    document: Any | None = None


def _ending(error: BaseException) -> _Ending:
    match error:
        case CommandError():
            ending = _Ending(error.code, error.detail, error.exit_status, error.document)
        case AutoMLError():
            ending = _Ending(error.code, error.detail, exit_code(error))
        case typer.TyperException():
            ending = _Ending("usage", _usage(error), USAGE)
        case KeyboardInterrupt() | typer.Abort():
            ending = _Ending("interrupted", "Interrupted.", INTERRUPTED)
        case OSError():
            name = f"{error.filename}: " if error.filename else ""
            status = NOT_FOUND if isinstance(error, FileNotFoundError) else UNAVAILABLE
            ending = _Ending("file-trouble", f"{name}{error.strerror or error}.", status)
        case _:
            ending = _Ending("unexpected", _unexpected(error), UNEXPECTED)
    return ending


def _tell(speech: Speech, ending: _Ending) -> int:
    speech.note(f"automl: {printable(ending.detail)}")
    if speech.as_json:
        error = {"code": ending.code, "detail": ending.detail, "exit_code": ending.exit_status}
        speech.result({"error": error} if ending.document is None else ending.document, "")
    return ending.exit_status


def _usage(error: typer.TyperException) -> str:
    context: Any = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "automl"
    message = error.format_message().strip()
    return f"{message.rstrip('.') or 'Nothing to do'}. See '{command} --help'."


def _unexpected(error: BaseException) -> str:
    again = " Run it again with AUTOML_LOG_LEVEL=debug to see where."
    if os.environ.get("AUTOML_LOG_LEVEL", "").lower() == "debug":
        traceback.print_exception(error)
        again = ""
    return f"Something unexpected went wrong ({type(error).__name__}).{again}"
