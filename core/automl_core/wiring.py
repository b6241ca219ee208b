"""Puts the stores together as the settings say: in a folder of this machine, or on AWS.

Each home imports its own adapters when it is opened. The database's cost the start of a
Lambda function a third of a second for nothing, and so do those of AWS on a laptop.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from automl_core.adapters.signing import Signer
from automl_core.errors import ConfigurationError, PlatformError
from automl_core.ports import MetadataStore, ObjectStore
from automl_core.settings import Settings
from automl_core.tabular.kept import KeptTables
from automl_core.tabular.work import TableWork, WorkHere

DATABASE_FILE = "automl.db"
KEY_FILE = "signing.key"
OBJECTS_FOLDER = "store"

#: Name of the signing key among the secrets that the AWS home keeps for itself.
KEY_NAME = "signing-key"


@dataclass(frozen=True)
class Stores:
    """What every process of the platform needs, opened."""

    objects: ObjectStore
    metadata: MetadataStore
    signer: Signer
    close: Callable[[], None]
    """Gives up the connections; nothing of the stores may be used afterwards."""


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


def kept_tables(stores: Stores, work: TableWork | None = None) -> KeptTables:
    """Connect the typed tables with their stores.

    Parameters
    ----------
    stores : Stores
        Where they and their records lie.
    work : TableWork or None
        Who makes one that is missing; None: this process.
    """
    return KeptTables(
        metadata=stores.metadata,
        objects=stores.objects,
        work=work or WorkHere(),
        new_token=lambda: uuid.uuid4().hex[:12],
    )


def open_stores(settings: Settings, *, now: Callable[[], datetime] = utc_now) -> Stores:
    """Open the stores of the home that the settings name.

    The embedded home makes folder and key, and brings the database to its present tables;
    any number of processes may do this at the same time, the first ones included. The AWS
    home asks nobody anything before it is used; buckets and tables are made by Terraform.

    Parameters
    ----------
    settings : Settings
        Where everything lies.
    now : callable
        The clock that tells whether a signed link of the embedded home has expired. S3 goes
        by its own.

    Raises
    ------
    ConfigurationError
        If the folder cannot be written, or key, database URL or region cannot be used.
    PlatformError
        If the database does not answer.
    """
    return _open_aws(settings) if settings.home == "aws" else _open_embedded(settings, now)


def _open_aws(settings: Settings) -> Stores:
    from automl_core.adapters.aws_clients import OnFirstUse, make_client, require_region
    from automl_core.adapters.metadata_store_dynamodb import DynamoDBMetadataStore
    from automl_core.adapters.object_store_s3 import S3ObjectStore

    # The settings are complete or not at all: where one of these is set, all are.
    assert settings.aws_region is not None
    assert settings.datasets_bucket is not None
    assert settings.models_bucket is not None
    assert settings.reports_bucket is not None
    assert settings.datasets_table is not None
    assert settings.jobs_table is not None
    require_region(settings.aws_region)
    s3 = OnFirstUse(partial(make_client, "s3", region=settings.aws_region))
    dynamodb = OnFirstUse(partial(make_client, "dynamodb", region=settings.aws_region))
    metadata = DynamoDBMetadataStore(
        dynamodb, datasets_table=settings.datasets_table, jobs_table=settings.jobs_table
    )
    given = settings.signing_key

    def close() -> None:
        s3.close()
        dynamodb.close()

    return Stores(
        objects=S3ObjectStore(
            s3,
            datasets_bucket=settings.datasets_bucket,
            models_bucket=settings.models_bucket,
            reports_bucket=settings.reports_bucket,
        ),
        metadata=metadata,
        signer=Signer(
            partial(metadata.secret, KEY_NAME)
            if given is None
            else given.get_secret_value().encode()
        ),
        close=close,
    )


def _open_embedded(settings: Settings, now: Callable[[], datetime]) -> Stores:
    from sqlalchemy import URL

    from automl_core.adapters.metadata_store_sql import SQLMetadataStore
    from automl_core.adapters.object_store_local import LocalObjectStore

    folder = settings.data_dir.absolute()
    _make_folder(folder)
    signer = Signer(_signing_key(settings, folder))
    try:
        objects = LocalObjectStore(
            folder / OBJECTS_FOLDER, signer, settings.resolved_public_url, now
        )
    except PlatformError as error:
        raise _unwritable(folder) from error
    # Built from its parts: a folder's name may hold what means something in a URL.
    url = settings.database_url or URL.create("sqlite", database=str(folder / DATABASE_FILE))
    metadata = SQLMetadataStore(url)
    return Stores(objects=objects, metadata=metadata, signer=signer, close=metadata.close)


def _make_folder(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Nobody else on the machine reads data sets; an existing folder keeps its rights.
        folder.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(folder) from error


def _unwritable(folder: Path) -> ConfigurationError:
    return ConfigurationError(
        f"The data folder {str(folder)!r} cannot be written; set AUTOML_DATA_DIR to a folder that "
        "this user may write to."
    )


def _signing_key(settings: Settings, folder: Path) -> bytes:
    if settings.signing_key is not None:
        return settings.signing_key.get_secret_value().encode()
    path = folder / KEY_FILE
    try:
        if not path.exists():
            _make_key(path)
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The signing key {KEY_FILE} in the data folder cannot be made or read "
            f"({error.strerror}); repair its rights or set AUTOML_SIGNING_KEY."
        ) from error


def _make_key(path: Path) -> None:
    """Write a new key whole or not at all; of two processes, the first one's stays."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{KEY_FILE}-")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_hex(32).encode())
            out.flush()
            os.fsync(out.fileno())
        # A link, unlike a rename, never replaces what is there already.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
