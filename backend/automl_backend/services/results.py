"""What a job has made: artifacts, result, leaderboard, reports, bundle."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import SpooledTemporaryFile, TemporaryDirectory
from typing import Any, BinaryIO, Literal, cast

from automl_backend.services.access import Caller, own_job
from automl_core.errors import NotFoundError, ResultNotReadyError
from automl_core.layout import (
    BUNDLE_FILES,
    BUNDLE_README,
    EDA_DEEP_REPORT,
    EDA_REPORT,
    EXPLANATIONS,
    LEADERBOARD,
    MANIFEST,
    METRICS,
    MODEL,
    PARITY,
    PLAN,
    PROPOSAL,
    TRAINING_REPORT,
    content_type,
    is_offered,
    job_key,
    job_prefix,
)
from automl_core.ports import MetadataStore, ObjectStore
from automl_core.records import Job, JobManifest, Plan

ReportName = Literal["eda", "deep", "training"]
REPORTS: dict[ReportName, str] = {
    "eda": EDA_REPORT,
    "deep": EDA_DEEP_REPORT,
    "training": TRAINING_REPORT,
}

#: A bundle smaller than this is zipped in memory, a larger one in a temporary file.
SPOOL_BYTES = 16 * 1024**2
CHUNK_BYTES = 256 * 1024
#: Copies of what a job has made, put together for download; no artifacts of it.
DOWNLOADS = "downloads/"


@dataclass(frozen=True)
class ArtifactLink:
    """An artifact and a short-lived address to fetch it from."""

    name: str
    size_bytes: int
    sha256: str | None
    """None while the job runs: hashes are settled by the manifest, which is written last."""
    content_type: str
    download_url: str


@dataclass(frozen=True)
class ArtifactList:
    """Artifacts of a job so far."""

    items: list[ArtifactLink]
    is_complete: bool
    expires_in: int


@dataclass(frozen=True)
class JobResult:
    """A completed job's figures: never changes."""

    job: Job
    plan: dict[str, Any]
    metrics: dict[str, Any]
    explanations: dict[str, Any]
    parity: dict[str, Any]


