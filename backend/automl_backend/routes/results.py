"""What a job has made."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from automl_backend.deps import IMMUTABLE, REVALIDATE, Results, TheCaller
from automl_backend.routing import guarded_router
from automl_backend.schemas.results import ArtifactsView, LeaderboardView, ResultView
from automl_backend.services.results import ReportName
from automl_core.records import Plan

router = guarded_router("results", prefix="/jobs/{job_id}")

#: Reports show what stood in somebody's file: nothing in them may run, load or call home.
REPORT_CSP = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@router.get("/artifacts", operation_id="list_artifacts")
def list_artifacts(job_id: str, caller: TheCaller, results: Results) -> ArtifactsView:
    """List artifacts with short-lived download addresses."""
    return ArtifactsView.of(results.artifacts(caller, job_id))


@router.get("/result", operation_id="get_result")
def get_result(job_id: str, response: Response, caller: TheCaller, results: Results) -> ResultView:
    """Read the figures of a completed job."""
    view = ResultView.of(results.result(caller, job_id))
    response.headers["Cache-Control"] = IMMUTABLE
    return view


@router.get("/plan", operation_id="get_plan")
def get_plan(job_id: str, caller: TheCaller, results: Results) -> Plan:
    """Read the plan; of a waiting job, the one to be confirmed by POST /jobs/{id}/clarify."""
    return results.plan(caller, job_id)


@router.get("/leaderboard", operation_id="get_leaderboard")
def get_leaderboard(job_id: str, caller: TheCaller, results: Results) -> LeaderboardView:
    """Read every trial, best validation score first."""
    return LeaderboardView.model_validate(results.leaderboard(caller, job_id))


@router.get("/reports/{name}", operation_id="get_report", response_class=HTMLResponse)
def get_report(job_id: str, name: ReportName, caller: TheCaller, results: Results) -> HTMLResponse:
    """Read the report on the data (eda; deep, of a job that asks for it) or on the training."""
    return HTMLResponse(
        results.report(caller, job_id, name),
        headers={
            "Content-Security-Policy": REPORT_CSP,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": REVALIDATE,
        },
    )


@router.get(
    "/bundle",
    operation_id="download_bundle",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/zip": {}}, "description": "The model bundle."},
        303: {"description": "A large model bundle lies at the address in Location."},
    },
)
def download_bundle(job_id: str, caller: TheCaller, results: Results) -> Response:
    """Download the model bundle, with the fitted model and a README beside it."""
    name, found = results.bundle(caller, job_id)
    if isinstance(found, str):
        return RedirectResponse(found, status_code=303)
    return StreamingResponse(
        found,
        media_type="application/zip",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"},
    )
