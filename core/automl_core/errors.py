"""The error tree: one class per thing that can be repaired, with a stable code.

A base class decides the HTTP status (``automl_backend.problems``) and the exit code
(``EXIT_CODES``); the subclass names the cause. The detail is written for the one who
can repair it: what is wrong, with the value, and what would repair it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

#: JSON pointer and message of each wrong part of an input.
Parts = Sequence[tuple[str, str]]


class AutoMLError(Exception):
    """Base of every error that is meant to be read by a person.

    Parameters
    ----------
    detail : str
        What is wrong, with the value, and what would repair it; safe to show to anyone
        who may see the record (no path, no secret, no stack).
    pointer : str or None
        JSON pointer or column name of the offending part of the input, if there is one.
    parts : sequence of (str, str)
        JSON pointer and message of each offending part, where there are several.
    **context
        Values for the log, never for the answer.
    """

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something is wrong"

    def __init__(
        self,
        detail: str,
        *,
        pointer: str | None = None,
        parts: Parts = (),
        **context: object,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer
        self.parts = parts or ([(pointer, detail)] if pointer else [])
        self.context = context


# -- Base classes ---------------------------------------------------------------------


class InvalidInputError(AutoMLError):
    """What was sent cannot be used; sending it again unchanged cannot help."""

    code = "invalid-input"
    title = "This input cannot be used"


#: Wrong parts that one answer names; a body of many rows could have as many.
MAX_PARTS = 20


def several_wrong(found: Parts, *, n_more: int = 0) -> InvalidInputError:
    """Join what is wrong about several parts of an input into one error.

    Parameters
    ----------
    found : sequence of (str, str)
        JSON pointer (empty: the body as a whole) and message, without a full stop, of each;
        at least one.
    n_more : int
        Wrong parts that are not in ``found``.

    >>> several_wrong([("/a", "Send a number"), ("/b", "Send a text")]).detail
    '/a: Send a number (and 1 more).'
    """
    pointer, message = found[0]
    n_more += len(found) - 1
    more = f" (and {n_more} more)" if n_more else ""
    return InvalidInputError(
        f"{pointer or 'The body'}: {message}{more}.", pointer=pointer, parts=found[:MAX_PARTS]
    )


class NotFoundError(AutoMLError):
    """Nothing is there under this name, or it belongs to somebody else."""

    code = "not-found"
    title = "Not found"


class ConflictError(AutoMLError):
    """The request contradicts the present state of the record."""

    code = "conflict"
    title = "This contradicts the present state"


class LimitExceededError(AutoMLError):
    """A limit of size or of number was passed."""

    code = "limit-exceeded"
    title = "A limit was exceeded"


class TrainingError(AutoMLError):
    """The training itself failed; kept on the job."""

    code = "training-failed"
    title = "Training failed"


class PlatformError(AutoMLError):
    """A part of the platform did not answer; worth another try."""

    code = "platform-unavailable"
    title = "The platform is not ready"


class ConfigurationError(AutoMLError):
    """The platform was started with settings it cannot work with."""

    code = "configuration"
    title = "The configuration is wrong"


class UnauthorizedError(AutoMLError):
    """No valid token came with a request that needs one."""

    code = "unauthorized"
    title = "A valid token is needed"


class PreconditionFailedError(AutoMLError):
    """``If-Match`` named a version that is no longer the present one."""

    code = "precondition-failed"
    title = "The record has changed since you read it"


class BodyUnreadableError(InvalidInputError):
    """The request's body is not the JSON it claims to be, or is nested beyond reason."""

    code = "body-unreadable"
    title = "This body cannot be read"


class BodyTooLargeError(LimitExceededError):
    """More bytes in a request than the platform was set up for."""

    code = "body-too-large"
    title = "This request is too large"


class AnswerTooLargeError(LimitExceededError):
    """More bytes in an answer than the platform can send from where it runs."""

    code = "answer-too-large"
    title = "This answer is too large"


class CursorInvalidError(InvalidInputError):
    """A list's ``next_token`` was edited, or belongs to another list or owner."""

    code = "cursor-invalid"
    title = "This next_token cannot be used"


# -- Reading tables -------------------------------------------------------------------


class TableUnreadableError(InvalidInputError):
    """The bytes are not a table that we read."""

    code = "table-unreadable"
    title = "This file cannot be read as a table"


class TableEmptyError(InvalidInputError):
    """The file holds no rows."""

    code = "table-empty"
    title = "This table has no rows"


class TableTooNarrowError(InvalidInputError):
    """Fewer than two columns: nothing to learn a target from."""

    code = "table-too-narrow"
    title = "This table has too few columns"


class TableTooShortError(InvalidInputError):
    """Too few rows to train and to check a model on."""

    code = "table-too-short"
    title = "This table has too few rows"


class TableTooWideError(LimitExceededError):
    """More columns than the platform was set up for."""

    code = "table-too-wide"
    title = "This table has too many columns"


