"""Pages for people until the web app stands in front: jobs, API overview, problems."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from automl_backend.deps import Datasets, Jobs, TheCaller
from automl_backend.problems import kinds
from automl_core.errors import NotFoundError
from automl_core.ports import JobFilter

router = APIRouter(include_in_schema=False)

SHOWN = 50
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-cache",
}


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("automl_backend"), autoescape=True, undefined=StrictUndefined
    )


def _page(request: Request, name: str, **values: object) -> HTMLResponse:
    base = request.scope.get("root_path", "")
    text = _templates().get_template(name).render(base=base, **values)
    return HTMLResponse(text, headers=HEADERS)


@router.get("/", operation_id="home_page")
def home_page(request: Request, caller: TheCaller, datasets: Datasets, jobs: Jobs) -> HTMLResponse:
    """List data sets and jobs with links to what they made."""
    recent = jobs.list(caller, limit=SHOWN, next_token=None, where=JobFilter())
    tables = datasets.list(caller, limit=SHOWN, next_token=None, text=None)
    return _page(request, "home.html", jobs=recent.items, datasets=tables.items)


@router.get("/openapi.json", operation_id="openapi_document")
def openapi_document(request: Request, caller: TheCaller) -> JSONResponse:
    """The API as an OpenAPI document."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", operation_id="docs_page")
def docs_page(request: Request, caller: TheCaller) -> HTMLResponse:
    """Describe the API; works without the internet and without scripts."""
    return _page(request, "docs.html", operations=_operations(request.app.openapi()))


@router.get("/problems/{code}", operation_id="problem_page")
def problem_page(code: str, request: Request) -> HTMLResponse:
    """Describe a kind of problem: where ``type`` of a problem document points to."""
    kind = kinds().get(code)
    if kind is None:
        raise NotFoundError(f"There is no kind of problem called {code[:80]!r}.")
    return _page(request, "problem.html", kind=kind)


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "method": method.upper(),
            "path": path,
            "id": operation["operationId"],
            "text": operation.get("description", ""),
            "parameters": operation.get("parameters", []),
            "body": _body_name(operation),
        }
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _body_name(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    names = [
        str(media.get("schema", {}).get("$ref", "")).rpartition("/")[2]
        for media in content.values()
    ]
    return ", ".join(f"{name} ({media})" for name, media in zip(names, content, strict=True))
