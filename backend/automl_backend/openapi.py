"""``python -m automl_backend.openapi [FILE]``: write the API's document.

Written with sorted keys, so that a change of the API is a readable change of the file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from automl_backend.app import make_api


def document_text() -> str:
    """Give the OpenAPI document as text; needs no store and no setting."""
    document = make_api().openapi()
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Write to the named file, or to standard output."""
    if arguments:
        Path(arguments[0]).write_text(document_text(), encoding="utf-8")
    else:
        sys.stdout.write(document_text())


if __name__ == "__main__":
    main(sys.argv[1:])
