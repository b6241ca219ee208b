"""`make site`: pages about the API that work without scripts and without any other host."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


class Page(HTMLParser):
    """Tags, addresses and identifiers of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.addresses.append(value or "")
            if name == "id":
                self.names.append(value or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "dist"
    subprocess.run(
        [sys.executable, ROOT / "frontend" / "build_site.py", folder], check=True, timeout=60
    )
    return folder


@pytest.fixture(scope="module")
def page(site: Path) -> Page:
    page = Page()
    page.feed((site / "index.html").read_text("utf-8"))
    return page


def test_every_operation_of_the_api_is_described(page):
    document = json.loads((ROOT / "frontend" / "openapi.json").read_text("utf-8"))
    operations = {
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
    }

    assert operations <= set(page.names)


def test_the_contract_lies_beside_the_page(site):
    assert (site / "openapi.json").read_bytes() == (ROOT / "frontend" / "openapi.json").read_bytes()


def test_nothing_runs_and_no_other_host_is_asked(page):
    assert {"script", "iframe", "img"}.isdisjoint(page.tags)
    assert [each for each in page.addresses if re.match(r"(?:[a-z]+:)?//", each)] == []


def test_every_address_leads_to_a_file_a_part_of_the_page_or_the_health(site, page):
    for address in page.addresses:
        if address.startswith("#"):
            assert address[1:] in page.names
        elif address.startswith("/api/"):
            assert address.startswith("/api/health")
        elif not address.startswith("data:"):
            assert (site / address.removeprefix("/")).is_file()


def test_building_again_replaces_what_was_there(site):
    stale = site / "stale.html"
    stale.write_text("old", "utf-8")

    subprocess.run(
        [sys.executable, ROOT / "frontend" / "build_site.py", site], check=True, timeout=60
    )

    assert not stale.exists()
    assert (site / "index.html").is_file()
