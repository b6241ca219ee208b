"""Object store in a folder: one plain file per object.

The files lie under ``objects`` by their keys, so that they can be looked at, copied and
restored with ordinary tools. What a file cannot say itself - content type and ETag - is
noted beside, under ``notes``. A note that was not written for exactly this file (a crash
in between, a restored backup) is not believed: the ETag is the SHA-256 of the bytes and is
then counted again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from automl_core.adapters.object_keys import check_key, check_prefix, missing_object
from automl_core.adapters.signed_requests import CHUNK_BYTES, Grant, RequestSigner, copy_granted
from automl_core.adapters.signing import Signer
from automl_core.errors import ConflictError, PlatformError
from automl_core.layout import content_type as content_type_of
from automl_core.ports import ObjectStat, UploadTicket

#: Seconds after which a draft that nobody writes to any more belongs to a dead process.
_ABANDONED_AFTER_S = 24 * 3600

#: A folder may be cleared away by a deletion while something is written into it.
_MAX_PLACE_TRIES = 20


class LocalObjectStore:
    """Bytes in files, written beside and moved into place.

    Parameters
    ----------
    root : Path
        Folder of the store; made if it is not there.
    signer : Signer
        Signs uploads and downloads.
    base_url : str
        Address of the API that serves them, without a slash at its end.
    now : callable
        The clock, aware.
    """

    def __init__(
        self, root: Path, signer: Signer, base_url: str, now: Callable[[], datetime]
    ) -> None:
        self._objects = root / "objects"
        self._notes = root / "notes"
        self._scratch = root / "scratch"
        self._requests = RequestSigner(signer, base_url, now)
        with _write_errors():
            for folder in (self._objects, self._notes, self._scratch):
                folder.mkdir(parents=True, exist_ok=True)
            _sweep(self._scratch)

    # -- Writing ----------------------------------------------------------------------

    def put(self, key: str, data: bytes) -> None:
        """Store bytes, replacing what was there."""
        self._write(key, io.BytesIO(data), content_type_of(key))

    def put_file(self, key: str, path: Path) -> None:
        """Store a file's bytes without holding them in memory."""
        with path.open("rb") as stream:
            self._write(key, stream, content_type_of(key))

    def _write(
        self, key: str, stream: BinaryIO, content_type: str, grant: Grant | None = None
    ) -> ObjectStat:
        check_key(key)
        with _write_errors():
            handle, name = tempfile.mkstemp(dir=self._scratch)
            draft = Path(name)
            try:
                with os.fdopen(handle, "wb") as out:
                    etag = copy_granted(stream, out, grant)
                    out.flush()
                    os.fsync(out.fileno())
                    identity = _identity(os.fstat(out.fileno()))
                # The note first: until the file follows, it does not fit the old one.
                self._note(key, etag, content_type, identity)
                self._place(draft, self._objects / key, durable=True)
            finally:
                draft.unlink(missing_ok=True)
        return ObjectStat(key, identity[2], etag, content_type)

    def _note(self, key: str, etag: str, content_type: str, identity: list[int]) -> None:
        handle, name = tempfile.mkstemp(dir=self._scratch)
        draft = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump({"etag": etag, "content_type": content_type, "identity": identity}, out)
            self._place(draft, self._notes / key, durable=False)
        finally:
            draft.unlink(missing_ok=True)

    def _place(self, draft: Path, target: Path, *, durable: bool) -> None:
        for tries_left in reversed(range(_MAX_PLACE_TRIES)):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                draft.replace(target)
            except (FileNotFoundError, FileExistsError) as error:
                # A folder vanished under us: mkdir says "exists" if it was there a moment ago.
                if tries_left:
                    continue
                if isinstance(error, FileNotFoundError):
                    raise
                raise _is_both(target) from error
            except (IsADirectoryError, NotADirectoryError) as error:
                raise _is_both(target) from error
            else:
                break
        if durable:
            _sync_folders(target.parent, self._objects)

    # -- Reading ----------------------------------------------------------------------

    def get(self, key: str) -> bytes:
        """Read an object whole."""
        with self.open(key) as stream:
            return stream.read()

    def open(self, key: str) -> BinaryIO:
        """Open an object for streaming reads; the caller closes it."""
        try:
            return (self._objects / check_key(key)).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise missing_object(key) from error

    def download(self, key: str, path: Path) -> None:
        """Write an object to a local file, atomically."""
        with self.open(key) as stream:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".download-")
            draft = Path(name)
            try:
                with os.fdopen(handle, "wb") as out:
                    shutil.copyfileobj(stream, out, CHUNK_BYTES)
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)

    def stat(self, key: str) -> ObjectStat:
        """Tell size, ETag and content type."""
        with self.open(key) as stream:
            return self._stat_open(key, stream)

    def _stat_open(self, key: str, stream: BinaryIO) -> ObjectStat:
        """Describe the very file that is open, whatever lies under its key by now."""
        identity = _identity(os.fstat(stream.fileno()))
        content_type = content_type_of(key)
        with suppress(OSError, ValueError, KeyError, TypeError):
            note = json.loads((self._notes / key).read_text(encoding="utf-8"))
            content_type = str(note["content_type"])
            if note["identity"] == identity:
                return ObjectStat(key, identity[2], str(note["etag"]), content_type)
        digest = hashlib.sha256()
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
        stream.seek(0)
        etag = digest.hexdigest()
        # Noted again, so that a restored table of a gigabyte is not read at every look.
        with suppress(OSError):
            self._note(key, etag, content_type, identity)
        return ObjectStat(key, identity[2], etag, content_type)

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under the key."""
        return (self._objects / check_key(key)).is_file()

    def keys(self, prefix: str) -> list[str]:
        """Every key under a prefix, sorted."""
        folder, _, _ = prefix.rpartition("/")
        if folder:
            check_key(folder)
        top = self._objects / folder
        found = (
            (Path(parent) / name).relative_to(self._objects).as_posix()
            for parent, _, names in os.walk(top)
            for name in names
        )
        return sorted(key for key in found if key.startswith(prefix))

    # -- Deleting ---------------------------------------------------------------------

    def delete(self, key: str) -> None:
        """Delete one object; deleting what is not there is no error."""
        check_key(key)
        with _write_errors():
            # The note goes last: one without its object is never looked at.
            (self._objects / key).unlink(missing_ok=True)
            (self._notes / key).unlink(missing_ok=True)

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object under a prefix ending in ``/``; tell how many there were."""
        folder = check_prefix(prefix)[:-1]
        with _write_errors():
            count = _clear(self._objects / folder)
            _clear(self._notes / folder)
        return count

    # -- Signed requests --------------------------------------------------------------

    def upload_form(
        self, key: str, *, content_type: str, max_bytes: int, expires_in: int, min_bytes: int = 1
    ) -> UploadTicket:
        """Sign a form POST: exact key, exact content type, size range, expiry."""
        return self._requests.upload_form(
            check_key(key),
            content_type=content_type,
            max_bytes=max_bytes,
            expires_in=expires_in,
            min_bytes=min_bytes,
        )

    def upload_url(
        self, key: str, *, content_type: str, size_bytes: int, expires_in: int
    ) -> UploadTicket:
        """Sign a PUT of exactly ``size_bytes`` bytes of one content type."""
        return self._requests.upload_url(
            check_key(key), content_type=content_type, size_bytes=size_bytes, expires_in=expires_in
        )

    def download_url(self, key: str, *, filename: str, expires_in: int) -> str:
        """Sign a GET that is answered as an attachment of that name."""
        return self._requests.download_url(check_key(key), filename=filename, expires_in=expires_in)

    def receive_form(
        self, fields: Mapping[str, str], filename: str, content_type: str, stream: BinaryIO
    ) -> ObjectStat:
        """Take a form POST, if it is what was signed; else nothing is kept.

        Parameters
        ----------
        fields : mapping
            Every form field before the file.
        filename, content_type : str
            What the file's part says of itself. Nobody signed them, so they decide
            nothing, as in S3: the object gets the key and type of the policy.
        stream : BinaryIO
            The file; read until it ends or passes the limit.

        Raises
        ------
        UploadRefusedError
            If a field is not what the policy demands, or the file is too small.
        UploadTooLargeError
            As soon as more bytes came than the policy allows.
        """
        grant = self._requests.check_form(fields)
        return self._write(grant.key, stream, grant.content_type, grant)

    def receive_put(
        self, query: Mapping[str, str], headers: Mapping[str, str], stream: BinaryIO
    ) -> ObjectStat:
        """Take a PUT, if it is what was signed; else nothing is kept."""
        grant = self._requests.check_put(query, headers)
        return self._write(grant.key, stream, grant.content_type, grant)

    def open_signed(self, query: Mapping[str, str]) -> tuple[ObjectStat, BinaryIO, str]:
        """Open what a download link names; the caller closes it. Last comes the file name."""
        key, filename = self._requests.check_get(query)
        stream = self.open(key)
        try:
            return self._stat_open(key, stream), stream, filename
        except BaseException:
            stream.close()
            raise

    # -- Health -----------------------------------------------------------------------

    def ping(self) -> None:
        """Raise ``PlatformError`` if the store cannot be written and read."""
        with _write_errors(), tempfile.TemporaryFile(dir=self._scratch) as probe:
            probe.write(b"ping")
            probe.flush()
            os.fsync(probe.fileno())


