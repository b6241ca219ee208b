"""Puts a platform together: the only place of the backend that knows adapters and runners.

Each home imports its own runner when it is put together: the start of a Lambda function
pays for no other's.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from automl_backend.services.access import Authenticator, OpenAccess, TokenAccess
from automl_backend.services.comparisons import ComparisonService
from automl_backend.services.cursors import Cursors
from automl_backend.services.datasets import DatasetService
from automl_backend.services.deployments import DeploymentService
from automl_backend.services.health import HealthService, PartName, check_model_runtime
from automl_backend.services.idempotency import Idempotency
from automl_backend.services.jobs import JobService
from automl_backend.services.planning import PlanningService
from automl_backend.services.platform import Limits, Platform
from automl_backend.services.predictions import PredictionService
from automl_backend.services.profiles import ProfileService
from automl_backend.services.results import ResultService
from automl_backend.services.uploads import SignedTransfers, UploadLimits, UploadService
from automl_core.bundle.loaded import LoadedModels
from automl_core.errors import ConfigurationError
from automl_core.ports import JobRunner
from automl_core.settings import Settings, child_environment
from automl_core.tabular.confirm import Confirmer
from automl_core.tabular.schema import ReadLimits
from automl_core.tabular.work import TableWork, WorkHere
from automl_core.wiring import Stores, kept_tables, open_stores

TRAINER_MODULE = "automl_training"
READER_MODULE = "automl_training.confirm"
LOGS_FOLDER = "logs"
SCRATCH_FOLDER = "scratch"
#: Lambda sends 6 MB at most, in which a zip is base64: four characters for three bytes.
MAX_DIRECT_BYTES = 4 * 1024**2
#: Larger uploads are read by the runner where no setting says otherwise: the request would
#: take longer than people wait.
INLINE_READ_BYTES = 16 * 1024**2
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def new_id() -> str:
    """Make an identifier: 32 hexadecimal digits, not to be guessed."""
    return uuid.uuid4().hex


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


def access_of(settings: Settings) -> Authenticator:
    """Decide who may call: everybody only if nobody else can reach the platform.

    Raises
    ------
    ConfigurationError
        If a configured hash is none; or if no token is configured, and the address is not a
        loopback one or the platform is the AWS home, whose records are not this machine's own.
    """
    if settings.token_hashes:
        return TokenAccess(settings.token_hashes)
    if settings.home == "aws":
        raise ConfigurationError(
            "AUTOML_API_TOKEN_HASHES is not set; the AWS home lets nobody in without a token. Set"
            " it to the SHA-256 hash of a token of yours: printf %s TOKEN | sha256sum."
        )
    if settings.host not in LOOPBACK:
        raise ConfigurationError(
            f"AUTOML_HOST is {settings.host!r}, which others can reach, but no token is configured."
            " Set AUTOML_API_TOKEN_HASHES to the SHA-256 hash of a token of yours, or listen on"
            " 127.0.0.1."
        )
    return OpenAccess()


def build_platform(settings: Settings) -> Platform:
    """Open the stores and put the platform of the settings' home together; starts nothing.

    Raises
    ------
    ConfigurationError
        If the settings cannot be worked with.
    """
    access = access_of(settings)
    return _on_aws(settings, access) if settings.home == "aws" else _embedded(settings, access)


def _embedded(settings: Settings, access: Authenticator) -> Platform:
    from automl_backend.runners.readings import READING_LIMIT_S
    from automl_backend.runners.subprocess import SubprocessRunner, Timing
    from automl_backend.runners.tables import WorkInChild

    stores = open_stores(settings)
    environment = child_environment(settings)
    runner = SubprocessRunner(
        metadata=stores.metadata,
        command=[sys.executable, "-m", TRAINER_MODULE],
        environment=environment,
        logs=settings.data_dir / LOGS_FOLDER,
        scratch=settings.data_dir / SCRATCH_FOLDER,
        slots=settings.trainer_slots,
        max_attempts=settings.max_attempts,
        now=utc_now,
        monotonic=time.monotonic,
        timing=Timing.of_heartbeat(settings.heartbeat_s),
        read_command=[sys.executable, "-m", READER_MODULE],
    )

    # The API's process holds no table: it serves everybody for weeks.
    work = WorkInChild(environment)
    inline = settings.inline_read_bytes

    def stop() -> None:
        work.stop()
        runner.stop()
        stores.close()

    return assemble(
        settings,
        access=access,
        stores=stores,
        transfers=stores.objects if isinstance(stores.objects, SignedTransfers) else None,
        runner=runner,
        work=work,
        inline_read_bytes=INLINE_READ_BYTES if inline is None else inline,
        reading_limit_s=READING_LIMIT_S,
        start=runner.start,
        stop=stop,
    )


def _on_aws(settings: Settings, access: Authenticator) -> Platform:
    """Put the AWS home together: nothing runs here but requests.

    Batch runs jobs, and the events' function keeps them true to it. Small tables are read and
    profiled in this process; models are loaded by the inference function.
    """
    from automl_backend.runners.batch_limits import READING_LIMIT_S
    from automl_backend.runners.deferred import DeferredRunner
    from automl_backend.wiring_batch import batch_runner, require_batch

    stores = open_stores(settings)
    # What is missing shows at the start all the same.
    require_batch(settings)
    runner = DeferredRunner(partial(batch_runner, settings, stores.metadata))
    return assemble(
        settings,
        access=access,
        stores=stores,
        transfers=None,
        runner=runner,
        work=WorkHere(),
        inline_read_bytes=settings.inline_read_bytes,
        max_profile_bytes=settings.inline_read_bytes,
        reading_limit_s=READING_LIMIT_S,
        has_model_runtime=False,
        stop=stores.close,
    )


def assemble(
    settings: Settings,
    *,
    access: Authenticator,
    stores: Stores,
    transfers: SignedTransfers | None,
    runner: JobRunner,
    work: TableWork,
    inline_read_bytes: int | None = None,
    max_profile_bytes: int | None = None,
    reading_limit_s: float = 3600.0,
    has_model_runtime: bool = True,
    now: Callable[[], datetime] = utc_now,
    make_id: Callable[[], str] = new_id,
    sleep: Callable[[float], None] = time.sleep,
    start: Callable[[], None] = lambda: None,
    stop: Callable[[], None] = lambda: None,
) -> Platform:
    """Connect use cases with the stores and the runner that they are given.

    Parameters
    ----------
    work : TableWork
        Reads and profiles what requests read and profile.
    inline_read_bytes : int or None
        Larger uploads are read by the runner; None: none is.
    max_profile_bytes : int or None
        A request profiles no table whose upload was larger; None: any.
    """
    metadata, objects = stores.metadata, stores.objects
    tables = kept_tables(stores, work)
    cursors = Cursors(stores.signer)
    idempotency = Idempotency(metadata, now, sleep)
    uploads = UploadService(
        metadata=metadata,
        objects=objects,
        limits=UploadLimits(settings.max_upload_bytes, settings.upload_url_ttl_s),
        new_id=make_id,
        now=now,
    )
    datasets = DatasetService(
        metadata=metadata,
        objects=objects,
        uploads=uploads,
        cursors=cursors,
        confirmer=Confirmer(tables, ReadLimits(max_columns=settings.max_columns), now),
        runner=runner,
        inline_read_bytes=inline_read_bytes,
        reading_limit_s=reading_limit_s,
        now=now,
    )
    profiles = ProfileService(datasets, tables, max_profile_bytes)
    planning = PlanningService(datasets, profiles)
    jobs = JobService(
        metadata=metadata,
        objects=objects,
        runner=runner,
        planning=planning,
        cursors=cursors,
        idempotency=idempotency,
        max_active=settings.max_active_jobs,
        new_id=make_id,
        now=now,
    )
    results = ResultService(
        metadata,
        objects,
        settings.download_url_ttl_s,
        MAX_DIRECT_BYTES if settings.home == "aws" else None,
    )
    checks: dict[PartName, Callable[[], None]] = {
        "storage": objects.ping,
        "database": metadata.ping,
        "queue": runner.ping,
    }
    if has_model_runtime:
        checks["model-runtime"] = check_model_runtime
    return Platform(
        access=access,
        allowed_hosts=_allowed_hosts(settings),
        limits=Limits(settings.max_body_bytes, settings.max_upload_bytes),
        health=HealthService(checks),
        uploads=uploads,
        transfers=transfers,
        datasets=datasets,
        profiles=profiles,
        planning=planning,
        idempotency=idempotency,
        jobs=jobs,
        results=results,
        deployments=DeploymentService(metadata, results, cursors, make_id, now),
        predictions=PredictionService(
            metadata=metadata,
            models=LoadedModels(objects),
            max_rows=settings.max_prediction_rows,
            now=now,
            monotonic=time.perf_counter,
        ),
        comparisons=ComparisonService(metadata),
        web_dir=_web_dir(settings),
        new_id=make_id,
        start=start,
        stop=stop,
    )


def _allowed_hosts(settings: Settings) -> frozenset[str]:
    public = urlsplit(settings.resolved_public_url).hostname
    return LOOPBACK | {settings.host, public or settings.host}


#: Where a checkout's own build of the web app lies.
_BUILT_WEB_APP = Path(__file__).parents[2] / "frontend" / "dist"


def _web_dir(settings: Settings) -> Path | None:
    """Find the web app's files.

    Raises
    ------
    ConfigurationError
        If the settings name a folder that holds none.
    """
    if settings.home == "aws":
        return None
    folder = settings.web_dir or _BUILT_WEB_APP
    if (folder / "index.html").is_file():
        return folder
    if settings.web_dir is not None:
        raise ConfigurationError(
            f"AUTOML_WEB_DIR names {str(folder)!r}, which holds no index.html; build the web app "
            "(make web), or unset it."
        )
    return None
