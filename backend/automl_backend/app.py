"""The web application around a platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Lifespan

from automl_backend import problems
from automl_backend.deps import bearer, known_query_only
from automl_backend.gate import APIPrefix, Gate
from automl_backend.problems import RequestFrame
from automl_backend.routes import (
    datasets,
    deployments,
    health,
    jobs,
    pages,
    predictions,
    results,
    storage,
    training,
    uploads,
)
from automl_backend.services.platform import Platform
from automl_core.errors import AutoMLError

VERSION = "0.1.0"
DESCRIPTION = (
    "Upload a table, choose the column to predict, get a proven model and a report."
    " Errors are problem documents (RFC 9457); lists are paged with next_token."
)
_PROBLEM = {
    "description": "A problem document; its code says which.",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def create_app(platform: Platform) -> FastAPI:
    """Put the web layer around a platform; it starts and stops with the application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await to_thread.run_sync(platform.start)
        try:
            yield
        finally:
            await to_thread.run_sync(platform.stop)

    app = make_api(lifespan)
    app.state.platform = platform
    # The last one added is the outermost.
    app.add_middleware(
        Gate, access=platform.access, allowed_hosts=platform.allowed_hosts, limits=platform.limits
    )
    app.add_middleware(APIPrefix)
    app.add_middleware(RequestFrame, new_id=platform.new_id)
    return app


def make_api(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """Make routes and error handlers alone: enough for the API's document."""
    app = _Application(
        title="AutoML Lite",
        version=VERSION,
        description=DESCRIPTION,
        # Their pages load scripts from a CDN; pages.py has one that needs no internet.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        root_path_in_servers=False,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.add_exception_handler(AutoMLError, problems.handle_error)
    app.add_exception_handler(RequestValidationError, problems.handle_validation)
    app.add_exception_handler(HTTPException, problems.handle_http)
    app.include_router(health.router, responses={"4XX": _PROBLEM})
    guarded = APIRouter(
        dependencies=[Depends(bearer), Depends(known_query_only)],
        responses={"4XX": _PROBLEM, "5XX": _PROBLEM},
    )
    for module in (uploads, datasets, training, jobs, results, deployments, predictions):
        guarded.include_router(module.router)
    app.include_router(guarded)
    app.include_router(storage.router)
    app.include_router(pages.router)
    return app


class _Application(FastAPI):
    """FastAPI with the problem document among its schemas."""

    def openapi(self) -> dict[str, Any]:
        """The API's document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            schema = problems.Problem.model_json_schema(
                mode="serialization", ref_template="#/components/schemas/{model}"
            )
            document["components"]["schemas"] |= schema.pop("$defs") | {"Problem": schema}
            self.openapi_schema = document
        return self.openapi_schema
