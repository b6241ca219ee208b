"""The profiler's page, made to be read where nothing may run; and the page that is there
instead when there is none.

The profiler's own page hides most of itself behind buttons that need scripts. They are
taken out, what they would open stands open, and its tabs become headings: so the page is
served under the same policy as every other report.
"""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Final

from automl_training.deep.runner import DeepReportMissing

#: What a page that somebody saved tells the browser; served, it comes with a stricter one.
_POLICY: Final = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'\">"
    '<meta name="referrer" content="no-referrer">'
)

_SCRIPT: Final = re.compile(r"<script\b[^>]*>.*?</script\s*>", re.DOTALL | re.IGNORECASE)
#: Its link is a page in an address, which browsers do not open.
_DOWNLOAD: Final = re.compile(
    r"<tr>\s*<th>Download configuration</th>.*?</tr>", re.DOTALL | re.IGNORECASE
)
_HEAD: Final = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_BODY: Final = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_TAB: Final = re.compile(
    r'<button\b[^>]*?data-bs-target="#([^"]+)"[^>]*?role="tab"[^>]*>(.*?)</button>', re.DOTALL
)
_PANE: Final = re.compile(r'<div class="tab-pane[^"]*"[^>]*?id="([^"]+)"[^>]*>', re.DOTALL)

_BASE_STYLE: Final = (
    ".deep-note{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;"
    "padding:1rem;overflow-wrap:anywhere}"
)
_OPEN_STYLE: Final = (
    ".deep-note{border:1px solid #888;border-radius:6px;margin:1rem auto}"
    ".collapse:not(.show){display:block!important;height:auto!important}"
    ".tab-content>.tab-pane{display:block!important;opacity:1!important}"
    ".tab-content .tab-content{margin-left:1rem}"
    ".nav-tabs,.navbar-toggler,.btn-close,#variables-dropdown,[data-bs-toggle=collapse]"
    "{display:none!important}"
    "nav.navbar{position:static!important}"
    ".offcanvas{position:static!important;visibility:visible!important;transform:none!important}"
    "@media(max-width:991.98px){nav.navbar{display:none!important}}"
    "svg{max-width:100%;height:auto}.table-responsive{overflow-x:auto}"
)

#: Elements that fetch, run or navigate.
_FORBIDDEN: Final = frozenset(
    {"script", "iframe", "frame", "object", "embed", "applet", "link", "base", "form", "portal",
     "foreignobject", "animate", "set"}
)  # fmt: skip
_FORBIDDEN_ATTRIBUTES: Final = frozenset({"srcdoc", "srcset", "ping", "http-equiv"})
_ADDRESSES: Final = frozenset({"href", "src", "xlink:href", "action", "formaction", "data"})
_SAFE_ADDRESS: Final = re.compile(r"(?:#|https://|data:image/(?:png|jpeg|gif);)")


def seal(page: str, *, note: str) -> str:
    """Make the profiler's page one that can be shown: no scripts, everything open.

    Parameters
    ----------
    page : str
        As the profiler wrote it.
    note : str
        What stands above it, in plain text.

    Raises
    ------
    DeepReportMissing
        If anything in it could still run, load or lead somewhere by itself.
    """
    page = _DOWNLOAD.sub("", _SCRIPT.sub("", page))
    titles = {name: re.sub(r"<[^>]*>", "", text).strip() for name, text in _TAB.findall(page)}
    page = _PANE.sub(lambda pane: pane[0] + _heading(titles.get(pane[1], "")), page)
    banner = f'<aside class="deep-note">{_paragraphs(note)}</aside>'
    checker = _Checker()
    checker.feed(page)
    checker.close()
    if checker.found or not _HEAD.search(page) or not _BODY.search(page):
        raise DeepReportMissing(
            "The profiler's page did not pass the check that nothing in it can run "
            f"({checker.found or 'it is no whole page'}), so it is not shown."
        )
    page = _HEAD.sub(lambda head: head[0] + _POLICY, page, count=1)
    return _BODY.sub(
        lambda body: f"{body[0]}<style>{_BASE_STYLE}{_OPEN_STYLE}</style>{banner}", page, count=1
    )


def note_page(note: str) -> str:
    """The page that says why there is no deep report."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{_POLICY}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>No deep report</title>"
        f"<style>:root{{color-scheme:light dark}}{_BASE_STYLE}</style></head>"
        f'<body><main class="deep-note"><h1>No deep report</h1>{_paragraphs(note)}</main>'
        "</body></html>\n"
    )


def _heading(title: str) -> str:
    return f"<h4>{title}</h4>" if title else ""


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{html.escape(line)}</p>" for line in text.splitlines() if line)


class _Checker(HTMLParser):
    """Looks for the first element or attribute that could run, load or navigate."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.found:
            return
        if tag in _FORBIDDEN:
            self.found = f"<{tag}>"
        for name, value in attrs:
            leads_away = name in _ADDRESSES and not _SAFE_ADDRESS.match((value or "#").strip())
            if leads_away or name.startswith("on") or name in _FORBIDDEN_ATTRIBUTES:
                self.found = f"{name}="
