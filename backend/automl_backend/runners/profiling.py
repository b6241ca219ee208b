"""Profiles in a process of their own, whose memory is given back when it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from automl_backend.services.profiles import profile_in_process
from automl_core.errors import PlatformError
from automl_core.tabular.schema import TableSchema

#: A profile of a gigabyte takes about a minute on two cores.
TIMEOUT_S = 600.0


def profile_in_child(
    upload: Path, schema: TableSchema, *, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Profile a downloaded upload in a child process.

    Raises
    ------
    PlatformError
        If the child died or took too long.
    """
    with TemporaryDirectory(prefix="automl-profile-") as folder:
        schema_path, out = Path(folder) / "schema.json", Path(folder) / "profile.json"
        schema_path.write_text(schema.model_dump_json(), encoding="utf-8")
        command = [sys.executable, "-m", __name__, str(upload), str(schema_path), str(out)]
        try:
            subprocess.run(  # noqa: S603 - our own module
                command, check=True, env=dict(environment), timeout=TIMEOUT_S
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise PlatformError(
                "The profile could not be computed on this machine; it may be short of memory."
                " The table can still be trained on."
            ) from error
        profile: dict[str, Any] = json.loads(out.read_bytes())
        return profile


def main(arguments: Sequence[str]) -> None:
    """Child: upload, schema, out."""
    upload, schema_path, out = (Path(argument) for argument in arguments)
    schema = TableSchema.model_validate_json(schema_path.read_bytes())
    profile = profile_in_process(upload, schema)
    out.write_text(json.dumps(profile, allow_nan=False), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
