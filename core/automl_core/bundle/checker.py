"""Check a bundle as somebody would who has to rely on it."""

from __future__ import annotations

from pathlib import Path

from automl_core.bundle.manifest import check_manifest
from automl_core.bundle.runtime import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SCRIPT_NAME,
    BundleError,
    Predictor,
)
from automl_core.bundle.writer import FILES, README_NAME, runtime_source


def check_bundle(folder: Path) -> list[str]:
    """Name everything that is wrong with a bundle; an empty list means that it can be used.

    Looks for the three files and no others but a README, checks the manifest, loads the model
    (hash, operators, shape) and replays its probe rows.
    """
    present = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    problems = [f"The bundle has no {name}." for name in FILES if name not in present]
    problems += [
        f"The bundle has a file {name!r} that is none of its own."
        for name in sorted(present.difference(FILES, [README_NAME]))
    ]
    if MANIFEST_NAME in present:
        manifest = folder / MANIFEST_NAME
        if manifest.stat().st_size > MAX_MANIFEST_BYTES:
            return [*problems, f"The bundle's {MANIFEST_NAME} is larger than any of ours."]
        problems += check_manifest(manifest.read_bytes())
    if SCRIPT_NAME in present and (folder / SCRIPT_NAME).read_bytes() != runtime_source():
        problems.append(f"The bundle's {SCRIPT_NAME} is not this version's predictor.")
    if not problems:
        try:
            Predictor.load(folder)
        except BundleError as error:
            problems.append(str(error))
    return problems
