"""Puts a package together."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from infrastructure.packaging.archive import content_of, write_zip
from infrastructure.packaging.compiling import compile_tree
from infrastructure.packaging.drafts import drafted
from infrastructure.packaging.modules import our_files
from infrastructure.packaging.plans import (
    OF_THE_RUNTIME,
    REQUIREMENTS,
    RUNTIME_CLIENT,
    Plan,
)
from infrastructure.packaging.wheels import fetch, pinned, unpacked


@dataclass(frozen=True)
class Package:
    """A package that was built."""

    plan: Plan
    architecture: str
    file: Path
    unpacked_bytes: int

    @property
    def name(self) -> str:
        """The function's name."""
        return self.plan.name


def build(plan: Plan, architecture: str, out: Path, cache: Path) -> Package:
    """Build a function's package, unless it is there already and nothing has changed.

    Raises
    ------
    PackagingError
        If wheels cannot be had, or a module of ours is missing or does not compile.
    """
    target = out / f"{plan.name}-{architecture}.zip"
    ours = our_files(plan)
    requirements = ""
    if plan.requirements is not None:
        requirements = pinned(
            [REQUIREMENTS / plan.requirements], only=None, without=OF_THE_RUNTIME | plan.without
        )
    stamp = cache / "stamps" / f"{target.name}-{_key(out.resolve().as_posix())}.json"
    inputs = _inputs(ours, requirements, architecture)
    known = json.loads(stamp.read_text("utf-8")) if stamp.exists() else {}
    if known.get("inputs") == inputs and target.exists() and known.get("sha256") == _sha256(target):
        return Package(plan, architecture, target, known["unpacked_bytes"])
    wheels = fetch(requirements, architecture, cache) if requirements else []
    content: dict[str, Path] = {}
    for wheel in wheels:
        content |= content_of(unpacked(wheel, cache))
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        for inside, path in ours.items():
            copy = Path(scratch) / inside
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        compile_tree(Path(scratch))
        content |= content_of(Path(scratch))
        draft = Path(scratch) / "package.zip"
        size = write_zip(draft, content)
        draft.replace(target)
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(
        json.dumps({"inputs": inputs, "sha256": _sha256(target), "unpacked_bytes": size}), "utf-8"
    )
    return Package(plan, architecture, target, size)


def runtime_folder(architecture: str, cache: Path) -> Path:
    """Make a folder like Lambda's own: boto3 with what it needs, and the runtime's client.

    The versions are those of our requirements, not those that Lambda has today.
    """
    requirements = pinned(
        [REQUIREMENTS / "dev.txt"], only=OF_THE_RUNTIME | RUNTIME_CLIENT, without=frozenset()
    )
    folder = cache / "runtime" / f"{architecture}-{_key(requirements)}"
    if not folder.exists():
        with drafted(folder) as draft:
            for wheel in fetch(requirements, architecture, cache):
                shutil.copytree(unpacked(wheel, cache), draft, dirs_exist_ok=True)
    return folder


def _inputs(ours: dict[str, Path], requirements: str, architecture: str) -> str:
    """Hash all that a package is made of, this program included."""
    digest = hashlib.sha256(f"{architecture}\n{requirements}\n".encode())
    program = {path.name: path for path in sorted(Path(__file__).parent.glob("*.py"))}
    for name, path in [*program.items(), *ours.items()]:
        digest.update(f"{name} {_sha256(path)}\n".encode())
    return digest.hexdigest()


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
