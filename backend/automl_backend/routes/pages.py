"""Pages for people until the web app stands in front: jobs, API overview, problems."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from automl_backend.deps import Datasets, Jobs, TheCaller
from automl_backend.problems import kinds
from automl_core.errors import NotFoundError
from automl_core.ports import JobFilter

router = APIRouter(include_in_schema=False)

SHOWN = 50
#: Where the command line looks for the platform unless it is told otherwise.
DEFAULT_ADDRESS = "http://127.0.0.1:8000"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-cache",
}


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("automl_backend"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": _figure, "code": _code}
    return environment


def _figure(value: float) -> str:
    """A score to four significant digits.

    >>> _figure(0.94484), _figure(31234.5)
    ('0.9448', '31,234')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _code(text: str) -> Markup:
    """A docstring's text with what stands between double backticks as code.

    >>> _code("``q`` < 3")
    Markup('<code>q</code> &lt; 3')
    """
    parts = [
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part)
        for i, part in enumerate(text.split("``"))
    ]
    return Markup("").join(parts)


def _page(request: Request, name: str, **values: object) -> HTMLResponse:
    base = request.scope.get("root_path", "")
    text = _templates().get_template(name).render(base=base, **values)
    return HTMLResponse(text, headers=HEADERS)


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
