"""What all reports share: their look, the frame of their pages, and the content policy.

``house.css`` and ``macros.html`` serve every report; each has a sheet and a template of its
own beside its code.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pkgutil import get_data
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from automl_core.tabular.report.palette import style_of

if TYPE_CHECKING:
    from jinja2 import Environment

_HOME: Final = "automl_core.tabular.report"
_SHARED: Final = frozenset({"base.html", "macros.html"})


def environment(package: str) -> Environment:
    """Templates of a package, with the shared ones; whatever they are given is escaped.

    Parameters
    ----------
    package : str
        Where the templates lie, in a folder or an archive.
    """
    # Here and not above: whoever only wants to write a name safely should not pay 0.1 s.
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        loader=FunctionLoader(lambda name: read(_HOME if name in _SHARED else package, name)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        # Constants are few: looking for them costs more than they would save.
        optimized=False,
    )


@cache
def style(package: str, sheet: str) -> Markup:
    """The shared style sheet with a report's own behind it, on one line.

    Parameters
    ----------
    package, sheet : str
        Where the report's own sheet lies.
    """
    lines = [*read(_HOME, "house.css").splitlines(), *read(package, sheet).splitlines()]
    # The style sheets are ours; within <style> an escaped ">" would be another selector.
    return Markup(style_of("".join(line.strip() for line in lines if line[:2] != "/*")))  # noqa: S704


def policy(style: str) -> str:
    """The content security policy: nothing but this very style sheet."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def read(package: str, name: str) -> str:
    """A text file of a package, from a folder or an archive."""
    data = get_data(package, name)
    assert data is not None
    return data.decode()
