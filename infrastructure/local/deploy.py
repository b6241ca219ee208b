"""Terraform on the emulated home: the deployed root itself, its state apart from the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

#: A folder of this name begins every mirror of providers.
_MIRROR = "registry.terraform.io"
#: Where installations put mirrors: Terraform's own places, then the usual roots.
_MIRROR_PLACES = (
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
)
_MIRROR_ROOTS = ("/opt", "/usr/local/share", "/usr/share")
#: Folders below a root that are looked into.
_MIRROR_DEPTH = 2

#: An apply or a destroy takes about two minutes on two busy cores.
TIMEOUT_S = 420.0


class TerraformError(RuntimeError):
    """Terraform failed; with what it said."""


def find_provider_mirror() -> Path | None:
    """Folder to hand to ``terraform init -plugin-dir``; None: the registry is asked.

    ``TF_PLUGIN_MIRROR`` wins; else the first folder with the AWS provider in Terraform's
    places and below the usual installation roots.
    """
    named = os.environ.get("TF_PLUGIN_MIRROR")
    if named:
        return Path(named)
    places = [Path(place).expanduser() for place in _MIRROR_PLACES]
    for root in map(Path, _MIRROR_ROOTS):
        for depth in range(1, _MIRROR_DEPTH + 1):
            places += [found.parent for found in sorted(root.glob("*/" * depth + _MIRROR))]
    return next((p for p in places if (p / _MIRROR / "hashicorp" / "aws").is_dir()), None)


def find_terraform() -> str | None:
    """Path of the terraform command."""
    return shutil.which("terraform")


@dataclass(frozen=True)
class Terraform:
    """Terraform on a copy of the root, against one home.

    Parameters
    ----------
    folder : Path
        Work folder: holds the copy, the state, the plugins.
    environment : mapping
        Endpoints and credentials of the home.
    variables : mapping
        Values of the root's variables.
    """

    folder: Path
    environment: Mapping[str, str]
    variables: Mapping[str, Any]

    @property
    def _root(self) -> Path:
        return self.folder / "root"

    def init(self) -> None:
        """Copy the root, with a local state in place of the bucket, and initialise it."""
        shutil.copytree(
            ROOT,
            self._root,
            ignore=shutil.ignore_patterns("local", ".terraform*", "*.tfstate*", "__pycache__"),
        )
        # An override file: the root itself keeps its state in a bucket.
        (self._root / "local_override.tf").write_text(
            'terraform {\n  backend "local" {}\n}\n', encoding="utf-8"
        )
        (self._root / "local.auto.tfvars.json").write_text(
            json.dumps(self.variables), encoding="utf-8"
        )
        mirror = find_provider_mirror()
        self._run("init", *([f"-plugin-dir={mirror}"] if mirror else []))

    def apply(self) -> None:
        """Make everything."""
        self._run("apply", "-auto-approve")

    def destroy(self) -> None:
        """Delete everything."""
        self._run("destroy", "-auto-approve")

    def plan(self) -> dict[str, Any]:
        """A fresh plan as JSON."""
        self._run("plan", "-out=next.tfplan")
        plan: dict[str, Any] = json.loads(self._run("show", "-json", "next.tfplan"))
        return plan

    def outputs(self) -> dict[str, Any]:
        """Values of the root's outputs."""
        given = json.loads(self._run("output", "-json"))
        return {name: entry["value"] for name, entry in given.items()}

    def resources(self) -> list[str]:
        """Addresses in the state, data sources left out."""
        lines = self._run("state", "list").splitlines()
        return [line for line in lines if line and "data" not in line.split(".")]

    def _run(self, *arguments: str) -> str:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "TF_"))
        }
        environment |= dict(self.environment) | {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
        # Each of our own: a shared cache is not safe for two runs at the same time.
        command = ["terraform", f"-chdir={self._root}", arguments[0], *arguments[1:]]
        done = subprocess.run(
            [*command, *(["-no-color"] if arguments[0] != "state" else [])],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        if done.returncode != 0:
            raise TerraformError(
                f"terraform {arguments[0]} ended with {done.returncode}:\n"
                f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
            )
        return done.stdout


def variables_of(
    packages_dir: Path,
    region: str,
    token_hashes: Sequence[str],
    **others: Any,
) -> dict[str, Any]:
    """Values for the root's variables in an emulated home.

    The image is none: the stand-in runs the job definition's command with the trainer of
    this machine, and never pulls.
    """
    return {
        "environment": "dev",
        "region": region,
        "packages_dir": str(packages_dir),
        "training_image": "registry.example.org/automl-lite-training@sha256:" + "0" * 64,
        "api_token_hashes": list(token_hashes),
        **others,
    }
