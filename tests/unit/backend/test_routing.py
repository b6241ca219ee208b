"""Operations are built when they are first asked for, and whole for everybody who asks."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Query
from fastapi.routing import APIRoute
from starlette.routing import Match

from automl_backend.app import RESOURCES, make_api
from automl_backend.routing import OnDemandRoute, Resource, guarded_router


def paged(limit: Annotated[int, Query(ge=1)] = 20) -> int:
    return limit


def answer(name: str, limit: Annotated[int, Depends(paged)], q: str = "") -> list[str]:
    return [name, str(limit), q]


@pytest.fixture
def route() -> OnDemandRoute:
    return OnDemandRoute("/things/{name}", answer, methods=["GET"])


def is_built(route: APIRoute) -> bool:
    return "dependant" in vars(route)


def test_matching_an_address_builds_nothing(route):
    here, _ = route.matches({"type": "http", "method": "GET", "path": "/things/a"})
    elsewhere, _ = route.matches({"type": "http", "method": "GET", "path": "/others/a"})

    assert (here, elsewhere) == (Match.FULL, Match.NONE)
    assert not is_built(route)


def test_an_operation_is_built_as_the_framework_builds_it(route):
    eager = APIRoute("/things/{name}", answer, methods=["GET"])

    assert route.dependant.path_params[0].alias == eager.dependant.path_params[0].alias
    assert route.unique_id == eager.unique_id
    assert route.methods == eager.methods
    assert route.response_field is not None


def test_query_parameters_are_those_of_the_operation_then_of_what_it_depends_on(route):
    assert route.query_names() == ["q", "limit"]


def test_threads_that_ask_at_once_all_get_the_whole_operation():
    for _ in range(20):
        route = OnDemandRoute("/things/{name}", answer, methods=["GET"])
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda _, each=route: (each.app, each.dependant), range(8)))

        assert {id(app) for app, _ in found} == {id(route.app)}
        assert {id(dependant) for _, dependant in found} == {id(route.dependant)}


def test_what_no_operation_has_is_an_attribute_error(route):
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = route.no_such_thing


def test_making_an_application_builds_no_operation_of_a_new_router():
    router = guarded_router("things", prefix="/things")
    router.get("/{name}", operation_id="get_thing")(answer)

    FastAPI(routes=router.routes)

    assert not any(is_built(each) for each in router.routes)


MODULE = "automl_backend.routes.storage"


def test_a_module_is_loaded_when_one_of_its_addresses_is_asked_for(monkeypatch):
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    resource = Resource(MODULE, "/storage")

    elsewhere, _ = resource.matches({"type": "http", "method": "GET", "path": "/storages"})
    before = MODULE in sys.modules
    here, scope = resource.matches({"type": "http", "method": "GET", "path": "/storage/object"})

    assert (elsewhere, before) == (Match.NONE, False)
    assert (here, scope["route"].path) == (Match.FULL, "/storage/object")
    assert MODULE in sys.modules


def test_a_wrong_method_is_a_partial_match_of_the_first_such_operation():
    resource = Resource(MODULE, "/storage")

    match, scope = resource.matches({"type": "http", "method": "DELETE", "path": "/storage/object"})

    assert (match, scope["route"].path) == (Match.PARTIAL, "/storage/object")


def test_every_address_begins_with_a_stem_of_its_resource():
    for resource in RESOURCES:
        for route in resource.routes:
            path = re.sub(r"{\w+}", "x", route.path)
            match, _ = resource.matches({"type": "http", "method": "NONE", "path": path})

            assert match == Match.PARTIAL, path


def test_every_operation_of_the_platform_is_built_on_demand():
    routes = [route for route in make_api().routes if isinstance(route, APIRoute)]

    assert len(routes) > 40
    assert {type(route) for route in routes} == {OnDemandRoute}
