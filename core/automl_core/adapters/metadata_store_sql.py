"""Metadata store on a SQL database: SQLite inside the data folder, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar

from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    Connection,
    Table,
    case,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from automl_core.adapters import sql_tables as tables
from automl_core.adapters.sql_engine import WRITES, database_errors, open_engine, parse_url
from automl_core.adapters.sql_migrate import migrate
from automl_core.adapters.sql_rows import (
    dataset_row,
    deployment_row,
    job_row,
    key_row,
    key_slot,
)
from automl_core.adapters.sql_statements import (
    contains_text,
    read_page,
    replace_row,
    require_job,
    write_tags,
    written_once,
)
from automl_core.adapters.stored_records import missing_record, next_version
from automl_core.ports import JobFilter, Page, Position
from automl_core.records import (
    Dataset,
    Deployment,
    IdempotencyKey,
    Job,
    JobProgress,
    JobStatus,
    ModelUse,
    OwnedRecord,
    utc_text,
)

R = TypeVar("R", bound=OwnedRecord)

_EVERY_JOB = JobFilter()

#: Expired idempotency keys removed beside each new one: more than one, so that they go.
_EXPIRED_AT_ONCE = 20


class SQLMetadataStore:
    """Records as JSON documents in SQL tables; safe for many threads and processes.

    Every method is one transaction, every condition part of the statement that writes.

    Parameters
    ----------
    url : str or sqlalchemy.URL
        ``sqlite:////folder/automl.db`` or ``postgresql://…``.

    Raises
    ------
    ConfigurationError
        If the URL or the SQLite file cannot be used, or the database is of a later version.
    PlatformError
        From every method, if the database does not answer.
    """

    def __init__(self, url: str | URL) -> None:
        self._engine = open_engine(parse_url(url) if isinstance(url, str) else url)
        # Row counts of INSERTs too: they tell whether ON CONFLICT let the row in.
        self._writer = self._engine.execution_options(**{WRITES: True, "preserve_rowcount": True})
        try:
            with database_errors():
                migrate(self._engine)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give up all connections."""
        self._engine.dispose()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with database_errors(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with database_errors(), self._writer.begin() as connection:
            yield connection

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Begin an INSERT that may say ON CONFLICT, which is of each database's dialect."""
        if self._engine.dialect.name == "postgresql":
            return postgresql.insert(table)
        return sqlite.insert(table)

    # -- Data sets --------------------------------------------------------------------

    def add_dataset(self, dataset: Dataset) -> None:
        """Keep a new data set."""
        with written_once("data set", dataset.dataset_id), self._writing() as connection:
            connection.execute(insert(tables.datasets).values(dataset_row(dataset)))

    def get_dataset(self, dataset_id: str) -> Dataset:
        """Read one data set."""
        document = self._document(tables.datasets, tables.datasets.c.dataset_id == dataset_id)
        if document is None:
            raise missing_record("data set", dataset_id)
        return Dataset.model_validate_json(document)

    def update_dataset(self, dataset: Dataset) -> Dataset:
        """Replace a data set that is still at the version it was read at."""
        table, key = tables.datasets, tables.datasets.c.dataset_id
        stored = next_version(dataset)
        with self._writing() as connection:
            replace_row(connection, table, key, dataset_row(stored), version=dataset.version)
        return stored

    def list_datasets(
        self, owner_id: str, *, limit: int, after: Position | None = None, text: str | None = None
    ) -> Page[Dataset]:
        """Newest first; ``text`` is a case-insensitive part of the file's name."""
        columns = tables.datasets.c
        conditions = [columns.owner_id == owner_id]
        if text:
            conditions.append(contains_text(columns.search_text, text))
        return self._page(Dataset, columns.dataset_id, conditions, limit, after)

    def delete_dataset(self, dataset_id: str) -> None:
        """Forget the record; deleting what is not there is no error."""
        with self._writing() as connection:
            connection.execute(
                delete(tables.datasets).where(tables.datasets.c.dataset_id == dataset_id)
            )

    # -- Jobs -------------------------------------------------------------------------

    def add_job(self, job: Job) -> None:
        """Keep a new job."""
        with written_once("job", job.job_id), self._writing() as connection:
            connection.execute(insert(tables.jobs).values(job_row(job)))
            write_tags(connection, job)

    def get_job(self, job_id: str) -> Job:
        """Read one job."""
        document = self._document(tables.jobs, tables.jobs.c.job_id == job_id)
        if document is None:
            raise missing_record("job", job_id)
        return Job.model_validate_json(document)

    def update_job(self, job: Job) -> Job:
        """Replace a job that is still at the version it was read at."""
        table, key = tables.jobs, tables.jobs.c.job_id
        stored = next_version(job)
        with self._writing() as connection:
            replace_row(connection, table, key, job_row(stored), version=job.version)
            connection.execute(
                delete(tables.job_tags).where(tables.job_tags.c.job_id == job.job_id)
            )
            write_tags(connection, stored)
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
        columns = tables.jobs.c
        conditions = [columns.owner_id == owner_id]
        if where.status is not None:
            conditions.append(columns.status == where.status)
        if where.dataset_id is not None:
            conditions.append(columns.dataset_id == where.dataset_id)
        if where.tag is not None:
            tagged = tables.job_tags.c
            conditions.append(
                exists().where(tagged.job_id == columns.job_id, tagged.tag == where.tag)
            )
        if where.text:
            conditions.append(contains_text(columns.search_text, where.text))
        return self._page(Job, columns.job_id, conditions, limit, after)

    def jobs_with_status(self, statuses: Iterable[JobStatus], *, limit: int = 1000) -> list[Job]:
        """Jobs of all owners, oldest first."""
        table = tables.jobs
        query = (
            select(table.c.document)
            .where(table.c.status.in_(list(statuses)))
            .order_by(table.c.created_at, table.c.job_id)
            .limit(limit)
        )
        with self._reading() as connection:
            return [Job.model_validate_json(row) for row in connection.scalars(query)]

    def count_jobs(
        self,
        statuses: Iterable[JobStatus],
        *,
        owner_id: str | None = None,
        dataset_id: str | None = None,
    ) -> int:
        """Count jobs that have one of the statuses."""
        table = tables.jobs
        query = select(func.count()).select_from(table).where(table.c.status.in_(list(statuses)))
        if owner_id is not None:
            query = query.where(table.c.owner_id == owner_id)
        if dataset_id is not None:
            query = query.where(table.c.dataset_id == dataset_id)
        with self._reading() as connection:
            return connection.scalar(query) or 0

    def delete_job(self, job_id: str) -> None:
        """Forget the job; the database takes tags, progress, journal and use with it."""
        with self._writing() as connection:
            connection.execute(delete(tables.jobs).where(tables.jobs.c.job_id == job_id))

    # -- Progress ---------------------------------------------------------------------

    def put_progress(self, progress: JobProgress) -> bool:
        """Keep the progress unless a later attempt's is stored or the job is gone."""
        table = tables.job_progress
        row = {
            "job_id": progress.job_id,
            "attempt": progress.attempt,
            "document": progress.model_dump_json(),
        }
        statement = (
            self._insert(table)
            .values(row)
            .on_conflict_do_update(
                index_elements=[table.c.job_id],
                set_={"attempt": row["attempt"], "document": row["document"]},
                where=table.c.attempt <= progress.attempt,
            )
        )
        try:
            with self._writing() as connection:
                return connection.execute(statement).rowcount == 1
        except IntegrityError:
            # The foreign key: the job was deleted while its trainer was still speaking.
            return False

    def get_progress(self, job_id: str) -> JobProgress | None:
        """Read the latest progress, if there is any."""
        document = self._document(tables.job_progress, tables.job_progress.c.job_id == job_id)
        return None if document is None else JobProgress.model_validate_json(document)

    # -- Deployments ------------------------------------------------------------------

    def add_deployment(self, deployment: Deployment) -> None:
        """Append to the journal."""
        with written_once("deployment", deployment.deployment_id), self._writing() as connection:
            require_job(connection, deployment.job_id)
            connection.execute(insert(tables.deployments).values(deployment_row(deployment)))

    def deployments(self, job_id: str) -> list[Deployment]:
        """The journal of one job, newest first."""
        table = tables.deployments
        query = (
            select(table.c.document)
            .where(table.c.job_id == job_id)
            .order_by(table.c.created_at.desc(), table.c.entry.desc())
        )
        with self._reading() as connection:
            return [Deployment.model_validate_json(row) for row in connection.scalars(query)]

    def list_deployed(
        self, owner_id: str, *, limit: int, after: Position | None = None
    ) -> Page[Job]:
        """Jobs whose model is deployed, newest job first."""
        columns = tables.jobs.c
        conditions = [columns.owner_id == owner_id, columns.is_deployed.is_(True)]
        return self._page(Job, columns.job_id, conditions, limit, after)

    def note_use(self, job_id: str, *, at: datetime, n_predictions: int) -> None:
        """Add to a model's count of predictions."""
        table = tables.model_use
        new = self._insert(table).values(
            job_id=job_id, last_used_at=utc_text(at), n_predictions=n_predictions
        )
        later = case(
            (new.excluded.last_used_at > table.c.last_used_at, new.excluded.last_used_at),
            else_=table.c.last_used_at,
        )
        statement = new.on_conflict_do_update(
            index_elements=[table.c.job_id],
            set_={
                "last_used_at": later,
                "n_predictions": table.c.n_predictions + new.excluded.n_predictions,
            },
        )
        try:
            with self._writing() as connection:
                connection.execute(statement)
        except IntegrityError as error:
            raise missing_record("job", job_id) from error

    def get_use(self, job_id: str) -> ModelUse | None:
        """Tell when a model last answered, if it ever did."""
        table = tables.model_use
        with self._reading() as connection:
            row = connection.execute(select(table).where(table.c.job_id == job_id)).first()
        if row is None:
            return None
        return ModelUse(
            job_id=row.job_id,
            last_used_at=datetime.fromisoformat(row.last_used_at),
            n_predictions=row.n_predictions,
        )

    # -- Idempotency ------------------------------------------------------------------

    def reserve_key(self, record: IdempotencyKey, *, now: datetime) -> IdempotencyKey | None:
        """Keep an idempotency key if it is new or the stored one has expired; else return
        the stored one. Of many callers exactly one gets None."""
        table = tables.idempotency_keys
        row = key_row(record)
        statement = (
            self._insert(table)
            .values(row)
            .on_conflict_do_update(
                index_elements=[table.c.slot],
                set_={name: value for name, value in row.items() if name != "slot"},
                where=table.c.expires_at <= utc_text(now),
            )
        )
        while True:
            with self._writing() as connection:
                if connection.execute(statement).rowcount == 1:
                    break
            document = self._document(table, table.c.slot == row["slot"])
            # None: it was released in between, so the key is free to be taken again.
            if document is not None:
                return IdempotencyKey.model_validate_json(document)
        self._drop_expired_keys(now)
        return None

    def _drop_expired_keys(self, now: datetime) -> None:
        table = tables.idempotency_keys
        # Rows that another caller is dropping at this moment are left to that one:
        # waiting for each other could end in a deadlock.
        expired = (
            select(table.c.slot)
            .where(table.c.expires_at <= utc_text(now))
            .order_by(table.c.expires_at)
            .limit(_EXPIRED_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        with self._writing() as connection:
            slots = connection.scalars(expired).all()
            if slots:
                connection.execute(delete(table).where(table.c.slot.in_(slots)))

    def finish_key(self, record: IdempotencyKey) -> None:
        """Store the answer under a reserved key, unless it is another request's by now."""
        columns = tables.idempotency_keys.c
        is_ours = (
            (columns.slot == key_slot(record.owner_id, record.key))
            & (columns.request_sha256 == record.request_sha256)
            & columns.is_answered.is_(False)
        )
        with self._writing() as connection:
            connection.execute(
                update(tables.idempotency_keys).where(is_ours).values(key_row(record))
            )

    def release_key(self, owner_id: str, key: str) -> None:
        """Forget a reserved key whose request failed; an answered one is kept."""
        table = tables.idempotency_keys
        is_reserved = (table.c.slot == key_slot(owner_id, key)) & table.c.is_answered.is_(False)
        with self._writing() as connection:
            connection.execute(delete(table).where(is_reserved))

    # -- Health -----------------------------------------------------------------------

    def ping(self) -> None:
        """Raise ``PlatformError`` if the database does not answer."""
        with self._reading() as connection:
            connection.execute(text("SELECT version_num FROM alembic_version"))

    # -- Shared reads -----------------------------------------------------------------

    def _document(self, table: Table, condition: ColumnElement[bool]) -> str | None:
        with self._reading() as connection:
            return connection.scalar(select(table.c.document).where(condition))

    def _page(
        self,
        model: type[R],
        record_id: Column[str],
        conditions: list[ColumnElement[bool]],
        limit: int,
        after: Position | None,
    ) -> Page[R]:
        with self._reading() as connection:
            return read_page(connection, model, record_id, conditions, limit=limit, after=after)