@dataclass(frozen=True, eq=False, repr=False)
class ResultService:
    """Use cases around what a job has made."""

    metadata: MetadataStore
    objects: ObjectStore
    download_url_ttl_s: int
    max_direct_bytes: int | None = None
    """Largest model bundle, before it is packed, that is sent from here; the zip of a larger
    one is put into the store, and its address is answered. None: every one is sent."""

    def artifacts(self, caller: Caller, job_id: str) -> ArtifactList:
        """List the artifacts with download addresses."""
        job = own_job(self.metadata, caller, job_id)
        hashes = self._hashes(job)
        prefix = job_prefix(job_id)
        names = [key.removeprefix(prefix) for key in self.objects.keys(prefix)]
        links = [
            self._link(job_id, name, hashes)
            for name in names
            if not name.startswith(DOWNLOADS) and is_offered(name)
        ]
        return ArtifactList(links, job.status == "completed", self.download_url_ttl_s)

    def result(self, caller: Caller, job_id: str) -> JobResult:
        """Read the figures of a completed job.

        Raises
        ------
        ResultNotReadyError
            If the job has not completed.
        """
        job = own_job(self.metadata, caller, job_id)
        if job.status != "completed":
            raise ResultNotReadyError(_not_yet(job, "result"))
        return JobResult(
            job=job,
            plan=self._document(job, PLAN),
            metrics=self._document(job, METRICS),
            explanations=self._document(job, EXPLANATIONS),
            parity=self._document(job, PARITY),
        )

    def plan(self, caller: Caller, job_id: str) -> Plan:
        """Read what a job does; of a job that waits, what it proposes to do.

        Raises
        ------
        ResultNotReadyError
            If the job has not come so far.
        """
        job = own_job(self.metadata, caller, job_id)
        name = PROPOSAL if job.status == "waiting" else PLAN
        return Plan.model_validate_json(self._bytes(job, name))

    def leaderboard(self, caller: Caller, job_id: str) -> dict[str, Any]:
        """Read every trial of a job, best validation score first."""
        return self._document(own_job(self.metadata, caller, job_id), LEADERBOARD)

    def report(self, caller: Caller, job_id: str, name: ReportName) -> bytes:
        """Read a report's HTML.

        Raises
        ------
        NotFoundError
            If the job was not asked for this report.
        ResultNotReadyError
            If the job has not made it yet.
        """
        job = own_job(self.metadata, caller, job_id)
        if name == "deep" and job.config.eda != "deep":
            raise NotFoundError(
                f"Job {job_id} was not asked for a deep report; start one with the option eda "
                "set to deep."
            )
        return self._bytes(job, REPORTS[name])

    def bundle(self, caller: Caller, job_id: str) -> tuple[str, Iterator[bytes] | str]:
        """Zip the model bundle; returns a file name, and the zip's bytes or its address.

        Raises
        ------
        ResultNotReadyError
            If the job has no bundle.
        """
        job = own_job(self.metadata, caller, job_id)
        if job.bundle_sha256 is None:
            raise ResultNotReadyError(_not_yet(job, "model bundle"))
        stem = PurePath(job.dataset_name).stem or "model"
        name = f"{stem}-{job.target_column}-{job_id[:8]}.zip"
        if self.max_direct_bytes is not None and self._bundle_bytes(job) > self.max_direct_bytes:
            return name, self._stored_zip(job, job.bundle_sha256, name)
        return name, self._zipped(job)

    def has_passed_parity(self, job: Job) -> bool:
        """Tell whether the exported model was proven equal to the fitted one."""
        try:
            return self._document(job, PARITY).get("passed") is True
        except ResultNotReadyError:
            return False

    # -- Parts ----------------------------------------------------------------------

    def _hashes(self, job: Job) -> dict[str, str]:
        if job.status != "completed":
            return {}
        manifest = JobManifest.model_validate_json(self._bytes(job, MANIFEST))
        return {artifact.name: artifact.sha256 for artifact in manifest.artifacts}

    def _link(self, job_id: str, name: str, hashes: dict[str, str]) -> ArtifactLink:
        key = job_key(job_id, name)
        return ArtifactLink(
            name=name,
            size_bytes=self.objects.stat(key).size_bytes,
            sha256=hashes.get(name),
            content_type=content_type(name),
            download_url=self.objects.download_url(
                key, filename=PurePath(name).name, expires_in=self.download_url_ttl_s
            ),
        )

    def _bytes(self, job: Job, name: str) -> bytes:
        try:
            return self.objects.get(job_key(job.job_id, name))
        except NotFoundError as error:
            raise ResultNotReadyError(_not_yet(job, name)) from error

    def _document(self, job: Job, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._bytes(job, name))
        return document

    def _bundle_bytes(self, job: Job) -> int:
        return sum(
            self.objects.stat(job_key(job.job_id, name)).size_bytes for name in self._offered(job)
        )

    def _offered(self, job: Job) -> list[str]:
        """What a download holds: the bundle, and the fitted model beside it if the job kept it."""
        more = (BUNDLE_README, MODEL)
        has_more = all(self.objects.exists(job_key(job.job_id, name)) for name in more)
        return [*BUNDLE_FILES, *(more if has_more else ())]

    def _stored_zip(self, job: Job, sha256: str, filename: str) -> str:
        """Have the bundle's zip in the store, and tell its address."""
        # Under the bundle's hash: the zip of another attempt is never answered. It lies
        # among what the job has made, so that it goes with the job.
        key = job_key(job.job_id, f"{DOWNLOADS}{sha256}.zip")
        if not self.objects.exists(key):
            with TemporaryDirectory() as folder:
                path = Path(folder) / "bundle.zip"
                with path.open("wb") as out:
                    out.writelines(self._zipped(job))
                self.objects.put_file(key, path)
        return self.objects.download_url(key, filename=filename, expires_in=self.download_url_ttl_s)

    def _zipped(self, job: Job) -> Iterator[bytes]:
        with SpooledTemporaryFile(max_size=SPOOL_BYTES) as spool:
            with zipfile.ZipFile(spool, "w", zipfile.ZIP_DEFLATED) as archive:
                for name in self._offered(job):
                    # A fixed date: the same bundle makes the same zip.
                    entry = zipfile.ZipInfo(PurePath(name).name, (1980, 1, 1, 0, 0, 0))
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    entry.external_attr = 0o644 << 16
                    archive.writestr(entry, self._bytes(job, name))
            spool.seek(0)
            stream = cast("BinaryIO", spool)
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk


def _not_yet(job: Job, what: str) -> str:
    if job.status in ("failed", "cancelled"):
        return f"Job {job.job_id} is {job.status} and has made no {what}; try it again to get one."
    return f"Job {job.job_id} is {job.status} at stage {job.stage}; its {what} comes later."