def _is_both(target: Path) -> ConflictError:
    return ConflictError(f"{target.name!r} is both an object and a folder of objects.")


def _identity(status: os.stat_result) -> list[int]:
    """What no two files that a key had one after the other share; the size comes last."""
    return [status.st_ino, status.st_mtime_ns, status.st_size]


def _sync_folders(folder: Path, top: Path) -> None:
    """Make names durable as well as bytes, from a folder up to the store's top."""
    # Windows has no such call; there the file system's journal has to do.
    if not hasattr(os, "O_DIRECTORY"):
        return
    for place in (folder, *folder.parents):
        with suppress(FileNotFoundError):
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        if place == top:
            return


def _clear(folder: Path) -> int:
    """Delete every file of a folder and the folders that are empty then; count the files."""
    count = 0
    for parent, folders, names in os.walk(folder, topdown=False):
        for name in names:
            # Somebody else may be clearing the same folder.
            with suppress(FileNotFoundError):
                (Path(parent) / name).unlink()
                count += 1
        for name in folders:
            with suppress(OSError):
                (Path(parent) / name).rmdir()
    with suppress(OSError):
        folder.rmdir()
    return count


def _sweep(scratch: Path) -> None:
    """Remove drafts that processes left behind when they were killed."""
    oldest = time.time() - _ABANDONED_AFTER_S
    for draft in scratch.iterdir():
        with suppress(FileNotFoundError):
            if draft.stat().st_mtime < oldest:
                draft.unlink()


@contextmanager
def _write_errors() -> Iterator[None]:
    """Turn a full or read-only disk into ``PlatformError``; the detail shows no path."""
    try:
        yield
    except OSError as error:
        raise PlatformError(
            f"The object store cannot be written ({error.strerror}); free space on its disk or "
            "let this process write to it."
        ) from error
