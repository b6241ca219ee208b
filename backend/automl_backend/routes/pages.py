"""Pages for people until the web app stands in front: jobs, API overview, problems."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse

from automl_backend.deps import Datasets, Jobs, TheCaller
from automl_backend.problems import kinds
from automl_backend.routing import hidden_router
from automl_core.errors import NotFoundError
from automl_core.ports import JobFilter

router = hidden_router()

SHOWN = 50
#: Where the command line looks for the platform unless it is told otherwise.
DEFAULT_ADDRESS = "http://127.0.0.1:8000"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-cache",
}


def _page(request: Request, name: str, **values: object) -> HTMLResponse:
    base = request.scope.get("root_path", "")
    # Not at the top: most starts of a Lambda function answer no page.
    from automl_backend.page_templates import render

    return HTMLResponse(render(name, base=base, **values), headers=HEADERS)


@router.get("/", operation_id="home_page")
def home_page(request: Request, caller: TheCaller, datasets: Datasets, jobs: Jobs) -> HTMLResponse:
    """List data sets and jobs with links to what they made."""
    recent = jobs.list(caller, limit=SHOWN, next_token=None, where=JobFilter())
    tables = datasets.list(caller, limit=SHOWN, next_token=None, text=None)
    address = f"{request.url.scheme}://{request.url.netloc}"
    return _page(
        request,
        "home.html",
        jobs=recent.items,
        datasets=tables.items,
        has_more_jobs=recent.next_token is not None,
        has_more_datasets=tables.next_token is not None,
        api="" if address == DEFAULT_ADDRESS else f" --api {address}",
    )


@router.get("/openapi.json", operation_id="openapi_document")
def openapi_document(request: Request, caller: TheCaller) -> JSONResponse:
    """The API as an OpenAPI document."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", operation_id="docs_page")
def docs_page(request: Request, caller: TheCaller) -> HTMLResponse:
    """Describe the API; works without the internet and without scripts."""
    return _page(request, "docs.html", groups=_groups(request.app.openapi()))


@router.get("/problems/{code}", operation_id="problem_page")
def problem_page(code: str, request: Request) -> HTMLResponse:
    """Describe a kind of problem: where ``type`` of a problem document points to."""
    kind = kinds().get(code)
    if kind is None:
        raise NotFoundError(f"There is no kind of problem called {code[:80]!r}.")
    return _page(request, "problem.html", kind=kind)


def _groups(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Operations of the API's document under their tags, in its order."""
    schemas = document["components"]["schemas"]
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            shown = {
                "method": method.upper(),
                "path": path,
                "id": operation["operationId"],
                "text": operation.get("description", ""),
                "parameters": [
                    each for each in operation.get("parameters", []) if each["in"] != "path"
                ],
                "bodies": [
                    _body(media, content["schema"], schemas)
                    for media, content in operation.get("requestBody", {})
                    .get("content", {})
                    .items()
                ],
            }
            groups.setdefault(operation["tags"][0], []).append(shown)
    return groups


def _body(media: str, schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """A body's media type, its fields with whether they are required, and an example."""
    references = [each.get("$ref", "") for each in (schema, *schema.get("anyOf", []))]
    name = next(reference for reference in references if reference).rpartition("/")[2]
    required = schemas[name].get("required", [])
    examples = schemas[name].get("examples", [])
    return {
        "media": media,
        "fields": [(field, field in required) for field in schemas[name]["properties"]],
        "example": json.dumps(examples[0], indent=2) if examples else "",
    }
