"""What several commands do on a running platform: upload a file, watch a job, fetch artifacts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from automl_cli.client import Client
from automl_cli.exits import CommandError, exit_status_of
from automl_cli.options import upload_content_type
from automl_cli.progress import ProgressView, Step
from automl_core.errors import PlatformError
from automl_core.records import TERMINAL

#: Seconds between two looks at a job, where the platform names none.
POLL_S = 2.0


def path_of(*parts: str) -> str:
    """A path of the API; identifiers that somebody typed are quoted.

    >>> path_of("jobs", "a/b", "status")
    '/jobs/a%2Fb/status'
    """
    return "/" + "/".join(quote(part, safe="") for part in parts)


def upload_dataset(
    client: Client, file: Path, *, options: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Upload a file through a signed form and confirm it; the data set with its columns."""
    ticket = request_upload(client, file)
    with file.open("rb") as stream:
        client.upload(ticket, stream, file.name)
    return confirm_dataset(client, ticket["dataset_id"], options)


def request_upload(client: Client, file: Path) -> dict[str, Any]:
    """Ask for a signed upload of one file."""
    body = {
        "filename": file.name,
        "content_type": upload_content_type(file),
        "size_bytes": file.stat().st_size,
    }
    ticket: dict[str, Any] = client.send("POST", "/upload/request-url", body)
    return ticket


def confirm_dataset(
    client: Client,
    dataset_id: str,
    options: Mapping[str, object] | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Have the platform read what was uploaded, and wait until it has.

    Raises
    ------
    CommandError
        If the table is refused, or could not be read, with the exit code of the reason.
    """
    given = {name: value for name, value in (options or {}).items() if value is not None}
    dataset: dict[str, Any] = client.send("POST", path_of("datasets", dataset_id, "confirm"), given)
    wait: float | None = None
    while dataset["status"] == "profiling":
        sleep(wait or POLL_S)
        dataset, wait = client.get_with_wait(path_of("datasets", dataset_id))
    if dataset["status"] != "ready":
        note = dataset["error"] or {"code": "dataset-not-ready", "detail": "No reason is known."}
        raise CommandError(
            f"Data set {dataset_id} was not read: {note['detail']}",
            code=note["code"],
            exit_status=exit_status_of(note["code"]),
        )
    return dataset


def watch_job(
    client: Client,
    job_id: str,
    progress: ProgressView,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Follow a job until it ends or waits for an answer; its last light status.

    Raises
    ------
    CommandError
        If the job failed (with the exit code of its error) or was cancelled.
    """
    while True:
        status, wait = client.get_with_wait(path_of("jobs", job_id, "status"))
        progress.show(
            Step(
                stage=status["stage"],
                percent=status["progress"],
                message=status.get("message") or "",
                best_score=status.get("best_score"),
                n_trials=status.get("n_trials") or 0,
            )
        )
        if status["status"] in TERMINAL or status["status"] == "waiting":
            raise_for_end(job_id, status)
            return dict(status)
        sleep(wait or POLL_S)


def raise_for_end(job_id: str, status: Mapping[str, Any]) -> None:
    """Turn a failed or cancelled job into its error."""
    if status["status"] == "failed":
        note = status["error"] or {"code": "training-failed", "detail": "No reason is known."}
        stage = f" in {note['stage']}" if note.get("stage") else ""
        raise CommandError(
            f"Job {job_id} failed{stage}: {note['detail']}",
            code=note["code"],
            exit_status=exit_status_of(note["code"]),
        )
    if status["status"] == "cancelled":
        raise CommandError(
            f"Job {job_id} was cancelled; 'automl jobs retry {job_id}' goes on with it.",
            code="job-cancelled",
            exit_status=exit_status_of("job-cancelled"),
        )


def download_artifacts(client: Client, job_id: str, out: Path, only: list[str]) -> list[Path]:
    """Write artifacts under a folder, in the layout of the job; all of them if none is named.

    Raises
    ------
    CommandError
        If a named artifact is not there.
    PlatformError
        If the platform names an artifact that would land outside of the folder.
    """
    artifacts = client.get(path_of("jobs", job_id, "artifacts"))["items"]
    names = {artifact["name"]: artifact["download_url"] for artifact in artifacts}
    unknown = [name for name in only if name not in names]
    if unknown:
        raise CommandError(
            f"Job {job_id} has no artifact {unknown[0]!r}; it has {', '.join(names)}.",
            code="not-found",
            exit_status=66,
        )
    written = []
    for name, url in names.items():
        if only and name not in only:
            continue
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts:
            raise PlatformError(f"The platform named an artifact {name!r}; that is no plain name.")
        target = out.joinpath(*relative.parts)
        client.download(url, target)
        written.append(target)
    return written


def all_log_lines(client: Client, job_id: str) -> list[dict[str, Any]]:
    """Every line of a job's log so far, page after page."""
    lines: list[dict[str, Any]] = []
    after = 0
    while True:
        page = client.get(path_of("jobs", job_id, "logs"), after=after)
        lines += page["lines"]
        if page["is_complete"] or not page["lines"]:
            return lines
        after = page["next"]
