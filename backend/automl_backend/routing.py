"""Operations that are loaded and built when they are first asked for.

A Lambda function starts anew for one request, and then needs one operation:

- a module of routes, with the schemas of its bodies and answers, is loaded when one of its
  addresses is first asked for (:class:`Resource`);
- what FastAPI reads out of a route's signature, about a millisecond of CPU an operation, it
  reads then (:class:`OnDemandRoute`), and once: ``include_router`` would do it again for every
  level that a router is included in, so what all guarded operations share stands on the router.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import Receive, Scope, Send

from automl_backend.deps import bearer, known_query_only
from automl_backend.problem_documents import MEDIA_TYPE
from automl_backend.problems import route_path

if TYPE_CHECKING:
    from fastapi.dependencies.models import Dependant

_PROBLEM = {
    "description": "A problem document; its code says which.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class OnDemandRoute(APIRoute):
    """An operation that knows its address at once and the rest from its first use on."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        # All that matching an address looks at, and whether the address is to be named.
        self.path = path
        self.endpoint = endpoint
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)
        self.methods = {method.upper() for method in options.get("methods") or ["GET"]}
        self.include_in_schema = options.get("include_in_schema", True)
        self._options = options
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        """Build the operation for whoever asks for what is not there yet."""
        if name.startswith("__") or "_lock" not in vars(self):
            raise AttributeError(name)
        # Another thread may be at it: what it has set so far is no whole operation.
        with self._lock:
            options = vars(self).pop("_options", None)
            if options is not None:
                super().__init__(self.path, self.endpoint, **options)
        try:
            return vars(self)[name]
        except KeyError:
            raise AttributeError(name, name=name, obj=self) from None

    def query_names(self) -> list[str]:
        """Names of the query parameters that the operation reads, in their order."""
        return list(_query_names(self.dependant))


def _query_names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _query_names(each)


def open_router(prefix: str, tag: str) -> APIRouter:
    """Make a router of documented operations that need no token."""
    return APIRouter(
        prefix=prefix, tags=[tag], responses={"4XX": _PROBLEM}, route_class=OnDemandRoute
    )


def guarded_router(tag: str, *, prefix: str = "") -> APIRouter:
    """Make a router of documented operations that need a token and know their parameters."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        dependencies=[Depends(bearer), Depends(known_query_only)],
        responses={"4XX": _PROBLEM, "5XX": _PROBLEM},
        route_class=OnDemandRoute,
    )


def hidden_router(prefix: str = "") -> APIRouter:
    """Make a router of operations that the API's document does not tell."""
    return APIRouter(prefix=prefix, include_in_schema=False, route_class=OnDemandRoute)


class Resource(BaseRoute):
    """The operations of a module, which is loaded at the first request for one of them.

    Parameters
    ----------
    module : str
        Name of the module; its ``router`` holds the operations.
    stems : str
        Beginnings of all its addresses, each followed by a slash or by nothing.
    """

    def __init__(self, module: str, *stems: str) -> None:
        self._module = module
        self._stems = stems

    @cached_property
    def routes(self) -> list[BaseRoute]:
        """The operations, in their order."""
        router: APIRouter = import_module(self._module).router
        return router.routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the operation for a request, or else one of the same address."""
        partial: tuple[Match, Scope] = (Match.NONE, {})
        if scope["type"] != "http" or not self._may_have(route_path(scope)):
            return partial
        for route in self.routes:
            match, child = route.matches(scope)
            if match == Match.FULL:
                return match, child
            if match == Match.PARTIAL and partial[0] == Match.NONE:
                partial = match, child
        return partial

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the operation that was found answer; it has put itself into the scope."""
        await scope["route"].handle(scope, receive, send)

    def _may_have(self, path: str) -> bool:
        return any(path == stem or path.startswith(f"{stem}/") for stem in self._stems)


def each_route(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Every operation among routes; loads what was not loaded yet."""
    return [
        each
        for route in routes
        for each in (route.routes if isinstance(route, Resource) else [route])
    ]
