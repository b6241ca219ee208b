"""An object of S3 as a file: read in pieces, from any position, one version throughout."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from automl_core.adapters.aws_clients import aws_errors
from automl_core.adapters.object_keys import missing_object
from automl_core.errors import PlatformError

if TYPE_CHECKING:
    from typing_extensions import Buffer

#: Bytes asked for at once where everything is wanted.
CHUNK_BYTES: Final = 8 * 1024**2

#: How often one piece is asked for again when its connection breaks. The client repeats
#: requests by itself, but not what follows an answer's head.
MAX_READS: Final = 3

#: What S3 calls an object that is not there, by GET and HEAD.
ABSENT: Final = frozenset({"NoSuchKey", "NoSuchVersion", "404"})


class S3Stream(io.RawIOBase):
    """Reads the version that was present when it was opened.

    Wrap it in ``io.BufferedReader``. Holds one connection while it is read in order; a
    ``seek`` costs a request at the next read.

    Parameters
    ----------
    get_object : callable
        The client's ``get_object``.
    bucket, key : str
        The object.

    Raises
    ------
    NotFoundError
        If there is no such object, at the beginning or - its version deleted - later.
    PlatformError
        If S3 does not answer.
    """

    def __init__(self, get_object: Callable[..., Any], bucket: str, key: str) -> None:
        super().__init__()
        self._get_object = get_object
        self._bucket = bucket
        self._key = key
        self._position = 0
        self._pinned: dict[str, str] = {}
        answer = self._ask()
        self._body: Any = answer["Body"]
        self._size = int(answer["ContentLength"])
        # Whatever is written meanwhile, the rest is read of the same version.
        version = answer.get("VersionId")
        self._pinned = {"VersionId": version} if version else {"IfMatch": answer["ETag"]}

    def _ask(self, **which: str) -> Any:
        from botocore.exceptions import ClientError

        try:
            with aws_errors():
                return self._get_object(Bucket=self._bucket, Key=self._key, **self._pinned, **which)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ABSENT:
                raise missing_object(self._key) from error
            if code == "PreconditionFailed":
                raise PlatformError(
                    f"The object {self._key!r} was replaced while it was read; try again."
                ) from error
            raise

    def readinto(self, buffer: Buffer, /) -> int:
        """Read what comes next into a buffer; 0 at the end."""
        view = memoryview(buffer).cast("B")
        data = self._read(len(view))
        view[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        """Read from here to the end."""
        pieces = []
        while piece := self._read(CHUNK_BYTES):
            pieces.append(piece)
        return b"".join(pieces)

    def _read(self, size: int) -> bytes:
        wanted = min(size, self._size - self._position)
        if wanted <= 0:
            return b""
        for reads_left in reversed(range(MAX_READS)):
            if self._body is None:
                self._body = self._ask(Range=f"bytes={self._position}-")["Body"]
            try:
                with aws_errors():
                    data = bytes(self._body.read(wanted))
            except PlatformError:
                self._drop()
                if not reads_left:
                    raise
            else:
                self._position += len(data)
                return data
        raise AssertionError("the last read returns or raises")

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a position; the next read asks for the object from there."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"Position {base + offset} lies before the object's first byte.")
        if base + offset != self._position:
            self._drop()
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """The position of the next byte read."""
        return self._position

    def seekable(self) -> bool:
        """Every position can be read from."""
        return True

    def readable(self) -> bool:
        """Reading is all that it can do."""
        return True

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        """Give up the connection."""
        if not self.closed:
            self._drop()
        super().close()
