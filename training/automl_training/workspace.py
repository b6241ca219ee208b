"""Workspaces: the artifacts of one job as local files, whatever home they are kept in."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from automl_core.errors import NotFoundError, PlatformError
from automl_core.layout import content_type, job_key, job_prefix
from automl_core.ports import ObjectStore
from automl_core.records import Artifact
from automl_training.stage import Workspace

#: Folder of everything that is no artifact; begins with a dot to stay out of a user's way.
SCRATCH = ".scratch"

_HASH_CHUNK_BYTES = 1024**2


def sha256_of(path: Path) -> str:
    """Hash a file without holding it in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class FolderWorkspace:
    """Artifacts in a folder of the user's: the home of a local training.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def has(self, name: str) -> bool:
        """Tell whether an artifact is there, whole."""
        return (self.folder / name).is_file()

    def path(self, name: str) -> Path:
        """Local path of an artifact that is there.

        Raises
        ------
        NotFoundError
            If no stage has made it.
        """
        path = self.folder / name
        if not path.is_file():
            raise NotFoundError(f"The job has not made {name} yet.", artifact=name)
        return path

    def write(self, name: str, data: bytes | str) -> None:
        """Make an artifact: a reader, and a process killed half-way, see all of it or none."""
        target = self._target(name)
        handle, temporary = tempfile.mkstemp(dir=self._scratch_folder(), prefix="write-")
        with os.fdopen(handle, "wb") as file:
            file.write(data.encode("utf-8") if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files for their owner only; an artifact is an ordinary file.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)

    def take(self, name: str, path: Path) -> None:
        """Make an artifact of a finished local file, which is moved."""
        target = self._target(name)
        if path.stat().st_dev == target.parent.stat().st_dev:
            path.replace(target)
            return
        # Another file system: a copy is no atomic step, the rename after it is.
        beside = self._scratch_folder() / f"take-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        shutil.copyfile(path, beside)
        beside.replace(target)
        path.unlink()

    def remove(self, names: tuple[str, ...]) -> None:
        """Forget artifacts that must be made again."""
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def scratch(self, name: str) -> Path:
        """A local path that is no artifact; gone after :meth:`close`."""
        return self._scratch_folder() / name

    def describe(self, name: str) -> Artifact:
        """Measure an artifact as it is kept, for the job's manifest."""
        path = self.path(name)
        return Artifact(
            name=name,
            size_bytes=path.stat().st_size,
            sha256=sha256_of(path),
            content_type=content_type(name),
        )

    def close(self) -> None:
        """Remove the scratch folder; artifacts stay."""
        shutil.rmtree(self.folder / SCRATCH, ignore_errors=True)

    def _target(self, name: str) -> Path:
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _scratch_folder(self) -> Path:
        folder = self.folder / SCRATCH
        folder.mkdir(exist_ok=True)
        return folder


class StoreWorkspace:
    """Artifacts of a job of the platform: made locally, kept under the job's keys.

    An artifact counts as made once the store has it. What an earlier attempt made is
    fetched when it is first read.

    Parameters
    ----------
    folder : Path
        A temporary folder of this attempt.
    objects : ObjectStore
        The home.
    job_id : str
        Whose artifacts.
    """

    def __init__(self, folder: Path, objects: ObjectStore, job_id: str) -> None:
        self.folder = folder
        self._local = FolderWorkspace(folder)
        self._objects = objects
        self._job_id = job_id
        # Asked once: only this attempt writes from here on (others are fenced off).
        prefix = job_prefix(job_id)
        self._kept = {key.removeprefix(prefix) for key in objects.keys(prefix)}

    def has(self, name: str) -> bool:
        """Tell whether the job's home has the artifact."""
        return name in self._kept

    def path(self, name: str) -> Path:
        """Local path of an artifact, fetched first if an earlier attempt made it.

        Raises
        ------
        NotFoundError
            If no stage has made it.
        """
        if name not in self._kept:
            raise NotFoundError(f"The job has not made {name} yet.", artifact=name)
        if not self._local.has(name):
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            self._objects.download(job_key(self._job_id, name), target)
        return self._local.path(name)

    def write(self, name: str, data: bytes | str) -> None:
        """Make an artifact, atomically, and keep it in the job's home."""
        self._local.write(name, data)
        self._keep(name)

    def take(self, name: str, path: Path) -> None:
        """Make an artifact of a finished local file, which is moved, and keep it."""
        self._local.take(name, path)
        self._keep(name)

    def remove(self, names: tuple[str, ...]) -> None:
        """Forget artifacts that must be made again, here and in the job's home."""
        self._local.remove(names)
        for name in names:
            if name in self._kept:
                self._objects.delete(job_key(self._job_id, name))
                self._kept.discard(name)

    def scratch(self, name: str) -> Path:
        """A local path that is no artifact."""
        return self._local.scratch(name)

    def describe(self, name: str) -> Artifact:
        """Measure an artifact and check that the home keeps it at the same size.

        Raises
        ------
        PlatformError
            If the store's object is of another size than what was made.
        """
        self.path(name)
        artifact = self._local.describe(name)
        stored = self._objects.stat(job_key(self._job_id, name)).size_bytes
        if stored != artifact.size_bytes:
            raise PlatformError(
                f"The store keeps {stored} bytes of {name}, but {artifact.size_bytes} were "
                "made; start the job again.",
                artifact=name,
            )
        return artifact

    def close(self) -> None:
        """Remove the scratch folder."""
        self._local.close()

    def _keep(self, name: str) -> None:
        self._objects.put_file(job_key(self._job_id, name), self._local.path(name))
        self._kept.add(name)


def write_json(workspace: Workspace, name: str, value: Any) -> None:
    """Make an artifact of strict JSON: what has no finite value must be null already.

    Raises
    ------
    ValueError
        If a number is NaN or infinite; no other parser would read such a file.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    workspace.write(name, f"{text}\n")
