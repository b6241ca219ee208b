"""Pages for people that need no web app: the API's description, and its problems."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from automl_backend.deps import TheCaller
from automl_backend.problems import kinds
from automl_backend.routing import hidden_router
from automl_core.errors import NotFoundError

router = hidden_router()

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
def home_page(request: Request) -> RedirectResponse:
    """Send whoever comes here to the API's description: the web app has its own first page."""
    return RedirectResponse(request.scope.get("root_path", "") + "/docs", status_code=307)


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
