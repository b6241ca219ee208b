"""Checks the Terraform without an account: format, validity, and its own tests.

``make check-static`` runs it. Terraform is asked for its plug-ins from a mirror on this
machine if there is one, else from its registry. Without Terraform it says so and ends well,
unless AUTOML_TEST_REQUIRE_ALL=1 demands that nothing is left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.deploy import find_provider_mirror, find_terraform

HERE = Path(__file__).resolve().parent
ROOTS = (HERE, HERE / "bootstrap")
LOCK = ".terraform.lock.hcl"


def main() -> int:
    """Check every root; the first thing that fails ends it."""
    if find_terraform() is None:
        required = os.environ.get("AUTOML_TEST_REQUIRE_ALL") == "1"
        sys.stderr.write("left out: terraform (1.11 or newer) is not in PATH\n")
        return int(required)
    try:
        terraform(HERE, "fmt", "-check", "-diff", "-recursive")
        for root in ROOTS:
            check(root)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"{' '.join(error.cmd)} ended with {error.returncode}\n")
        return 1
    return 0


def check(root: Path) -> None:
    """Validate one root and run its tests; leaves nothing behind in it."""
    mirror = find_provider_mirror()
    with tempfile.TemporaryDirectory() as folder, _lock_file_as_it_was(root):
        plugins = {"TF_DATA_DIR": folder}
        offline = [f"-plugin-dir={mirror}"] if mirror else []
        terraform(root, "init", "-backend=false", "-input=false", *offline, **plugins)
        terraform(root, "validate", **plugins)
        if list((root / "tests").glob("*.tftest.hcl")):
            terraform(root, "test", **plugins)


def terraform(root: Path, *arguments: str, **extra: str) -> None:
    """Run Terraform with no variable of a real account in sight."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))
    }
    subprocess.run(["terraform", f"-chdir={root}", *arguments], env=environment | extra, check=True)


@contextmanager
def _lock_file_as_it_was(root: Path) -> Iterator[None]:
    """A mirror knows one platform's plug-ins only, and would strike the others' hashes out."""
    path = root / LOCK
    before = path.read_bytes() if path.exists() else None
    try:
        yield
    finally:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(before)


if __name__ == "__main__":
    sys.exit(main())
