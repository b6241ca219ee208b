"""The templates of the pages, with the filters that they use."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape


def render(name: str, **values: object) -> str:
    """Fill in a template; whatever it names must be among the values."""
    return _templates().get_template(name).render(**values)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("automl_backend"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    return environment


def _code(text: str) -> Markup:
    """A docstring's text with what stands between double backticks as code.

    >>> _code("``q`` < 3")
    Markup('<code>q</code> &lt; 3')
    """
    parts = [
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part)
        for i, part in enumerate(text.split("``"))
    ]
    return Markup("").join(parts)
