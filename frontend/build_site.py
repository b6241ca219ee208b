"""Writes the site's files: what the API offers, and where its health is told.

``python frontend/build_site.py frontend/dist`` needs nothing but jinja2 and the committed
contract ``openapi.json``. The pages have no script and ask no other host for anything, so that
they work under the site's content security policy.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent
CONTRACT = FOLDER / "openapi.json"
SOURCES = FOLDER / "site"
#: Copied as they are.
ASSETS = ("site.css",)


def main(arguments: list[str]) -> int:
    """Build into the folder that the command line names."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python frontend/build_site.py FOLDER\n")
        return 2
    build(Path(arguments[0]))
    return 0


def build(target: Path) -> None:
    """Replace a folder by the site."""
    document = json.loads(CONTRACT.read_text("utf-8"))
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    template = _templates().get_template("index.html.j2")
    page = template.render(info=document["info"], groups=operations_by_tag(document))
    (target / "index.html").write_text(page, "utf-8")
    shutil.copyfile(CONTRACT, target / CONTRACT.name)
    for name in ASSETS:
        shutil.copyfile(SOURCES / name, target / name)


def operations_by_tag(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Sort the operations of an OpenAPI document under their first tag, in its order."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(
                {
                    "method": method.upper(),
                    "path": path,
                    "id": operation["operationId"],
                    "text": operation.get("description", "").replace("``", ""),
                    "is_open": not operation.get("security"),
                    "parameters": operation.get("parameters", []),
                    "bodies": [
                        {"media": media, "fields": _fields(content["schema"], document)}
                        for media, content in operation.get("requestBody", {})
                        .get("content", {})
                        .items()
                    ],
                }
            )
    return groups


def _fields(schema: dict[str, Any], document: dict[str, Any]) -> list[dict[str, Any]]:
    """Fields of a body, resolved through the first reference of its schema."""
    references = [each["$ref"] for each in (schema, *schema.get("anyOf", [])) if "$ref" in each]
    if not references:
        return []
    resolved = document["components"]["schemas"][references[0].rpartition("/")[2]]
    required = resolved.get("required", [])
    return [
        {
            "name": name,
            "is_required": name in required,
            "text": field.get("description", "").replace("``", ""),
        }
        for name, field in resolved.get("properties", {}).items()
    ]


def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(SOURCES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
