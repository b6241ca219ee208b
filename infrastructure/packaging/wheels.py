"""Libraries: wheels by their pinned hashes, unpacked and compiled, kept for the next time."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from infrastructure.packaging.compiling import compile_tree
from infrastructure.packaging.drafts import drafted
from infrastructure.packaging.modules import PackagingError
from infrastructure.packaging.plans import PLATFORMS, PYTHON_VERSION

#: Folders of a wheel whose content is installed beside the packages.
_BESIDE = frozenset({"purelib", "platlib"})
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def pinned(files: Iterable[Path], *, only: frozenset[str] | None, without: frozenset[str]) -> str:
    """Take entries with their hashes out of requirement files.

    Parameters
    ----------
    files : iterable of Path
        Hash-pinned requirement files.
    only : frozenset of str or None
        Distributions to take; None: all of them.
    without : frozenset of str
        Distributions to leave out.
    """
    entries: dict[str, str] = {}
    for file in files:
        logical = file.read_text("utf-8").replace("\\\n", "\0")
        for line in logical.splitlines():
            match = _NAME.match(line)
            if match is None:
                continue
            name = re.sub(r"[-_.]+", "-", match[0]).lower()
            if name not in without and (only is None or name in only):
                entry = line.replace("\0", "\\\n")
                entries.setdefault(entry.split("\\\n")[0], entry)
    missing = (only or frozenset()) - {_NAME.match(key)[0] for key in entries}  # type: ignore[index]
    if missing:
        raise PackagingError(f"No requirement file pins {', '.join(sorted(missing))}.")
    return "\n".join(entries.values()) + "\n"


def fetch(requirements: str, architecture: str, cache: Path) -> list[Path]:
    """Get the wheels of pinned requirements, from the cache or by pip.

    Raises
    ------
    PackagingError
        If pip cannot get one of them, with what it said.
    """
    key = hashlib.sha256(f"{architecture}\n{PYTHON_VERSION}\n{requirements}".encode()).hexdigest()
    folder = cache / "wheels" / f"{architecture}-{key[:16]}"
    if not folder.exists():
        with drafted(folder) as draft:
            _download(requirements, architecture, draft)
    return sorted(folder.glob("*.whl"))


def _download(requirements: str, architecture: str, folder: Path) -> None:
    listing = folder / "requirements.txt"
    listing.write_text(requirements, "utf-8")
    platforms = [f"--platform={platform}" for platform in PLATFORMS[architecture]]
    # Markers are read for the interpreter that runs pip, which is therefore the target's.
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--require-hashes", "--no-deps", "--only-binary=:all:", "--implementation=cp",
        f"--python-version={PYTHON_VERSION}", *platforms, "--dest", str(folder), "-r", str(listing),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackagingError(
            f"pip cannot get the wheels for {architecture}:\n{done.stderr.strip()}\n"
            "Without a connection only what was downloaded before can be packed."
        )


def unpacked(wheel: Path, cache: Path) -> Path:
    """Unpack a wheel and compile it; the folder is kept under the wheel's hash."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    folder = cache / "unpacked" / f"{wheel.name.split('-')[0]}-{digest[:16]}"
    if not folder.exists():
        with drafted(folder) as draft:
            _unpack(wheel, draft)
            compile_tree(draft)
    return folder


def _unpack(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            inside = _place(PurePosixPath(entry.filename))
            if entry.is_dir() or inside is None:
                continue
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(entry))


def _place(path: PurePosixPath) -> PurePosixPath | None:
    """Where a member of a wheel is installed; None for scripts, headers and shared data."""
    if not path.parts[0].endswith(".data"):
        return path
    return PurePosixPath(*path.parts[2:]) if path.parts[1] in _BESIDE else None
