"""Opening the stores, first and again, alone and at the same time."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from moto import mock_aws
from pydantic import SecretStr

from automl_core.adapters.aws_clients import make_client
from automl_core.adapters.dynamodb_tables import table_definitions
from automl_core.adapters.object_store_local import LocalObjectStore
from automl_core.errors import ConfigurationError, NotFoundError, PlatformError
from automl_core.records import Dataset
from automl_core.settings import Settings
from automl_core.wiring import open_stores

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

OPENER = """
import sys
from pathlib import Path
from automl_core.settings import Settings
from automl_core.wiring import open_stores

sys.stdin.readline()
stores = open_stores(Settings(data_dir=Path(sys.argv[1])))
stores.metadata.ping()
print(stores.signer.sign("test", "who signs"))
stores.close()
"""


def as_settings(folder: Path, **changes: object) -> Settings:
    return Settings.model_validate({"data_dir": folder} | changes)


def test_a_new_data_folder_is_private_and_so_is_its_key(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"

    open_stores(as_settings(folder)).close()

    modes = {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert modes["data"] == 0o700
    assert modes["signing.key"] == 0o600
    assert modes["automl.db"] == 0o600
    assert [name for name in modes if name.startswith(".")] == []


def test_a_folder_that_was_there_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)

    open_stores(as_settings(tmp_path)).close()

    assert tmp_path.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("name", ["a b", "50%", "what?now=#1", "größe 🐧", "a%20b", "{x}"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    stores = open_stores(as_settings(tmp_path / name))

    stores.objects.put("jobs/j1/plan.json", b"{}")
    stores.metadata.ping()
    stores.close()

    assert (tmp_path / name / "automl.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_everything_is_there_when_the_folder_is_opened_again(tmp_path: Path) -> None:
    before = open_stores(as_settings(tmp_path), now=lambda: NOON)
    dataset = Dataset(
        dataset_id="d", filename="f.csv", content_type="text/csv", created_at=NOON, updated_at=NOON
    )
    before.metadata.add_dataset(dataset)
    before.objects.put("datasets/d/upload", b"a,b\n")
    url = before.objects.download_url("datasets/d/upload", filename="f.csv", expires_in=60)
    signature = before.signer.sign("list-cursor", "text")
    before.close()

    after = open_stores(as_settings(tmp_path), now=lambda: NOON)

    assert isinstance(after.objects, LocalObjectStore)
    _, stream, filename = after.objects.open_signed(dict(parse_qsl(urlsplit(url).query)))
    with stream:
        assert (stream.read(), filename) == (b"a,b\n", "f.csv")
    assert after.metadata.get_dataset("d") == dataset
    assert after.signer.verify("list-cursor", "text", signature)
    after.close()


def test_the_clock_that_is_given_ends_links(tmp_path: Path) -> None:
    moments = [NOON]
    stores = open_stores(as_settings(tmp_path), now=lambda: moments[-1])
    stores.objects.put("jobs/j1/plan.json", b"{}")
    url = stores.objects.download_url("jobs/j1/plan.json", filename="p", expires_in=60)
    moments.append(NOON + timedelta(seconds=60))

    assert isinstance(stores.objects, LocalObjectStore)
    with pytest.raises(NotFoundError):
        stores.objects.open_signed(dict(parse_qsl(urlsplit(url).query)))
    stores.close()


def test_tickets_point_to_the_public_address(tmp_path: Path) -> None:
    settings = as_settings(tmp_path, public_url="https://automl.example/")
    stores = open_stores(settings)

    ticket = stores.objects.upload_form(
        "datasets/d/upload", content_type="text/csv", max_bytes=9, expires_in=9
    )

    assert ticket.url == "https://automl.example/storage/upload"
    stores.close()


def test_a_given_signing_key_is_used_and_none_is_written(tmp_path: Path) -> None:
    secret = SecretStr("a secret of more than sixteen bytes")
    first = open_stores(as_settings(tmp_path / "one", signing_key=secret))
    second = open_stores(as_settings(tmp_path / "two", signing_key=secret))

    assert first.signer.sign("p", "t") == second.signer.sign("p", "t")
    assert not (tmp_path / "one" / "signing.key").exists()
    first.close()
    second.close()


def test_two_folders_have_two_keys(tmp_path: Path) -> None:
    first, second = (
        open_stores(as_settings(tmp_path / "1")),
        open_stores(as_settings(tmp_path / "2")),
    )

    assert first.signer.sign("p", "t") != second.signer.sign("p", "t")
    first.close()
    second.close()


@pytest.mark.timeout(120)
def test_processes_that_start_at_once_agree_on_key_and_database(tmp_path: Path) -> None:
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(tmp_path / "data")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    for opener in openers:
        assert opener.stdin is not None
        opener.stdin.write("go\n")
        opener.stdin.flush()

    signatures = [opener.communicate()[0] for opener in openers]

    assert [opener.returncode for opener in openers] == [0] * 4
    assert len(set(signatures)) == 1
    assert len(signatures[0].strip()) == 64


@pytest.mark.parametrize("key", [b"", b"short"])
def test_a_damaged_key_is_reported_and_not_replaced(tmp_path: Path, key: bytes) -> None:
    (tmp_path / "signing.key").write_bytes(key)

    with pytest.raises(ConfigurationError, match="signing key"):
        open_stores(as_settings(tmp_path))

    assert (tmp_path / "signing.key").read_bytes() == key


def test_a_data_folder_that_is_a_file_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigurationError, match="AUTOML_DATA_DIR"):
            open_stores(as_settings(folder))


def test_a_data_folder_that_cannot_be_made_is_a_wrong_setting() -> None:
    # Nobody makes folders there, not even root, for whom a folder's rights mean nothing.
    with pytest.raises(ConfigurationError, match="AUTOML_DATA_DIR"):
        open_stores(as_settings(Path("/proc/automl-lite")))


def test_a_wrong_or_silent_database_is_told_from_each_other(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="AUTOML_DATABASE_URL"):
        open_stores(as_settings(tmp_path, database_url="mysql://h/d"))
    with pytest.raises(PlatformError):
        open_stores(as_settings(tmp_path, database_url="postgresql://u:p@127.0.0.1:1/d"))


def test_an_upload_goes_through_the_opened_store(tmp_path: Path) -> None:
    stores = open_stores(as_settings(tmp_path))
    ticket = stores.objects.upload_form(
        "datasets/d/upload", content_type="text/csv", max_bytes=9, expires_in=60
    )

    assert isinstance(stores.objects, LocalObjectStore)
    stores.objects.receive_form(ticket.fields, "t.csv", "text/csv", io.BytesIO(b"a,b\n"))

    assert stores.objects.get("datasets/d/upload") == b"a,b\n"
    stores.close()


# -- The AWS home ---------------------------------------------------------------------

AWS_HOME = {
    "S3_BUCKET_DATASETS": "d-bucket",
    "S3_BUCKET_MODELS": "m-bucket",
    "S3_BUCKET_REPORTS": "r-bucket",
    "DYNAMODB_DATASETS_TABLE": "d-table",
    "DYNAMODB_JOBS_TABLE": "j-table",
    "AWS_REGION": "us-east-1",
}

LOADED = """
import sys
from automl_core.settings import load_settings
from automl_core.wiring import open_stores
open_stores(load_settings()).close()
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.fixture
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing behind it")


