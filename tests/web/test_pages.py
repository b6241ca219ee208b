"""Every page: no complaint, no violation, nothing wider than the window, nothing that jumps."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.web, pytest.mark.slow, pytest.mark.timeout(300)]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

#: Sum of all shifts of a page, as browsers report them (web.dev/cls).
SHIFTS = """
window.__shifts = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.__shifts += entry.value
}).observe({ type: 'layout-shift', buffered: true })
"""

PAGES = {
    "home": "/",
    "search without a hit": "/?q=nothing-is-called-so",
    "data set": "/datasets/{dataset}",
    "data set with target": "/datasets/{dataset}?target=species",
    "columns": "/datasets/{dataset}?tab=columns",
    "one column": "/datasets/{dataset}?column=body_mass_g",
    "findings": "/datasets/{dataset}?tab=findings",
    "reading": "/datasets/{dataset}?tab=report",
    "no data set": "/datasets/unknown",
    "jobs": "/jobs",
    "waiting job": "/jobs/{job}",
    "its log": "/jobs/{job}?tab=log",
    "its files": "/jobs/{job}?tab=files",
    "no prediction yet": "/jobs/{job}/predict",
    "no job": "/jobs/unknown",
    "nothing to compare": "/compare",
    "models": "/models",
    "settings": "/settings",
    "sign in": "/sign-in",
    "not found": "/nowhere/at/all",
}


@pytest.fixture(scope="module")
def names(client, sample) -> dict[str, str]:
    """A data set, and a job that waits at its plan: nothing in it changes by itself."""
    body = {
        "dataset_id": sample["dataset_id"],
        "target_column": "species",
        "config": {"auto_confirm": False, "time_budget": 60},
    }
    job = client.call("POST", "/train", body)["job_id"]
    deadline = time.monotonic() + 120
    while client.call("GET", f"/jobs/{job}/status")["status"] != "waiting":
        assert time.monotonic() < deadline, "the job did not reach its plan"
        time.sleep(0.2)
    return {"dataset": sample["dataset_id"], "job": job}


@pytest.fixture
def tools(axe, pictures) -> tuple[str, Path]:
    """The accessibility checker, and where pictures go."""
    return axe, pictures


def _violations(page: Any, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("(rules) => axe.run(document, { runOnly: rules })", RULES)["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.mark.parametrize("window", [(1280, "light"), (390, "dark")], ids=["wide", "narrow"])
@pytest.mark.parametrize("title", PAGES, ids=str)
def test_a_page_is_sound(open_page, names, tools, title, window):
    (axe, pictures), (width, theme) = tools, window
    watched = open_page(width, theme)
    page = watched.page
    page.add_init_script(SHIFTS)

    page.goto(PAGES[title].format(**names))
    page.wait_for_load_state("networkidle")

    page.screenshot(path=pictures / f"{title} {width} {theme}.png", full_page=True)
    assert _violations(page, axe) == []
    assert page.evaluate("window.__shifts") <= 0.1
    if width == 390:
        page.set_viewport_size({"width": 320, "height": 800})
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wider) <= 0
    # A page about something that is not there has asked for it.
    assert [text for text in watched.complaints if "404" not in text] == []


def test_an_unknown_job_offers_the_way_back(open_page):
    page = open_page().page

    page.goto("/jobs/unknown")

    page.get_by_role("alert").wait_for()
    page.get_by_role("link", name="Back to the jobs").click()
    page.wait_for_url("**/jobs")


def test_a_page_and_a_document_live_at_one_address(open_page, client, names):
    page = open_page().page

    page.goto(f"/jobs/{names['job']}")

    assert page.get_by_role("heading", name="species").is_visible
    assert client.call("GET", f"/jobs/{names['job']}")["target_column"] == "species"
