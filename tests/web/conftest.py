"""A real platform with the built web app, and a real browser that looks at it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from automl_cli.embedded import EmbeddedPlatform
from automl_core.samples import penguins_path

FRONTEND = Path(__file__).parents[2] / "frontend"
#: Milliseconds in which a page must have drawn what was asked for, on a busy machine.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)

#: Chromium without a sandbox of its own (root may have none), a GPU, or errands of its own.
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium(leave_out: Callable[[str], None]) -> Iterator[Browser]:
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        leave_out("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def platform(
    tmp_path_factory: pytest.TempPathFactory, leave_out: Callable[[str], None]
) -> Iterator[EmbeddedPlatform]:
    if not (FRONTEND / "dist" / "index.html").is_file():
        leave_out("needs the built web app (make site)")
    with EmbeddedPlatform(tmp_path_factory.mktemp("platform")) as running:
        running.wait_until_ready()
        yield running


@dataclass
class Watched:
    """A page and what it complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")


@pytest.fixture
def open_page(chromium: Browser, platform: EmbeddedPlatform) -> Iterator[Callable[..., Watched]]:
    """Open a window of a width and a theme on the platform."""
    contexts: list[BrowserContext] = []

    def opened(width: int = 1280, theme: str = "light", **more: Any) -> Watched:
        context = chromium.new_context(
            base_url=platform.address,
            viewport={"width": width, "height": 860},
            color_scheme=theme,  # type: ignore[arg-type] # light or dark
            **more,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watched = Watched(page)
        page.on("console", watched.note)
        page.on("pageerror", lambda error: watched.complaints.append(f"uncaught: {error}"))
        return watched

    yield opened
    for context in contexts:
        context.close()


class Client:
    """The platform's API, for what a test needs to be there before it looks."""

    def __init__(self, address: str) -> None:
        self._address = address

    def call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self._address}/api{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            data = answer.read()
        return json.loads(data) if data else None


@pytest.fixture(scope="session")
def client(platform: EmbeddedPlatform) -> Client:
    return Client(platform.address)


@pytest.fixture(scope="session")
def sample(client: Client) -> dict[str, Any]:
    """The sample data set, confirmed."""
    made: dict[str, Any] = client.call("POST", "/datasets/sample")
    return made


@pytest.fixture(scope="session")
def penguins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of one's own, as it would lie on a desk."""
    return Path(shutil.copy(penguins_path(), tmp_path_factory.mktemp("desk") / "my birds.csv"))


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's script."""
    return (FRONTEND / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="session")
def python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python code as a reader of the page would."""

    def run(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
        )

    return run


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where pictures of all pages are kept, for whoever wants to look at them."""
    folder = Path(__file__).parents[2] / "out" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
