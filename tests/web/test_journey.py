"""From a dropped file to a prediction, in a real browser, with nothing faked."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.web, pytest.mark.slow, pytest.mark.timeout(600)]

TRAINED_MS = 300_000


def _drop(page: Page, name: str, text: str) -> None:
    """Drop a file on the page, with the events of a real drag."""
    page.evaluate(
        """([name, text]) => {
            const data = new DataTransfer()
            data.items.add(new File([text], name, { type: 'text/csv' }))
            for (const kind of ['dragenter', 'dragover', 'drop'])
              window.dispatchEvent(new DragEvent(kind, {
                dataTransfer: data, bubbles: true, cancelable: true }))
        }""",
        [name, text],
    )


def test_a_file_is_dropped_trained_on_deployed_and_asked(open_page, penguins, python):
    watched = open_page()
    page = watched.page
    page.goto("/")
    expect(page.get_by_role("heading", name="Data sets")).to_be_focused()

    _drop(page, penguins.name, penguins.read_text())

    page.wait_for_url(re.compile("/datasets/"))
    expect(page.get_by_role("heading", name="my birds.csv")).to_be_visible()
    expect(page.get_by_text("344", exact=True).first).to_be_visible()

    page.get_by_label("Column to predict").select_option("species")
    expect(page.get_by_text("Predicts several classes")).to_be_visible()
    page.get_by_label("Time for the search").select_option(label="1 min")
    page.get_by_role("button", name="See the plan").click()
    plan = page.get_by_role("dialog")
    expect(plan.get_by_text("log loss")).to_be_visible()
    plan.get_by_role("button", name="Start training").click()

    page.wait_for_url(re.compile("/jobs/"))
    expect(page.get_by_role("progressbar", name="Progress of the job")).to_be_visible()
    # A reload in the middle finds everything where it was.
    page.reload()
    expect(page.get_by_role("heading", name="species")).to_be_visible()
    expect(page.get_by_text("This model has learned something.")).to_be_visible(timeout=TRAINED_MS)

    page.get_by_role("link", name="Deploy and predict").click()
    page.get_by_role("button", name="Deploy it").click()
    answer = page.locator(".figure-key b")
    expect(answer).to_have_text(re.compile("Adelie|Chinstrap|Gentoo"))
    first = answer.inner_text()
    page.get_by_role("button", name="Keep this answer to compare").click()
    page.get_by_label("bill_length_mm").fill("60")
    page.get_by_label("bill_depth_mm").fill("14")
    page.get_by_label("flipper_length_mm").fill("230")
    expect(page.get_by_text(re.compile("was |against the kept answer"))).to_be_visible()

    page.get_by_label("bill_length_mm").fill("long")
    expect(page.get_by_role("alert")).to_contain_text("expects a number")

    page.get_by_role("button", name="Typical values again").click()
    expect(answer).to_have_text(first)
    page.get_by_role("link", name="Code").click()
    code = page.get_by_label("Python code").inner_text()
    said = python(code)
    assert f"'prediction': '{first}'" in said.stdout, said.stderr

    page.get_by_role("button", name="Withdraw the model").click()
    expect(page.get_by_text("This model is not deployed.")).to_be_visible()
    # The one refused row was asked for.
    assert [text for text in watched.complaints if "422" not in text] == []


def test_the_way_to_a_plan_needs_no_mouse(open_page, penguins):
    page = open_page().page
    page.goto("/")
    expect(page.get_by_role("button", name="Choose a file")).to_be_visible()

    page.keyboard.press("Tab")
    with page.expect_file_chooser() as asked:
        for _ in range(12):
            if page.evaluate("document.activeElement.textContent") == "Choose a file":
                break
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
    asked.value.set_files(penguins)
    page.wait_for_url(re.compile("/datasets/"))
    expect(page.get_by_role("heading", name="my birds.csv")).to_be_focused()

    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SELECT":
            break
    page.keyboard.type("species")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Predicts several classes")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "See the plan":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Start training")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_picture_is_refused_before_it_is_sent(open_page, tmp_path):
    picture = tmp_path / "cat.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    page = open_page().page
    page.goto("/")

    page.get_by_label("Table to upload").set_input_files(picture)

    expect(page.get_by_role("alert")).to_contain_text("cat.png is no table")
    assert page.url.endswith("/")


def test_a_table_that_cannot_be_read_says_why(open_page, tmp_path):
    table = tmp_path / "broken.csv"
    table.write_text('a,b\n1,"2\n3,4\n')
    page = open_page().page
    page.goto("/")

    page.get_by_label("Table to upload").set_input_files(table)

    expect(page.get_by_role("alert")).to_contain_text("never closed")
    expect(page.get_by_role("button", name="Try broken.csv again")).to_be_visible()
