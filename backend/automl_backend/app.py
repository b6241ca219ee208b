"""The web application around a platform."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute
from starlette.types import Lifespan, Scope

from automl_backend import problems
from automl_backend.gate import APIPrefix, Gate
from automl_backend.problems import RequestFrame
from automl_backend.routing import Resource, each_route
from automl_backend.services.platform import Platform
from automl_backend.web_app import WebApp
from automl_core.errors import AutoMLError

VERSION = "0.1.0"
DESCRIPTION = (
    "Upload a table, choose the column to predict, get a proven model and a report."
    " Errors are problem documents (RFC 9457); lists are paged with next_token."
)
#: In the order of the API's document.
RESOURCES = (
    Resource("automl_backend.routes.health", "/health"),
    Resource("automl_backend.routes.uploads", "/upload"),
    Resource("automl_backend.routes.datasets", "/datasets"),
    Resource("automl_backend.routes.training", "/train"),
    Resource("automl_backend.routes.jobs", "/jobs"),
    Resource("automl_backend.routes.results", "/jobs"),
    Resource("automl_backend.routes.deployments", "/jobs", "/models"),
    Resource("automl_backend.routes.predictions", "/predict"),
    Resource("automl_backend.routes.storage", "/storage"),
    Resource("automl_backend.routes.pages", "/", "/openapi.json", "/docs", "/problems"),
)


def create_app(
    platform: Platform,
    *,
    request_id: Callable[[Scope], str] | None = None,
    on_unexpected: Callable[[], None] = lambda: None,
) -> FastAPI:
    """Put the web layer around a platform; it starts and stops with the application.

    Parameters
    ----------
    platform : Platform
        The use cases to offer.
    request_id : callable, optional
        Gives a request the identifier that whatever stands in front has for it already;
        None: the platform makes one.
    on_unexpected : callable
        Told of every fault of ours that a request met, to count it.
    """

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
    if platform.web_dir is not None:
        app.add_middleware(WebApp, folder=platform.web_dir)
    app.add_middleware(
        RequestFrame,
        id_of=request_id or (lambda _: platform.new_id()),
        on_unexpected=on_unexpected,
    )
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
        # Not through include_router, which would load and build every operation: routing.py.
        routes=list(RESOURCES),
    )
    app.add_exception_handler(AutoMLError, problems.handle_error)
    app.add_exception_handler(RequestValidationError, problems.handle_validation)
    app.add_exception_handler(HTTPException, problems.handle_http)
    return app


class _Application(FastAPI):
    """FastAPI with the problem document among its schemas."""

    @property
    def routes(self) -> list[BaseRoute]:
        """Every operation; whoever asks for all has all modules loaded."""
        return each_route(self.router.routes)

    def openapi(self) -> dict[str, Any]:
        """The API's document, made once."""
        if self.openapi_schema is None:
            from automl_backend.schemas.problems import Problem

            document = super().openapi()
            schema = Problem.model_json_schema(
                mode="serialization", ref_template="#/components/schemas/{model}"
            )
            document["components"]["schemas"] |= schema.pop("$defs") | {"Problem": schema}
            self.openapi_schema = document
        return self.openapi_schema
