"""Object store in memory, for tests: the same rules, keys and signatures as in a folder."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from automl_core.adapters.object_keys import check_key, check_prefix, missing_object
from automl_core.adapters.signed_requests import Grant, RequestSigner, copy_granted
from automl_core.adapters.signing import Signer
from automl_core.layout import content_type as content_type_of
from automl_core.ports import ObjectStat, UploadTicket


@dataclass(frozen=True)
class _Object:
    data: bytes
    stat: ObjectStat


class MemoryObjectStore:
    """Bytes in a dictionary; gone with the process.

    Parameters
    ----------
    signer : Signer
        Signs uploads and downloads.
    base_url : str
        Address of the API that serves them, without a slash at its end.
    now : callable
        The clock, aware.
    """

    def __init__(self, signer: Signer, base_url: str, now: Callable[[], datetime]) -> None:
        self._objects: dict[str, _Object] = {}
        self._lock = Lock()
        self._requests = RequestSigner(signer, base_url, now)

    # -- Writing ----------------------------------------------------------------------

    def put(self, key: str, data: bytes) -> None:
        """Store bytes, replacing what was there."""
        self._keep(key, data, content_type_of(key))

    def put_file(self, key: str, path: Path) -> None:
        """Store a file's bytes."""
        self.put(key, path.read_bytes())

    def _keep(self, key: str, data: bytes, content_type: str) -> ObjectStat:
        etag = hashlib.sha256(data).hexdigest()
        stat = ObjectStat(check_key(key), len(data), etag, content_type)
        with self._lock:
            self._objects[key] = _Object(bytes(data), stat)
        return stat

    def _receive(self, grant: Grant, stream: BinaryIO) -> ObjectStat:
        arrived = io.BytesIO()
        copy_granted(stream, arrived, grant)
        return self._keep(grant.key, arrived.getvalue(), grant.content_type)

    # -- Reading ----------------------------------------------------------------------

    def _find(self, key: str) -> _Object:
        found = self._objects.get(check_key(key))
        if found is None:
            raise missing_object(key)
        return found

    def get(self, key: str) -> bytes:
        """Read an object whole."""
        return self._find(key).data

    def open(self, key: str) -> BinaryIO:
        """Open an object for streaming reads; the caller closes it."""
        return io.BytesIO(self.get(key))

    def download(self, key: str, path: Path) -> None:
        """Write an object to a local file."""
        path.write_bytes(self.get(key))

    def stat(self, key: str) -> ObjectStat:
        """Tell size, ETag and content type."""
        return self._find(key).stat

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under the key."""
        return check_key(key) in self._objects

    def keys(self, prefix: str) -> list[str]:
        """Every key under a prefix, sorted."""
        with self._lock:
            return sorted(key for key in self._objects if key.startswith(prefix))

    # -- Deleting ---------------------------------------------------------------------

    def delete(self, key: str) -> None:
        """Delete one object; deleting what is not there is no error."""
        check_key(key)
        with self._lock:
            self._objects.pop(key, None)

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object under a prefix ending in ``/``; tell how many there were."""
        check_prefix(prefix)
        with self._lock:
            doomed = [key for key in self._objects if key.startswith(prefix)]
            for key in doomed:
                del self._objects[key]
        return len(doomed)

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
        """Take a form POST, if it is what was signed; else nothing is kept."""
        return self._receive(self._requests.check_form(fields), stream)

    def receive_put(
        self, query: Mapping[str, str], headers: Mapping[str, str], stream: BinaryIO
    ) -> ObjectStat:
        """Take a PUT, if it is what was signed; else nothing is kept."""
        return self._receive(self._requests.check_put(query, headers), stream)

    def open_signed(self, query: Mapping[str, str]) -> tuple[ObjectStat, BinaryIO, str]:
        """Open what a download link names; the caller closes it. Last comes the file name."""
        key, filename = self._requests.check_get(query)
        found = self._find(key)
        return found.stat, io.BytesIO(found.data), filename

    # -- Health -----------------------------------------------------------------------

    def ping(self) -> None:
        """Memory always answers."""
