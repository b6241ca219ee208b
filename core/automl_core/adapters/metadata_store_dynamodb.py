"""Metadata store on two DynamoDB tables."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from automl_core.adapters import dynamodb_items as items
from automl_core.adapters import dynamodb_keys as keys
from automl_core.adapters.dynamodb_items import RECORD, Item, document_of, key_of, texts
from automl_core.adapters.dynamodb_jobs import (
    IS_NEW,
    IS_NEW_DATASET,
    adding_deployment,
    adding_job,
    counting_use,
    deleting_job,
    deleting_journal,
    is_at,
    retagging_job,
    tags_stay,
)
from automl_core.adapters.dynamodb_pages import Pages, dataset_shelf, job_shelf
from automl_core.adapters.dynamodb_reads import Reader, Search
from automl_core.adapters.dynamodb_tables import POSITION
from automl_core.adapters.dynamodb_writes import (
    MAX_TRIES,
    Condition,
    Outcome,
    Sleep,
    Writer,
    new_write_id,
)
from automl_core.adapters.stored_records import (
    missing_record,
    next_version,
    stale_record,
    taken_record,
)
from automl_core.errors import PlatformError, StaleRecordError
from automl_core.ports import JobFilter, Page, Position
from automl_core.records import (
    Dataset,
    Deployment,
    IdempotencyKey,
    Job,
    JobProgress,
    JobStatus,
    ModelUse,
    utc_text,
)

_EVERY_JOB = JobFilter()
_SECRET_BYTES = 32


class DynamoDBMetadataStore:
    """Records as items of two DynamoDB tables; safe for many threads and processes.

    Every condition is part of the write, what belongs together is one transaction, and a
    single record is always read as it is now. **Lists and counts are read from indexes,
    which DynamoDB brings up to date a moment after the write** (usually well below a
    second). That matters in three places:

    - Limit of active jobs: ``count_jobs`` may not see a job that was added the moment
      before, so requests that come together can pass the limit. A job that changes its
      status at this moment is counted once or not at all, never twice.
    - Is a data set in use: a job that was added the moment before may be overlooked. It
      then fails at its first stage, saying that its data set is gone.
    - Queue: ``jobs_with_status`` takes identifiers from the index and reads each job as it
      is now, so what it returns is true; a job may be missing until the next look.

    Counts of predictions are exact but for one case: the answer to a count was lost, the
    SDK repeated it, and another one had come in between. Then it counts twice.

    Parameters
    ----------
    client : botocore.client.BaseClient
        Client of DynamoDB, as :func:`~automl_core.adapters.aws_clients.make_client` makes it.
    datasets_table, jobs_table : str
        Names of the tables, see :mod:`~automl_core.adapters.dynamodb_tables`.
    sleep : callable
        Waits some seconds between tries.

    Raises
    ------
    PlatformError
        From every method, if DynamoDB does not answer or refuses for now.
    LimitExceededError
        From every method that writes, if a record is beyond 400 kB compressed.
    """

    def __init__(
        self, client: Any, *, datasets_table: str, jobs_table: str, sleep: Sleep = time.sleep
    ) -> None:
        self._client = client
        self._datasets = dataset_shelf(datasets_table)
        self._jobs = job_shelf(jobs_table)
        self._writer = Writer(client, sleep)
        self._reader = Reader(client, sleep)
        self._pages = Pages(self._reader, self._datasets, self._jobs)

    # -- Data sets --------------------------------------------------------------------

    def add_dataset(self, dataset: Dataset) -> None:
        """Keep a new data set."""
        item = items.dataset_item(dataset)
        if not self._writer.put(self._datasets.table, item, IS_NEW_DATASET).is_written:
            raise taken_record("data set", dataset.dataset_id)

    def get_dataset(self, dataset_id: str) -> Dataset:
        """Read one data set."""
        if keys.is_identifier(dataset_id):
            key = self._datasets.key(dataset_id)
            item = self._reader.get(self._datasets.table, key, RECORD)
            if item is not None:
                return self._datasets.read(item)
        raise missing_record("data set", dataset_id)

    def update_dataset(self, dataset: Dataset) -> Dataset:
        """Replace a data set that is still at the version it was read at."""
        stored = next_version(dataset)
        item = items.dataset_item(stored)
        outcome = self._writer.put(self._datasets.table, item, is_at(dataset.version))
        _require_written(outcome, "data set", dataset.dataset_id, read_at=dataset.version)
        return stored

    def list_datasets(
        self, owner_id: str, *, limit: int, after: Position | None = None, text: str | None = None
    ) -> Page[Dataset]:
        """Newest first; ``text`` is a case-insensitive part of the file's name."""
        return self._pages.datasets(owner_id, text or "", limit=limit, after=after)

    def delete_dataset(self, dataset_id: str) -> None:
        """Forget the record; deleting what is not there is no error."""
        if keys.is_identifier(dataset_id):
            self._writer.delete(self._datasets.table, self._datasets.key(dataset_id))

    # -- Jobs -------------------------------------------------------------------------

    def add_job(self, job: Job) -> None:
        """Keep a new job, with the stubs of its progress and use and its tags' items."""
        if not self._writer.transact(adding_job(self._jobs.table, job)).is_written:
            raise taken_record("job", job.job_id)

    def get_job(self, job_id: str) -> Job:
        """Read one job."""
        document = document_of(self._item_of_job(job_id, keys.JOB, RECORD))
        if document is None:
            raise missing_record("job", job_id)
        return Job.model_validate_json(document)

    def update_job(self, job: Job) -> Job:
        """Replace a job that is still at the version it was read at."""
        stored = next_version(job)
        table, item = self._jobs.table, items.job_item(stored)
        outcome = self._writer.put(table, item, tags_stay(item, job.version))
        present = outcome.stored
        if present is not None and items.version_of(present) == job.version:
            outcome = self._writer.transact(retagging_job(table, present, item, job.version))
        _require_written(outcome, "job", job.job_id, read_at=job.version)
        return stored

    def list_jobs(
        self,
        owner_id: str,
        *,
        limit: int,
        after: Position | None = None,
        where: JobFilter = _EVERY_JOB,
    ) -> Page[Job]:
        """Newest first."""
        return self._pages.jobs(owner_id, where, limit=limit, after=after)

    def jobs_with_status(self, statuses: Iterable[JobStatus], *, limit: int = 1000) -> list[Job]:
        """Jobs of all owners, oldest first, each as it is now."""
        wanted = frozenset(statuses)
        places = self._pages.oldest(wanted, limit=limit)
        chosen = [self._jobs.key(keys.read_position(place).record_id) for place in places]
        present = self._reader.get_many(self._jobs.table, chosen, RECORD, is_consistent=True)
        jobs = [job for job in map(self._jobs.read, present) if job.status in wanted]
        return sorted(jobs, key=lambda job: (job.created_at, job.job_id))

    def count_jobs(
        self,
        statuses: Iterable[JobStatus],
        *,
        owner_id: str | None = None,
        dataset_id: str | None = None,
    ) -> int:
        """Count jobs that have one of the statuses."""
        return self._pages.count(frozenset(statuses), owner_id=owner_id, dataset_id=dataset_id)

    def delete_job(self, job_id: str) -> None:
        """Forget the job with its progress, journal, use and tags.

        The journal goes first and what must not outlive the job goes with it in one
        transaction, so that a deletion that is cut short is finished by the next one.
        """
        if not keys.is_identifier(job_id):
            return
        for _ in range(MAX_TRIES):
            found = {item["sk"]["S"]: item for item in self._all_of_job(job_id)}
            if not found:
                return
            for parts in deleting_journal(self._jobs.table, job_id, found):
                self._writer.transact(parts)
            # Refused or not, the next look tells what is left.
            self._writer.transact(deleting_job(self._jobs.table, job_id, found.get(keys.JOB)))
        raise StaleRecordError(f"The job {job_id!r} is being changed by others; try again.")

    def _all_of_job(self, job_id: str) -> Iterable[Item]:
        return self._reader.query_all(
            Search(
                self._jobs.table,
                "pk",
                keys.job_pk(job_id),
                attributes=("pk", "sk", "version", "owner_key", POSITION, "tags"),
                is_consistent=True,
            )
        )

    # -- Progress ---------------------------------------------------------------------

    def put_progress(self, progress: JobProgress) -> bool:
        """Keep the progress unless a later attempt's is stored or the job is gone."""
        if not keys.is_identifier(progress.job_id):
            return False
        values = {":attempt": {"N": str(progress.attempt)}}
        values[":record"] = items.pack(progress.model_dump_json())
        outcome, _ = self._writer.update(
            self._jobs.table,
            key_of(keys.job_pk(progress.job_id), keys.PROGRESS),
            "SET #record = :record, #attempt = :attempt",
            Condition("attribute_exists(#pk) AND #attempt <= :attempt", values),
        )
        return outcome.is_written

    def get_progress(self, job_id: str) -> JobProgress | None:
        """Read the latest progress, if there is any."""
        document = document_of(self._item_of_job(job_id, keys.PROGRESS, RECORD))
        return None if document is None else JobProgress.model_validate_json(document)

    # -- Deployments ------------------------------------------------------------------

    def add_deployment(self, deployment: Deployment) -> None:
        """Append to the journal."""
        table, job_id = self._jobs.table, deployment.job_id
        if not keys.is_identifier(job_id):
            raise missing_record("job", job_id)
        # A number of its own for each entry; one that is then not written leaves a gap.
        counted, answer = self._writer.update(
            table,
            key_of(keys.job_pk(job_id), keys.USE),
            "ADD #n_entries :one",
            Condition("attribute_exists(#pk)", {":one": {"N": "1"}}),
            ReturnValues="UPDATED_NEW",
        )
        if not counted.is_written:
            raise missing_record("job", job_id)
        entry = int(answer["n_entries"]["N"])
        outcome = self._writer.transact(adding_deployment(table, deployment, entry))
        if outcome.is_written:
            return
        if outcome.stored is None:
            raise missing_record("job", job_id)
        raise taken_record("deployment", deployment.deployment_id)

    def deployments(self, job_id: str) -> list[Deployment]:
        """The journal of one job, newest first."""
        if not keys.is_identifier(job_id):
            return []
        search = Search(
            self._jobs.table,
            "pk",
            keys.job_pk(job_id),
            range_name="sk",
            begins_with=keys.deployment_sk(""),
            is_consistent=True,
        )
        return items.read_journal(self._reader.query_all(search))

    def list_deployed(
        self, owner_id: str, *, limit: int, after: Position | None = None
    ) -> Page[Job]:
        """Jobs whose model is deployed, newest job first."""
        return self._pages.deployed(owner_id, limit=limit, after=after)

    def note_use(self, job_id: str, *, at: datetime, n_predictions: int) -> None:
        """Add to a model's count of predictions."""
        if not keys.is_identifier(job_id):
            raise missing_record("job", job_id)
        write_id = new_write_id()
        for change, condition in counting_use(n_predictions, at, write_id):
            outcome, _ = self._writer.update(
                self._jobs.table, key_of(keys.job_pk(job_id), keys.USE), change, condition
            )
            if outcome.is_written or items.is_of_write(outcome.stored, write_id):
                return
            if outcome.stored is None:
                raise missing_record("job", job_id)

    def get_use(self, job_id: str) -> ModelUse | None:
        """Tell when a model last answered, if it ever did."""
        return items.read_use(job_id, self._item_of_job(job_id, keys.USE))

    # -- Idempotency ------------------------------------------------------------------

    def reserve_key(self, record: IdempotencyKey, *, now: datetime) -> IdempotencyKey | None:
        """Keep an idempotency key if it is new or the stored one has expired; else return
        the stored one. Of many callers exactly one gets None."""
        is_free = Condition(
            "attribute_not_exists(#pk) OR #expires_at <= :now", texts(**{":now": utc_text(now)})
        )
        outcome = self._writer.put(self._jobs.table, items.idempotency_item(record), is_free)
        if outcome.is_written:
            return None
        return IdempotencyKey.model_validate_json(items.unpack(_stored(outcome)[RECORD]))

    def finish_key(self, record: IdempotencyKey) -> None:
        """Store the answer under a reserved key, unless it is another request's by now."""
        is_ours = Condition(
            "#is_answered = :no AND #request_sha256 = :request",
            {":no": {"BOOL": False}, ":request": {"S": record.request_sha256}},
        )
        self._writer.put(self._jobs.table, items.idempotency_item(record), is_ours)

    def release_key(self, owner_id: str, key: str) -> None:
        """Forget a reserved key whose request failed; an answered one is kept."""
        if keys.is_identifier(owner_id):
            is_reserved = Condition("#is_answered = :no", {":no": {"BOOL": False}})
            self._writer.delete(
                self._jobs.table, key_of(keys.key_pk(owner_id, key), keys.KEY), is_reserved
            )

    # -- The platform's own -----------------------------------------------------------

    def secret(self, name: str) -> bytes:
        """Get a secret that all processes of the platform share; the first caller makes it.

        Parameters
        ----------
        name : str
            What it is for, such as ``"signing"``.

        Returns
        -------
        bytes
            64 characters of hexadecimal text: 32 random bytes.
        """
        key = key_of(keys.PLATFORM, keys.secret_sk(name))
        stored = self._reader.get(self._jobs.table, key, "secret")
        if stored is None:
            made = {**key, **texts(secret=secrets.token_hex(_SECRET_BYTES))}
            outcome = self._writer.put(self._jobs.table, made, IS_NEW)
            stored = made if outcome.is_written else _stored(outcome)
        return str(stored["secret"]["S"]).encode()

    def ping(self) -> None:
        """Raise ``PlatformError`` if one of the tables cannot be read."""
        from botocore.exceptions import ClientError

        for table, key in (
            (self._datasets.table, self._datasets.key("ping")),
            (self._jobs.table, self._jobs.key("ping")),
        ):
            try:
                self._reader.get(table, key)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                raise PlatformError(
                    f"The DynamoDB table {table!r} cannot be read ({code}); check that it exists "
                    "in this region and is named in the settings."
                ) from error

    # -- Parts ------------------------------------------------------------------------

    def _item_of_job(self, job_id: str, sk: str, *attributes: str) -> Item | None:
        if not keys.is_identifier(job_id):
            return None
        return self._reader.get(self._jobs.table, key_of(keys.job_pk(job_id), sk), *attributes)


def _stored(outcome: Outcome) -> Item:
    """What stood in the way of a write that only a stored item can refuse."""
    if outcome.stored is None:
        raise PlatformError("DynamoDB refused a write without saying why; try again.")
    return outcome.stored


def _require_written(outcome: Outcome, word: str, record_id: str, *, read_at: int) -> None:
    if outcome.is_written:
        return
    if outcome.stored is None:
        raise missing_record(word, record_id)
    present = items.version_of(outcome.stored)
    raise stale_record(word, record_id, read_at=read_at, present=present)
