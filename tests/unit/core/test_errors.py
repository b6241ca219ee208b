"""The error tree."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from automl_core import errors
from automl_core.errors import EXIT_CODES, AutoMLError, exit_code


def family(base: type[AutoMLError]) -> Iterator[type[AutoMLError]]:
    yield base
    for child in base.__subclasses__():
        yield from family(child)


EVERY = [error for error in family(AutoMLError) if error.__module__ == errors.__name__]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: error.__name__)
def test_every_error_says_what_it_is(error: type[AutoMLError]) -> None:
    assert {"code", "title"} <= set(vars(error))
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code)
    assert error.title[0].isupper()
    assert not error.title.endswith(".")
    assert error.__doc__


def test_no_two_errors_share_a_code_or_a_title() -> None:
    assert len({error.code for error in EVERY}) == len(EVERY)
    assert len({error.title for error in EVERY}) == len(EVERY)


@pytest.mark.parametrize("error", EVERY, ids=lambda error: error.__name__)
def test_every_error_ends_a_process_with_one_of_the_promised_codes(
    error: type[AutoMLError],
) -> None:
    assert exit_code(error("why")) in {65, 66, 70, 75, 78}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.TargetUnusableError, 65),
        (errors.UploadTooLargeError, 65),
        (errors.NotFoundError, 66),
        (errors.ModelNotDeployedError, 66),
        (errors.ParityError, 70),
        (errors.PlatformError, 75),
        (errors.ConfigurationError, 78),
        (errors.ConflictError, 70),
        (AutoMLError, 70),
    ],
)
def test_exit_codes_go_by_the_base_class(error: type[AutoMLError], code: int) -> None:
    assert exit_code(error("why")) == code


def test_only_platform_trouble_is_worth_a_retry() -> None:
    retried = [base for base, code in EXIT_CODES if code == 75]

    assert retried == [errors.PlatformError]


def test_context_is_kept_for_the_log_and_stays_out_of_the_words() -> None:
    error = errors.NotFoundError("There is no such job.", pointer="/job_id", path="/secret/place")

    assert str(error) == error.detail == "There is no such job."
    assert error.pointer == "/job_id"
    assert error.context == {"path": "/secret/place"}