@pytest.fixture
def aws_home(_credentials: None) -> Iterator[Settings]:
    with mock_aws():
        s3, dynamodb = (make_client(name, region="us-east-1") for name in ("s3", "dynamodb"))
        for bucket in ("d-bucket", "m-bucket", "r-bucket"):
            s3.create_bucket(Bucket=bucket)
        for definition in table_definitions("d-table", "j-table"):
            dynamodb.create_table(**definition)
        yield Settings.model_validate(AWS_HOME)
        s3.close()
        dynamodb.close()


def test_the_aws_home_keeps_objects_and_records_where_the_settings_say(aws_home: Settings) -> None:
    first, second = open_stores(aws_home), open_stores(aws_home)
    dataset = Dataset(
        dataset_id="d", filename="f.csv", content_type="text/csv", created_at=NOON, updated_at=NOON
    )

    first.metadata.add_dataset(dataset)
    for key in ("datasets/d/upload", "jobs/j1/bundle/model.onnx", "jobs/j1/report.html"):
        first.objects.put(key, key.encode())

    assert second.metadata.get_dataset("d") == dataset
    s3 = make_client("s3", region="us-east-1")
    assert {
        bucket: [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        for bucket in ("d-bucket", "m-bucket", "r-bucket")
    } == {
        "d-bucket": ["datasets/d/upload"],
        "m-bucket": ["jobs/j1/bundle/model.onnx"],
        "r-bucket": ["jobs/j1/report.html"],
    }
    for each in (first, second, s3):
        each.close()


def test_processes_of_the_aws_home_sign_with_one_key_that_nobody_configured(
    aws_home: Settings,
) -> None:
    first, second = open_stores(aws_home), open_stores(aws_home)

    signature = first.signer.sign("list-cursor", "text")

    assert second.signer.verify("list-cursor", "text", signature)
    first.close()
    second.close()


def test_a_configured_key_is_the_one_of_the_aws_home(aws_home: Settings, tmp_path: Path) -> None:
    secret = SecretStr("a secret of more than sixteen bytes")
    there = open_stores(aws_home.model_copy(update={"signing_key": secret}))
    here = open_stores(as_settings(tmp_path, signing_key=secret))

    assert here.signer.verify("p", "t", there.signer.sign("p", "t"))
    here.close()
    there.close()


@pytest.mark.usefixtures("_credentials")
def test_opening_the_aws_home_asks_nobody_anything() -> None:
    # Neither bucket nor table is there, and the network is not either.
    open_stores(Settings.model_validate(AWS_HOME)).close()


@pytest.mark.usefixtures("_credentials")
def test_a_region_that_cannot_be_one_is_a_wrong_setting() -> None:
    settings = Settings.model_validate(AWS_HOME | {"AWS_REGION": "Frankfurt am Main"})

    with pytest.raises(ConfigurationError, match="AWS_REGION is 'Frankfurt am Main'"):
        open_stores(settings)


@pytest.mark.parametrize(
    ("environment", "absent"),
    [
        (AWS_HOME, {"sqlalchemy", "alembic", "boto3", "s3transfer", "numpy"}),
        ({}, {"boto3", "botocore", "numpy"}),
    ],
    ids=["aws", "embedded"],
)
def test_a_home_loads_nothing_of_the_other(
    tmp_path: Path, environment: dict[str, str], absent: set[str]
) -> None:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

    loaded = subprocess.run(
        [sys.executable, "-c", LOADED],
        env=outside | {"AUTOML_DATA_DIR": str(tmp_path / "data")} | environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert "automl_core" in loaded
    assert absent & set(loaded) == set()
