"""The web app's files beside the API: who gets a page, and who a document."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from automl_backend.web_app import WebApp

BROWSER = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Mode": "navigate"}
SCRIPT = {"Accept": "*/*", "Sec-Fetch-Mode": "cors"}


class Browser:
    """Asks an application in process."""

    def __init__(self, app: WebApp) -> None:
        self._app = app

    def ask(self, path: str, headers: Mapping[str, str], method: str = "GET") -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(asked())


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    built = tmp_path / "dist"
    (built / "assets").mkdir(parents=True)
    (built / ".vite").mkdir()
    (built / "index.html").write_text("the app")
    (built / "theme.js").write_text("a script")
    (built / "assets" / "index-1a2b.js").write_text("a chunk")
    (built / ".vite" / "manifest.json").write_text("notes")
    (tmp_path / "secret").write_text("of the machine")

    async def api(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"the API: {request.url.path}")

    inner = Starlette(routes=[Route("/{path:path}", api, methods=["GET", "POST"])])
    return Browser(WebApp(inner, folder=built))


@pytest.mark.parametrize(
    ("path", "headers", "text"),
    [
        pytest.param("/", BROWSER, "the app", id="the first page"),
        pytest.param("/jobs/j1", BROWSER, "the app", id="a deep link"),
        pytest.param("/jobs/j1", {"Accept": "text/html"}, "the app", id="an old browser"),
        pytest.param("/jobs/j1", SCRIPT, "the API: /jobs/j1", id="a script"),
        pytest.param("/jobs/j1", {}, "the API: /jobs/j1", id="curl"),
        pytest.param("/api/jobs/j1", BROWSER, "the API: /api/jobs/j1", id="the API's prefix"),
        pytest.param("/docs", BROWSER, "the API: /docs", id="the API's description"),
        pytest.param("/problems/x", BROWSER, "the API: /problems/x", id="a problem"),
        pytest.param("/theme.js", SCRIPT, "a script", id="a file"),
        pytest.param("/assets/index-1a2b.js", {}, "a chunk", id="a part"),
        pytest.param("/.vite/manifest.json", {}, "the API: /.vite/manifest.json", id="notes"),
        pytest.param("/%2e%2e/secret", {}, "the API: /../secret", id="outside"),
        pytest.param("/assets/..%2f..%2fsecret", {}, "the API: /assets/../../secret", id="around"),
    ],
)
def test_a_request_finds_a_page_a_file_or_the_api(browser, path, headers, text):
    assert browser.ask(path, {"Accept": "*/*"} | headers).text == text


def test_what_changes_something_is_never_a_page(browser):
    assert browser.ask("/jobs/j1", BROWSER, "POST").text == "the API: /jobs/j1"


def test_parts_are_kept_by_browsers_and_pages_are_asked_for_anew(browser):
    part, page = browser.ask("/assets/index-1a2b.js", {}), browser.ask("/", BROWSER)

    assert "immutable" in part.headers["cache-control"]
    assert page.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe-eval" not in page.headers["content-security-policy"]
