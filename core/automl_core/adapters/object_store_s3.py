"""Object store in three versioned buckets of S3: data sets, models and reports."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from os import fdopen
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import quote

from automl_core.adapters.aws_clients import POOL_CONNECTIONS, aws_errors
from automl_core.adapters.object_keys import check_key, check_prefix, missing_object
from automl_core.adapters.s3_stream import ABSENT, CHUNK_BYTES, S3Stream
from automl_core.errors import PlatformError
from automl_core.layout import bucket_kind
from automl_core.layout import content_type as content_type_of
from automl_core.ports import ObjectStat, UploadTicket

#: Up to here a file goes in one request; above, in parts of this size at the same time.
MULTIPART_BYTES: Final = 64 * 1024**2

#: Parts under way together; half of the connections stay for the heartbeat and others.
_MAX_PARTS_AT_ONCE: Final = POOL_CONNECTIONS // 4

#: As many as S3 deletes in one request.
MAX_DELETIONS: Final = 1000

_DATASETS_PREFIX: Final = "datasets/"


class S3ObjectStore:
    """Bytes in S3; :func:`automl_core.layout.bucket_kind` tells which bucket a key lies in.

    The buckets keep versions. Deleting removes every version, since what a user deletes
    must be gone; replacing leaves the old version to the bucket's lifecycle rule.

    ETags are those of S3: equal bytes uploaded alike have equal ones, but they are no
    SHA-256 of the bytes.

    Parameters
    ----------
    client : botocore client
        For ``s3``, signing with SigV4 (:func:`automl_core.adapters.aws_clients.make_client`).
    datasets_bucket, models_bucket, reports_bucket : str
        Names of the buckets.
    """

    def __init__(
        self, client: Any, *, datasets_bucket: str, models_bucket: str, reports_bucket: str
    ) -> None:
        self._client = client
        self._buckets: Mapping[str, str] = {
            "datasets": datasets_bucket,
            "models": models_bucket,
            "reports": reports_bucket,
        }

    def _place(self, key: str) -> dict[str, str]:
        return {"Bucket": self._buckets[bucket_kind(check_key(key))], "Key": key}

    def _buckets_under(self, prefix: str) -> list[str]:
        """Buckets that may hold a key with this prefix."""
        datasets, others = self._buckets["datasets"], ["models", "reports"]
        if prefix.startswith(_DATASETS_PREFIX):
            return [datasets]
        rest = [self._buckets[kind] for kind in others]
        return [datasets, *rest] if _DATASETS_PREFIX.startswith(prefix) else rest

    # -- Writing ----------------------------------------------------------------------

    def put(self, key: str, data: bytes) -> None:
        """Store bytes, replacing what was there."""
        place = self._place(key)
        with aws_errors():
            self._client.put_object(**place, Body=data, ContentType=content_type_of(key))

    def put_file(self, key: str, path: Path) -> None:
        """Store a file's bytes without holding them in memory."""
        place = self._place(key)
        if path.stat().st_size > MULTIPART_BYTES:
            self._put_in_parts(place, path)
            return
        with aws_errors(), path.open("rb") as stream:
            self._client.put_object(**place, Body=stream, ContentType=content_type_of(key))

    def _put_in_parts(self, place: Mapping[str, str], path: Path) -> None:
        # Imported here: it takes a tenth of a second, and only large files need it. If a
        # part fails for good, it aborts the upload, so that no paid part remains.
        from s3transfer.manager import TransferConfig, TransferManager

        config = TransferConfig(
            multipart_threshold=MULTIPART_BYTES,
            multipart_chunksize=MULTIPART_BYTES,
            max_request_concurrency=_MAX_PARTS_AT_ONCE,
        )
        extra = {"ContentType": content_type_of(place["Key"])}
        with aws_errors(), TransferManager(self._client, config) as manager:
            manager.upload(str(path), place["Bucket"], place["Key"], extra).result()

    # -- Reading ----------------------------------------------------------------------

    def get(self, key: str) -> bytes:
        """Read an object whole."""
        with self.open(key) as stream:
            return stream.read()

    def open(self, key: str) -> BinaryIO:
        """Open an object for streaming reads; the caller closes it.

        What is read is the version of this moment, and a broken connection is taken up again.
        """
        place = self._place(key)
        return io.BufferedReader(S3Stream(self._client.get_object, place["Bucket"], key))

    def download(self, key: str, path: Path) -> None:
        """Write an object to a local file, atomically."""
        with self.open(key) as stream:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".download-")
            draft = Path(name)
            try:
                with fdopen(handle, "wb") as out:
                    shutil.copyfileobj(stream, out, CHUNK_BYTES)
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)

    def stat(self, key: str) -> ObjectStat:
        """Tell size, ETag, content type and version."""
        from botocore.exceptions import ClientError

        place = self._place(key)
        try:
            with aws_errors():
                answer = self._client.head_object(**place)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ABSENT:
                raise
            raise missing_object(key) from error
        return ObjectStat(
            key=key,
            size_bytes=int(answer["ContentLength"]),
            etag=str(answer["ETag"]).strip('"'),
            content_type=str(answer["ContentType"]),
            object_version=answer.get("VersionId"),
        )

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under the key."""
        from botocore.exceptions import ClientError

        place = self._place(key)
        try:
            with aws_errors():
                self._client.head_object(**place)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ABSENT:
                raise
            return False
        return True

    def keys(self, prefix: str) -> list[str]:
        """Every key under a prefix, sorted."""
        folder, _, _ = prefix.rpartition("/")
        if folder:
            check_key(folder)
        return sorted(
            str(found["Key"])
            for bucket in self._buckets_under(prefix)
            for page in self._pages("list_objects_v2", Bucket=bucket, Prefix=prefix)
            for found in page.get("Contents", [])
        )

    def _pages(self, operation: str, **what: str) -> Iterator[Any]:
        pages = iter(self._client.get_paginator(operation).paginate(**what))
        while True:
            with aws_errors():
                page = next(pages, None)
            if page is None:
                return
            yield page

    # -- Deleting ---------------------------------------------------------------------

    def delete(self, key: str) -> None:
        """Delete one object in every version; deleting what is not there is no error."""
        bucket = self._place(key)["Bucket"]
        doomed: list[dict[str, str]] = []
        for page in self._pages("list_object_versions", Bucket=bucket, Prefix=key):
            found = _versions(page)
            doomed += [each for each in found if each["Key"] == key]
            # Keys come sorted: behind the first longer one there is nothing of this one.
            if any(each["Key"] != key for each in found):
                break
        self._delete_versions(bucket, doomed)

    def delete_prefix(self, prefix: str) -> int:
        """Delete every object under a prefix ending in ``/``; tell how many there were.

        Old versions go too, and so does what unfinished uploads have left.
        """
        check_prefix(prefix)
        count = 0
        for bucket in self._buckets_under(prefix):
            # First, so that none of them is completed behind the deletion's back.
            for page in self._pages("list_multipart_uploads", Bucket=bucket, Prefix=prefix):
                for upload in page.get("Uploads", []):
                    self._abort(bucket, upload["Key"], upload["UploadId"])
            # All pages before the first deletion, which would move where the next one begins.
            pages = list(self._pages("list_object_versions", Bucket=bucket, Prefix=prefix))
            self._delete_versions(bucket, [each for page in pages for each in _versions(page)])
            count += sum(
                bool(each["IsLatest"]) for page in pages for each in page.get("Versions", [])
            )
        return count

    def _abort(self, bucket: str, key: str, upload_id: str) -> None:
        from botocore.exceptions import ClientError

        try:
            with aws_errors():
                self._client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
        except ClientError as error:
            # It ended by itself meanwhile.
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise

    def _delete_versions(self, bucket: str, versions: list[dict[str, str]]) -> None:
        for start in range(0, len(versions), MAX_DELETIONS):
            batch = versions[start : start + MAX_DELETIONS]
            with aws_errors():
                answer = self._client.delete_objects(
                    Bucket=bucket, Delete={"Objects": batch, "Quiet": True}
                )
            failed = answer.get("Errors", [])
            if failed:
                raise PlatformError(
                    f"S3 did not delete {len(failed)} of {len(batch)} object versions "
                    f"({failed[0].get('Code', 'no reason given')}); delete again.",
                    key=failed[0].get("Key"),
                )

    # -- Signed requests --------------------------------------------------------------

    def upload_form(
        self, key: str, *, content_type: str, max_bytes: int, expires_in: int, min_bytes: int = 1
    ) -> UploadTicket:
        """Sign a form POST: exact key, exact content type, size range, expiry."""
        place = self._place(key)
        with aws_errors():
            form = self._client.generate_presigned_post(
                **place,
                Fields={"Content-Type": content_type},
                Conditions=[
                    {"Content-Type": content_type},
                    ["content-length-range", min_bytes, max_bytes],
                ],
                ExpiresIn=expires_in,
            )
        return UploadTicket(
            method="POST", url=form["url"], fields=form["fields"], headers={}, expires_in=expires_in
        )

    def upload_url(
        self, key: str, *, content_type: str, size_bytes: int, expires_in: int
    ) -> UploadTicket:
        """Sign a PUT of exactly ``size_bytes`` bytes of one content type."""
        what = self._place(key) | {"ContentType": content_type, "ContentLength": size_bytes}
        return UploadTicket(
            method="PUT",
            url=self._signed("put_object", what, expires_in),
            fields={},
            headers={"Content-Type": content_type, "Content-Length": str(size_bytes)},
            expires_in=expires_in,
        )

    def download_url(self, key: str, *, filename: str, expires_in: int) -> str:
        """Sign a GET that is answered as an attachment of that name.

        S3 cannot be made to answer with ``X-Content-Type-Options: nosniff``. Instead the
        content type is that of the key's ending, whatever was uploaded, and an attachment
        is saved rather than shown.
        """
        name = quote(filename, safe="", errors="replace")
        what = self._place(key) | {
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{name}",
            "ResponseContentType": content_type_of(key),
            "ResponseCacheControl": "private, no-store",
        }
        return self._signed("get_object", what, expires_in)

    def _signed(self, operation: str, what: Mapping[str, object], expires_in: int) -> str:
        with aws_errors():
            return str(
                self._client.generate_presigned_url(operation, Params=what, ExpiresIn=expires_in)
            )

    # -- Health -----------------------------------------------------------------------

    def ping(self) -> None:
        """Raise ``PlatformError`` if a bucket does not answer this process.

        Nothing is written: a versioned bucket would keep every probe, and health is asked
        for often.
        """
        from botocore.exceptions import ClientError

        for kind, bucket in self._buckets.items():
            try:
                with aws_errors():
                    self._client.head_bucket(Bucket=bucket)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                raise PlatformError(
                    f"The bucket for {kind} does not answer ({code}); check that "
                    f"S3_BUCKET_{kind.upper()} names a bucket in AWS_REGION."
                ) from error


def _versions(page: Mapping[str, Any]) -> list[dict[str, str]]:
    """Objects and delete markers of a page, as a deletion names them."""
    found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
    return [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
