"""The border between the command and the shell: every ending gets its code and its sentence.

Nothing below prints a traceback. What was expected to go wrong is told in the words of its
error; what was not is told briefly, with exit code 70, and with its traceback only when
``AUTOML_LOG_LEVEL=debug`` asks for it.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer

from automl_cli.exits import (
    INTERRUPTED,
    NOT_FOUND,
    OK,
    UNAVAILABLE,
    UNEXPECTED,
    USAGE,
    CommandError,
)
from automl_cli.speech import Speech, open_speech, printable
from automl_core.errors import AutoMLError, exit_code


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