class UploadTooLargeError(LimitExceededError):
    """More bytes than the platform was set up for."""

    code = "upload-too-large"
    title = "This file is too large"


class UploadRefusedError(InvalidInputError):
    """An upload did not match the policy that was signed for it."""

    code = "upload-refused"
    title = "This upload does not match its signed policy"


class UploadMissingError(ConflictError):
    """A data set was confirmed before its file arrived."""

    code = "upload-missing"
    title = "The file has not been uploaded yet"


class DatasetChangedError(ConflictError):
    """The stored bytes are no longer those that were confirmed."""

    code = "dataset-changed"
    title = "The data set's file has changed since it was confirmed"


class DatasetDamagedError(ConflictError):
    """What was kept of a data set is gone or not what was written, and cannot be made again."""

    code = "dataset-damaged"
    title = "What is kept of this data set is damaged"


class DatasetNotReadyError(ConflictError):
    """The data set was not confirmed, or its confirmation was refused."""

    code = "dataset-not-ready"
    title = "This data set is not ready"


class DatasetInUseError(ConflictError):
    """Jobs still refer to the data set."""

    code = "dataset-in-use"
    title = "Jobs use this data set"


# -- Planning -------------------------------------------------------------------------


class TargetMissingError(InvalidInputError):
    """The named target is not a column of the table."""

    code = "target-not-found"
    title = "There is no such column"


class TargetUnusableError(InvalidInputError):
    """The chosen target column cannot be learned from."""

    code = "target-unusable"
    title = "This column cannot be the target"


class NoFeaturesError(InvalidInputError):
    """Nothing is left to learn from after the plan's drops."""

    code = "no-features"
    title = "No column is left to learn from"


class ConfigInvalidError(InvalidInputError):
    """A training option contradicts the table or another option."""

    code = "config-invalid"
    title = "This training option cannot be used here"


# -- Jobs -----------------------------------------------------------------------------


class StaleRecordError(ConflictError):
    """Somebody else changed the record since it was read."""

    code = "stale-record"
    title = "The record has changed meanwhile"


class IllegalTransitionError(ConflictError):
    """The job's status does not allow this."""

    code = "illegal-transition"
    title = "The job's status does not allow this"


class TooManyJobsError(LimitExceededError):
    """The owner has as many active jobs as the platform allows."""

    code = "too-many-jobs"
    title = "Too many jobs at once"


class IdempotencyMismatchError(InvalidInputError):
    """One ``Idempotency-Key`` came with two different bodies."""

    code = "idempotency-mismatch"
    title = "This Idempotency-Key was used with another body"


class SearchFailedError(TrainingError):
    """No trial finished inside the budget."""

    code = "search-failed"
    title = "No model could be fitted"


class ParityError(TrainingError):
    """No candidate's exported model answered as the fitted one does."""

    code = "parity-failed"
    title = "No exported model answers as its fitted model does"


class WorkerLostError(TrainingError):
    """The trainer's process ended without a word."""

    code = "worker-lost"
    title = "The trainer died"


class JobTimeoutError(TrainingError):
    """The trainer ran past its hard limit."""

    code = "job-timeout"
    title = "The trainer ran out of time"


class NoCapacityError(TrainingError):
    """No machine could be had that runs the trainer."""

    code = "no-capacity"
    title = "No machine could run the training"


# -- Models and predictions -----------------------------------------------------------


class ResultNotReadyError(ConflictError):
    """The job has not made this yet."""

    code = "result-not-ready"
    title = "The job has not made this yet"


class ModelNotDeployedError(NotFoundError):
    """The job's model is not deployed."""

    code = "model-not-deployed"
    title = "This model is not deployed"


class ModelDeployedError(ConflictError):
    """The model still answers predictions."""

    code = "model-deployed"
    title = "This model is deployed"


class ModelCorruptError(PlatformError):
    """The bundle's bytes are not those that were proven."""

    code = "model-corrupt"
    title = "The model bundle is damaged"


class ModelUnprovenError(ConflictError):
    """The model has no passed parity report."""

    code = "model-unproven"
    title = "This model was not proven equal to the fitted one"


class PredictionInputError(InvalidInputError):
    """A prediction body that the model's manifest does not allow."""

    code = "prediction-input"
    title = "These rows cannot be predicted"


#: Exit codes of the command line and of the training container (sysexits.h).
#: 75 is the only one that AWS Batch retries.
EXIT_CODES: tuple[tuple[type[AutoMLError], int], ...] = (
    (InvalidInputError, 65),
    (LimitExceededError, 65),
    (NotFoundError, 66),
    (TrainingError, 70),
    (PlatformError, 75),
    (ConfigurationError, 78),
    (AutoMLError, 70),
)


def exit_code(error: AutoMLError) -> int:
    """Tell the process exit code for an error.

    >>> exit_code(TargetUnusableError("Column 'x' is constant."))
    65
    """
    return next(code for base, code in EXIT_CODES if isinstance(error, base))
