"""What every object store does alike."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from automl_core.errors import InvalidInputError, NotFoundError
from automl_core.ports import ObjectStore

BAD_KEYS = [
    "", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "a/./b", "a//b", "a/", "/a",
    ".hidden",
    "a/.hidden", "a\\b", "C:\\x", "a\x00b", "a\nb", "ä", "a b", "a%2e%2e/b", "a:b", "~/x",
    "x" * 1025,
    "a/" * 600 + "b", "a" * 201, "a\n",
]  # fmt: skip


def test_bytes_are_read_back_as_they_were_put(objects: ObjectStore) -> None:
    data = bytes(range(256)) * 20_000

    objects.put("jobs/j1/bundle/model.onnx", data)

    assert objects.get("jobs/j1/bundle/model.onnx") == data
    with objects.open("jobs/j1/bundle/model.onnx") as stream:
        assert stream.read(3) == b"\x00\x01\x02"
        assert stream.seek(-1, io.SEEK_END) == len(data) - 1
        assert stream.read() == b"\xff"


def test_an_empty_object_is_an_object(objects: ObjectStore) -> None:
    objects.put("jobs/j1/log.jsonl", b"")

    assert objects.get("jobs/j1/log.jsonl") == b""
    assert objects.exists("jobs/j1/log.jsonl")
    assert objects.stat("jobs/j1/log.jsonl").size_bytes == 0


def test_files_go_in_and_come_out(objects: ObjectStore, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"table" * 1_000_000)
    target.write_bytes(b"something longer was here before" * 1_000_000)

    objects.put_file("datasets/d1/upload", source)
    objects.download("datasets/d1/upload", target)

    assert target.read_bytes() == source.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "source",
        "target",
    ]


def test_putting_again_replaces(objects: ObjectStore) -> None:
    objects.put("jobs/j1/plan.json", b"first, and longer")
    first = objects.stat("jobs/j1/plan.json")

    objects.put("jobs/j1/plan.json", b"second")

    assert objects.get("jobs/j1/plan.json") == b"second"
    assert objects.stat("jobs/j1/plan.json").etag != first.etag
    assert objects.keys("jobs/") == ["jobs/j1/plan.json"]


def test_stat_tells_size_etag_and_content_type(objects: ObjectStore) -> None:
    objects.put("jobs/j1/report.html", b"<p>")
    objects.put("datasets/d1/upload", b"<p>")

    report, upload = objects.stat("jobs/j1/report.html"), objects.stat("datasets/d1/upload")

    assert (report.key, report.size_bytes) == ("jobs/j1/report.html", 3)
    assert report.content_type == "text/html; charset=utf-8"
    assert upload.content_type == "application/octet-stream"
    # What it is, only our own stores promise; that it tells bytes apart, all of them.
    assert report.etag == upload.etag


def test_what_is_not_there_is_not_found(objects: ObjectStore, tmp_path: Path) -> None:
    objects.put("jobs/j1/plan.json", b"{}")

    for key in ["jobs/j1/metrics.json", "jobs/j1", "jobs/j1/plan.json/x", "nothing"]:
        with pytest.raises(NotFoundError):
            objects.get(key)
        with pytest.raises(NotFoundError):
            objects.open(key)
        with pytest.raises(NotFoundError):
            objects.stat(key)
        with pytest.raises(NotFoundError):
            objects.download(key, tmp_path / "target")
        assert not objects.exists(key)
    assert not (tmp_path / "target").exists()


def test_keys_come_sorted_and_only_under_the_prefix(objects: ObjectStore) -> None:
    for key in [
        "jobs/j2/b",
        "jobs/j1/b",
        "jobs/j1/a-b",
        "jobs/j1/a/b",
        "jobs/j10/a",
        "datasets/d1/a",
    ]:
        objects.put(key, b"")

    assert objects.keys("jobs/j1/") == ["jobs/j1/a-b", "jobs/j1/a/b", "jobs/j1/b"]
    assert objects.keys("jobs/j1") == ["jobs/j1/a-b", "jobs/j1/a/b", "jobs/j1/b", "jobs/j10/a"]
    assert objects.keys("jobs/j1/a") == ["jobs/j1/a-b", "jobs/j1/a/b"]
    assert len(objects.keys("")) == 6
    assert objects.keys("jobs/j3/") == []


def test_deleting_one_object_leaves_its_neighbours(objects: ObjectStore) -> None:
    for key in ["jobs/j1/a", "jobs/j1/a-b", "jobs/j1/b"]:
        objects.put(key, b"x")

    objects.delete("jobs/j1/a")
    objects.delete("jobs/j1/a")

    assert objects.keys("") == ["jobs/j1/a-b", "jobs/j1/b"]
    objects.put("jobs/j1/a", b"again")
    assert objects.get("jobs/j1/a") == b"again"


def test_deleting_a_prefix_takes_all_under_it_and_nothing_beside(objects: ObjectStore) -> None:
    for key in ["jobs/j1/a", "jobs/j1/bundle/b", "jobs/j10/a", "datasets/j1/a"]:
        objects.put(key, b"x")

    assert objects.delete_prefix("jobs/j1/") == 2
    assert objects.delete_prefix("jobs/j1/") == 0
    assert objects.keys("") == ["datasets/j1/a", "jobs/j10/a"]
    assert not objects.exists("jobs/j1/a")
    objects.put("jobs/j1/a", b"again")
    assert objects.get("jobs/j1/a") == b"again"


@pytest.mark.parametrize("prefix", ["", "/", "jobs", "jobs/j1", "../", "jobs/../", "./", "//"])
def test_only_a_folder_of_ours_is_deleted(objects: ObjectStore, prefix: str) -> None:
    objects.put("jobs/j1/a", b"x")

    with pytest.raises(InvalidInputError):
        objects.delete_prefix(prefix)

    assert objects.keys("") == ["jobs/j1/a"]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_could_lead_elsewhere_is_refused(
    objects: ObjectStore, tmp_path: Path, key: str
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")

    for act in (
        lambda: objects.put(key, b"x"),
        lambda: objects.put_file(key, source),
        lambda: objects.get(key),
        lambda: objects.open(key),
        lambda: objects.stat(key),
        lambda: objects.exists(key),
        lambda: objects.download(key, tmp_path / "target"),
        lambda: objects.upload_form(key, content_type="text/csv", max_bytes=9, expires_in=9),
        lambda: objects.upload_url(key, content_type="text/csv", size_bytes=9, expires_in=9),
        lambda: objects.download_url(key, filename="x.csv", expires_in=9),
    ):
        with pytest.raises(InvalidInputError):
            act()

    assert objects.keys("") == []


def test_a_reader_never_sees_half_of_an_object(objects: ObjectStore) -> None:
    versions = [bytes([number]) * 300_000 for number in range(4)]
    objects.put("jobs/j1/model.skops", versions[0])

    def write(number: int) -> None:
        for _ in range(10):
            objects.put("jobs/j1/model.skops", versions[number])

    def read(_: int) -> bool:
        return all(objects.get("jobs/j1/model.skops") in versions for _ in range(20))

    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(write, number) for number in range(4)]
        is_whole = list(pool.map(read, range(4)))
        for written in writing:
            written.result()

    assert is_whole == [True] * 4
    etag = objects.stat("jobs/j1/model.skops").etag
    objects.put("jobs/j1/model.skops", objects.get("jobs/j1/model.skops"))
    assert objects.stat("jobs/j1/model.skops").etag == etag


def test_an_open_object_is_read_to_its_end_though_it_is_replaced_or_deleted(
    objects: ObjectStore,
) -> None:
    objects.put("jobs/j1/a", b"first")
    with objects.open("jobs/j1/a") as stream:
        objects.put("jobs/j1/a", b"second")
        objects.delete_prefix("jobs/j1/")

        assert stream.read() == b"first"


def test_writing_while_the_folder_is_deleted_leaves_whole_objects(objects: ObjectStore) -> None:
    def write(number: int) -> None:
        for _ in range(30):
            objects.put(f"jobs/j1/deep/er/{number}", b"whole")

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, number) for number in range(3)]
        for _ in range(60):
            objects.delete_prefix("jobs/j1/")
        for written in writing:
            written.result()

    assert {objects.get(key) for key in objects.keys("")} <= {b"whole"}


def test_a_working_store_answers_a_ping_and_keeps_nothing_of_it(objects: ObjectStore) -> None:
    objects.ping()

    assert objects.keys("") == []
