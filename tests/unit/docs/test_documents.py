"""The documents say what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from automl_backend.problems import kinds
from automl_core import errors
from automl_core.settings import Settings, variable, variables

ROOT = Path(__file__).parents[3]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]

#: Variables with the prefix that are no setting: the client's and the trainer's own.
OTHER_VARIABLES = {
    "AUTOML_API_URL",
    "AUTOML_API_TOKEN",
    "AUTOML_ATTEMPT",
    "AUTOML_READ_OPTIONS",
}

#: What a job hands to its container; the rest of that contract are settings.
CONTAINER_VARIABLES = {"DATASET_ID", "TARGET_COLUMN", "JOB_ID", "TIME_BUDGET"}

#: What docker-compose.yml reads and no program of ours.
COMPOSE_VARIABLES = {
    "PLATFORM_CPUS", "PLATFORM_MEMORY", "PLATFORM_SCRATCH",
    "TRAINING_CPUS", "TRAINING_MEMORY", "TRAINING_IMAGE",
}  # fmt: skip

#: Pages and signed transfers: told in words, not in the table of the API.
UNLISTED_PREFIXES = ("/storage/", "/problems/", "/docs", "/openapi.json")


def _env_example() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text("utf-8")
    return dict(re.findall(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", text, re.MULTILINE))


def _slug(heading: str) -> str:
    """How GitHub names a heading's anchor."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_env_example_lists_every_variable():
    settings = {each for name in Settings.model_fields for each in variables(name)}

    others = OTHER_VARIABLES | CONTAINER_VARIABLES | COMPOSE_VARIABLES
    assert set(_env_example()) == settings | others


def test_env_example_names_the_defaults(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        for each in variables(name):
            monkeypatch.delenv(each, raising=False)

    defaults = Settings().model_dump() | {"data_dir": "~/.automl-lite"}

    told = _env_example()
    assert {name: told[variable(name)] for name in defaults} == {
        name: "" if value is None else str(value) for name, value in defaults.items()
    }


def test_every_error_stands_on_its_page_with_title_status_and_exit_code():
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (.+?) \| (\d+) \| (\d+) \| .+? \|$",
        (ROOT / "docs" / "errors.md").read_text("utf-8"),
        re.MULTILINE,
    )
    classes = {
        each.code: each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, errors.AutoMLError)
    }
    # The root of the tree is never raised itself.
    expected = {
        kind.code: (kind.title, kind.status, errors.exit_code(classes[kind.code]("")))
        for kind in kinds().values()
        if kind.code in classes and kind.code != errors.AutoMLError.code
    }

    told = {code: (title, int(status), int(exit_)) for code, title, status, exit_ in rows}
    unexpected = kinds()["unexpected"]

    assert told.pop("unexpected") == (unexpected.title, unexpected.status, 70)
    assert told == expected


def test_the_readme_lists_every_endpoint_and_no_other():
    document = json.loads((ROOT / "frontend" / "openapi.json").read_text("utf-8"))
    offered = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if path != "/" and not path.startswith(UNLISTED_PREFIXES)
    }

    readme = (ROOT / "README.md").read_text("utf-8")

    told = set(re.findall(r"^\| `([A-Z]+) (/[^`?]*)` \|", readme, re.MULTILINE))
    assert told == offered


def test_the_readme_lists_every_command():
    import typer

    from automl_cli.app import app

    readme = (ROOT / "README.md").read_text("utf-8")

    told = set(re.findall(r"^\| `automl ([a-z]+)", readme, re.MULTILINE))
    assert told == set(typer.main.get_command(app).commands)


@pytest.mark.parametrize("group", ["datasets", "jobs", "deployments", "models"])
def test_the_readme_names_every_command_of_a_group(group):
    import typer

    from automl_cli.app import app

    readme = (ROOT / "README.md").read_text("utf-8")
    [told] = re.findall(rf"^\| `automl {group} …` \| (.+?) \|$", readme, re.MULTILINE)
    spoken = {"info": "show what one reads", "predict": "ask it"}

    names = typer.main.get_command(app).commands[group].commands

    assert [name for name in names if spoken.get(name, name) not in told] == []


def test_make_targets_that_documents_name_are_there():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    named = {
        target
        for document in DOCUMENTS
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text("utf-8"), re.M)
    }

    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(document):
    text = document.read_text("utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text)

    broken = []
    for link in links:
        path, _, anchor = link.partition("#")
        if "://" in path:
            continue
        target = document if not path else (document.parent / path)
        if not target.exists() or (
            anchor
            and anchor
            not in map(_slug, re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE))
        ):
            broken.append(link)

    assert broken == []


def test_every_decision_is_listed():
    folder = ROOT / "docs" / "adr"
    listed = re.findall(r"\]\((\d{4}-[^)]+)\)", (folder / "README.md").read_text("utf-8"))

    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))


def test_the_licence_is_mit():
    licence = (ROOT / "LICENSE").read_text("utf-8")

    assert licence.startswith("MIT License")
    assert "Copyright (c) 2026 The AutoML Lite authors" in licence
