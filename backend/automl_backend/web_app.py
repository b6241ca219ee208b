"""The web app's files, served by the platform itself where no CDN stands in front."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from automl_backend.admission import API_PREFIX

INDEX = "index.html"
#: Its files are named by their content, so that a name never means something else.
ASSETS = "assets"
FOREVER = "public, max-age=31536000, immutable"
CHECKED = "no-cache"
#: Addresses below the root that are the API's even for somebody who opens them in a browser.
API_PAGES = ("/docs", "/openapi.json", "/problems/", "/storage/", "/health")

#: Scripts and styles are files of its own. Style attributes are the widths of bars. What a
#: page shows in a frame are reports, which bring a policy of their own.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class WebApp:
    """Answers with a file of the web app, or its first page; the rest is the API's.

    The app's addresses are those of the API without its prefix: ``/jobs/{id}`` is a page for
    a browser that goes there, and a document for everything else.

    Parameters
    ----------
    app : ASGIApp
        Everything behind.
    folder : Path
        As the web app's build left it.
    """

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self._app = app
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._file(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        is_asset = found.parent.name == ASSETS
        headers = {
            "Cache-Control": FOREVER if is_asset else CHECKED,
            "Content-Security-Policy": POLICY,
        }
        await FileResponse(found, headers=headers)(scope, receive, send)

    def _file(self, scope: Scope) -> Path | None:
        """Find what a request means among the web app's files; None: nothing."""
        path: str = scope["path"]
        if scope["method"] not in {"GET", "HEAD"} or path.startswith(API_PREFIX + "/"):
            return None
        parts = PurePosixPath(path).parts[1:]
        if parts and all(part not in {"", ".", ".."} for part in parts):
            file = self._folder.joinpath(*parts)
            # Hidden files are the build's own notes.
            if not any(part.startswith(".") for part in parts) and file.is_file():
                return file
        if path.startswith(API_PAGES) or not _is_navigation(Headers(scope=scope)):
            return None
        return self._folder / INDEX


def _is_navigation(headers: Headers) -> bool:
    """Tell whether a browser goes to the address, rather than a script asking for data."""
    mode = headers.get("sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    return headers.get("accept", "").startswith("text/html")
