"""Jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from automl_backend.deps import (
    Comparisons,
    IfMatch,
    Jobs,
    NextToken,
    PageLimit,
    SearchText,
    TheCaller,
    expected_version,
    versioned,
)
from automl_backend.routing import guarded_router
from automl_backend.schemas.jobs import (
    ClarifyRequest,
    CompareRequest,
    ComparisonView,
    EventsView,
    JobPage,
    JobPatch,
    JobStatusView,
    JobView,
    LogView,
)
from automl_backend.services.jobs import MAX_LOG_LINES
from automl_core.ports import JobFilter
from automl_core.records import ClarifyAnswers, JobStatus

router = guarded_router("jobs", prefix="/jobs")


@router.get("", operation_id="list_jobs")
def list_jobs(
    *,
    caller: TheCaller,
    jobs: Jobs,
    limit: PageLimit = 20,
    next_token: NextToken = None,
    status: JobStatus | None = None,
    dataset_id: Annotated[str | None, Query(max_length=100)] = None,
    tag: Annotated[str | None, Query(max_length=50)] = None,
    q: SearchText = None,
) -> JobPage:
    """List jobs, newest first."""
    where = JobFilter(status=status, dataset_id=dataset_id, tag=tag, text=q)
    return JobPage.of(jobs.list(caller, limit=limit, next_token=next_token, where=where))


@router.post("/compare", operation_id="compare_jobs")
def compare_jobs(
    body: CompareRequest, caller: TheCaller, comparisons: Comparisons
) -> ComparisonView:
    """Put up to four jobs side by side."""
    return ComparisonView.of(comparisons.compare(caller, body.job_ids))


@router.get("/{job_id}", operation_id="get_job", response_model=JobView)
def get_job(job_id: str, request: Request, caller: TheCaller, jobs: Jobs) -> Response:
    """Read one job; its ETag is its version."""
    job = jobs.get(caller, job_id)
    return versioned(request, JobView.of(job), job.version)


@router.patch("/{job_id}", operation_id="update_job", response_model=JobView)
def update_job(
    *,
    job_id: str,
    body: JobPatch,
    request: Request,
    caller: TheCaller,
    jobs: Jobs,
    if_match: IfMatch = None,
) -> Response:
    """Change tags and notes."""
    job = jobs.annotate(
        caller,
        job_id,
        tags=body.tags,
        notes=body.notes,
        expected_version=expected_version(if_match),
    )
    return versioned(request, JobView.of(job), job.version)


@router.delete("/{job_id}", operation_id="delete_job", status_code=204)
def delete_job(job_id: str, caller: TheCaller, jobs: Jobs) -> None:
    """Delete a job with every artifact; its data set stays."""
    jobs.delete(caller, job_id)


@router.get("/{job_id}/status", operation_id="get_job_status")
def get_job_status(job_id: str, response: Response, caller: TheCaller, jobs: Jobs) -> JobStatusView:
    """Tell where a job is; ``Retry-After`` says when to ask again."""
    view = JobStatusView.of(jobs.state(caller, job_id))
    response.headers.update(view.headers())
    return view


@router.get("/{job_id}/logs", operation_id="get_job_log")
def get_job_log(
    job_id: str,
    caller: TheCaller,
    jobs: Jobs,
    after: Annotated[int, Query(ge=0, description="The next of the answer before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LOG_LINES)] = 200,
) -> LogView:
    """Read log lines after a cursor."""
    return LogView.of(jobs.log(caller, job_id, after=after, limit=limit))


@router.get("/{job_id}/events", operation_id="get_job_events")
def get_job_events(job_id: str, caller: TheCaller, jobs: Jobs) -> EventsView:
    """Read a job's time line."""
    return EventsView(items=jobs.get(caller, job_id).timeline)


@router.post("/{job_id}/cancel", operation_id="cancel_job")
def cancel_job(job_id: str, caller: TheCaller, jobs: Jobs) -> JobView:
    """Stop a job; a running one is gone within seconds."""
    return JobView.of(jobs.cancel(caller, job_id))


@router.post("/{job_id}/clarify", operation_id="clarify_job")
def clarify_job(job_id: str, body: ClarifyRequest, caller: TheCaller, jobs: Jobs) -> JobView:
    """Answer the plan's questions and let a waiting job go on."""
    return JobView.of(jobs.clarify(caller, job_id, ClarifyAnswers(**body.model_dump())))


@router.post("/{job_id}/retry", operation_id="retry_job")
def retry_job(job_id: str, caller: TheCaller, jobs: Jobs) -> JobView:
    """Begin a new attempt of a failed or cancelled job; finished stages are kept."""
    return JobView.of(jobs.retry(caller, job_id))
