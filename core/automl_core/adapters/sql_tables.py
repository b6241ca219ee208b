"""Tables of the SQL metadata store: what lists and conditions look at, and the whole record.

Every record is kept as one JSON document; the columns beside it are made from it at each
write and exist only to be searched, sorted and compared. A field that no query needs is
added to a record without a migration.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

#: The migration that makes exactly these tables; a test compares both.
HEAD_REVISION = "0001"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class PlainText(TypeDecorator[str]):
    """Text that is sorted by code point and compared byte by byte, on every database.

    PostgreSQL would sort by the language of its cluster; SQLite sorts this way by itself.
    PostgreSQL cannot keep NUL, SQLite's functions stop at it, and neither keeps half of a
    surrogate pair: both are replaced on the way in, as well in what is searched for.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        """Ask PostgreSQL for the collation by code point."""
        if dialect.name == "postgresql":
            return Text(collation="C")
        return Text()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace what no database keeps."""
        if value is None:
            return None
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _document() -> Column[str]:
    # Text rather than a JSON type: what was written is read back byte for byte, and
    # PostgreSQL's jsonb would refuse an escaped NUL in a user's note.
    return Column("document", Text, nullable=False)


def _owned() -> tuple[Column[str], Column[str], Column[int]]:
    return (
        Column("owner_id", PlainText, nullable=False),
        # RFC 3339 in UTC with microseconds: fixed width, so text sorts as time.
        Column("created_at", PlainText, nullable=False),
        Column("version", Integer, nullable=False),
    )


# Indexes are ascending throughout: both databases walk them backwards for "newest first".

datasets = Table(
    "datasets",
    metadata,
    Column("dataset_id", PlainText, primary_key=True),
    *_owned(),
    Column("search_text", PlainText, nullable=False),
    _document(),
    Index(None, "owner_id", "created_at", "dataset_id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", PlainText, primary_key=True),
    *_owned(),
    Column("dataset_id", PlainText, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("is_deployed", Boolean, nullable=False),
    Column("search_text", PlainText, nullable=False),
    _document(),
    Index(None, "owner_id", "created_at", "job_id"),
    Index(None, "owner_id", "status", "created_at", "job_id"),
    Index(None, "owner_id", "dataset_id", "created_at", "job_id"),
    Index(None, "owner_id", "is_deployed", "created_at", "job_id"),
    # The queue and the sweep look at all owners; a data set's deletion at its jobs.
    Index(None, "status", "created_at", "job_id"),
    Index(None, "dataset_id", "status"),
)


def _job_reference(*, primary_key: bool = False) -> Column[str]:
    return Column(
        "job_id",
        PlainText,
        ForeignKey("jobs.job_id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


job_tags = Table(
    "job_tags",
    metadata,
    _job_reference(primary_key=True),
    Column("tag", PlainText, primary_key=True),
    Index(None, "tag", "job_id"),
)

job_progress = Table(
    "job_progress",
    metadata,
    _job_reference(primary_key=True),
    Column("attempt", Integer, nullable=False),
    _document(),
)

deployments = Table(
    "deployments",
    metadata,
    # The order of the journal where two entries bear the same time.
    Column("entry", Integer, primary_key=True, autoincrement=True),
    Column("deployment_id", PlainText, nullable=False, unique=True),
    _job_reference(),
    Column("created_at", PlainText, nullable=False),
    _document(),
    Index(None, "job_id", "created_at", "entry"),
)

model_use = Table(
    "model_use",
    metadata,
    _job_reference(primary_key=True),
    Column("last_used_at", PlainText, nullable=False),
    Column("n_predictions", BigInteger, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    # A hash of owner and key: clients choose keys, and PostgreSQL indexes at most 2.7 kB.
    Column("slot", PlainText, primary_key=True),
    Column("request_sha256", PlainText, nullable=False),
    Column("is_answered", Boolean, nullable=False),
    Column("expires_at", PlainText, nullable=False),
    _document(),
    Index(None, "expires_at"),
)
