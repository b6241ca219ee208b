"""What ``profile.json`` promises: its schema, and the page that explains it."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from automl_core.tabular.profile import profile_table

SCHEMA = json.loads(
    resources.files("automl_core.tabular").joinpath("profile_schema.json").read_text()
)
PAGE = Path(__file__).parents[3].joinpath("docs/profile-json.md").read_text()


@pytest.fixture
def profile(typed):
    path, schema = typed(
        {
            "x": ("decimal", [0.5, 1.5, None, 2.5] * 10),
            "c": ("text", ["a", "b", "a", None] * 10),
            "y": ("text", ["u", "v"] * 20),
        }
    )
    return profile_table(path, schema, target="y")


def objects(node):
    """Every object of the schema that lists properties."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for value in node.values():
            yield from objects(value)
    if isinstance(node, list):
        for value in node:
            yield from objects(value)


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_no_object_takes_keys_that_nobody_explains():
    promised = [found for found in objects(SCHEMA) if "type" in found]

    assert promised
    assert [found for found in promised if found.get("additionalProperties") is not False] == []


def test_every_key_is_explained_on_the_page():
    told = dict(re.findall(r"^\| `([a-z0-9_]+)` \| [^|]+ \| (.+) \|$", PAGE, re.MULTILINE))
    rows = set(PAGE.splitlines())

    for found in [found for found in objects(SCHEMA) if "type" in found]:
        for key, value in found["properties"].items():
            assert key in told
            if "description" in value:
                assert any(
                    row.startswith(f"| `{key}` |") and row.endswith(f"| {value['description']} |")
                    for row in rows
                ), (key, value["description"])


def test_a_profile_keeps_to_it(profile):
    Draft202012Validator(SCHEMA).validate(profile)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda p: p.update(format_version=1), id="another key"),
        pytest.param(lambda p: p.pop("scope"), id="a key less"),
        pytest.param(lambda p: p["columns"][0].update(kind="number"), id="an unknown kind"),
        pytest.param(lambda p: p["columns"][0]["missing"].update(share=1.5), id="a share above 1"),
        pytest.param(lambda p: p["columns"][0].update(flags=["a", "a"]), id="a flag twice"),
        pytest.param(lambda p: p["scope"].update(seed=3), id="a seed without a draw"),
        pytest.param(lambda p: p["scope"].update(basis="sample"), id="a draw without a seed"),
        pytest.param(lambda p: p["file"].pop("header"), id="no word on the header"),
        pytest.param(lambda p: p["target"].pop("blocking"), id="no word on what blocks"),
        pytest.param(lambda p: p["target"].update(name="y"), id="the target's old name"),
        pytest.param(lambda p: p["columns"][0]["stats"].update(mean="2"), id="a number as text"),
    ],
)
def test_another_shape_is_refused(profile, change):
    change(profile)

    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(profile)
