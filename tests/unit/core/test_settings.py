"""Settings: complete or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from automl_core.errors import ConfigurationError
from automl_core.settings import Settings, child_environment, load_settings, variable, variables

AWS_HOME = {
    "S3_BUCKET_DATASETS": "d-bucket",
    "S3_BUCKET_MODELS": "m-bucket",
    "S3_BUCKET_REPORTS": "r-bucket",
    "DYNAMODB_DATASETS_TABLE": "d-table",
    "DYNAMODB_JOBS_TABLE": "j-table",
    "AWS_REGION": "eu-central-1",
}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        for each in variables(name):
            monkeypatch.delenv(each, raising=False)


def test_the_defaults_run_on_a_laptop() -> None:
    settings = load_settings()

    assert settings.data_dir == Path.home() / ".automl-lite"
    assert settings.host == "127.0.0.1"
    assert settings.resolved_public_url == "http://127.0.0.1:8000"
    assert settings.token_hashes == ()


def test_the_environment_is_read_and_an_option_of_the_command_line_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUTOML_PORT", "9000")
    monkeypatch.setenv("AUTOML_HOST", "0.0.0.0")

    settings = load_settings(port=9001, host=None)

    assert (settings.port, settings.host) == (9001, "0.0.0.0")


def test_a_wrong_variable_is_named_in_full_with_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUTOML_PORT", "ninety")
    monkeypatch.setenv("AUTOML_UPLOAD_URL_TTL_S", "0")

    with pytest.raises(ConfigurationError) as caught:
        load_settings()

    assert "AUTOML_PORT" in caught.value.detail
    assert "'ninety'" in caught.value.detail
    assert "AUTOML_UPLOAD_URL_TTL_S" in caught.value.detail


def test_settings_do_not_change_afterwards() -> None:
    with pytest.raises(ValidationError):
        load_settings().port = 1  # type: ignore[misc]  # what the test is about


def test_a_secret_is_not_shown() -> None:
    settings = load_settings(signing_key=SecretStr("geheim"))

    assert "geheim" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"host": "::1"}, "http://[::1]:8000"),
        ({"host": "0.0.0.0", "port": 80}, "http://0.0.0.0:80"),
        ({"public_url": "https://automl.example/"}, "https://automl.example"),
    ],
)
def test_the_public_address_has_no_slash_at_its_end(given: dict[str, object], url: str) -> None:
    assert load_settings(**given).resolved_public_url == url


def test_token_hashes_are_read_from_a_list_with_blanks_and_capitals() -> None:
    settings = load_settings(api_token_hashes=" AB12 ,, cd34,")

    assert settings.token_hashes == ("ab12", "cd34")


def test_a_child_sees_the_very_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOML_PUBLIC_URL", "http://from.outside")
    parent = load_settings(
        data_dir=Path("/data"), port=9001, heartbeat_s=0.5, signing_key=SecretStr("geheim" * 4),
        public_url="http://given", database_url="postgresql://h/d",
    )  # fmt: skip

    for name, value in child_environment(parent).items():
        monkeypatch.setenv(name, value)

    assert load_settings() == parent


def test_a_child_does_not_inherit_what_its_parent_overruled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parent = load_settings()
    monkeypatch.setenv("AUTOML_DATABASE_URL", "postgresql://h/d")

    assert "AUTOML_DATABASE_URL" not in child_environment(parent)


# -- The AWS home ---------------------------------------------------------------------


def test_the_stores_of_aws_make_the_aws_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in AWS_HOME.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BATCH_JOB_QUEUE", "spot")
    monkeypatch.setenv("AUTOML_BATCH_ON_DEMAND_QUEUE", "on-demand")
    monkeypatch.setenv("BATCH_JOB_DEFINITION", "trainer:3")
    monkeypatch.setenv("AUTOML_INLINE_READ_BYTES", "16777216")

    settings = load_settings()

    assert settings.home == "aws"
    assert (settings.datasets_bucket, settings.models_bucket, settings.reports_bucket) == (
        "d-bucket",
        "m-bucket",
        "r-bucket",
    )
    assert (settings.datasets_table, settings.jobs_table) == ("d-table", "j-table")
    assert (settings.batch_job_queue, settings.batch_on_demand_queue) == ("spot", "on-demand")
    assert (settings.batch_job_definition, settings.inline_read_bytes) == ("trainer:3", 16777216)


def test_without_a_store_of_aws_the_home_is_embedded_whatever_the_region(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("S3_BUCKET_DATASETS", " ")

    assert load_settings().home == "embedded"


@pytest.mark.parametrize("present", [name for name in AWS_HOME if name != "AWS_REGION"])
def test_half_an_aws_home_is_refused_and_every_missing_variable_named(
    monkeypatch: pytest.MonkeyPatch, present: str
) -> None:
    monkeypatch.setenv(present, "somewhere")
    monkeypatch.setenv("AUTOML_SIGNING_KEY", "geheim" * 4)

    with pytest.raises(ConfigurationError) as caught:
        load_settings()

    named = {name for name in AWS_HOME if name in caught.value.detail}
    assert named == set(AWS_HOME)
    assert caught.value.detail.startswith(f"{present} is set")
    assert "geheim" not in caught.value.detail


def test_only_what_is_missing_is_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(AWS_HOME) - {"AWS_REGION"}:
        monkeypatch.setenv(name, "somewhere")

    with pytest.raises(ConfigurationError, match=r"but AWS_REGION is not; set all"):
        load_settings()


@pytest.mark.parametrize(
    ("given", "region"),
    [
        ({"AWS_REGION": "a", "REGION": "b", "AWS_DEFAULT_REGION": "c"}, "a"),
        ({"REGION": "b", "AWS_DEFAULT_REGION": "c"}, "b"),
        ({"AWS_DEFAULT_REGION": "c"}, "c"),
    ],
    ids=["of the function", "of the contract", "of the SDK"],
)
def test_the_region_comes_from_the_first_variable_that_is_set(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], region: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    assert load_settings().aws_region == region


def test_a_wrong_value_of_the_aws_home_is_named_by_its_own_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUTOML_INLINE_READ_BYTES", "-1")

    with pytest.raises(ConfigurationError, match=r"^AUTOML_INLINE_READ_BYTES: .* \(got '-1'\)"):
        load_settings()
    with pytest.raises(ConfigurationError, match=r"^S3_BUCKET_MODELS: .* \(got 7\)"):
        load_settings(models_bucket=7)


def test_the_aws_home_is_built_by_field_names_too() -> None:
    fields = {
        name: AWS_HOME[variable(name)]
        for name in Settings.model_fields
        if variable(name) in AWS_HOME
    }

    assert Settings.model_validate(fields) == Settings.model_validate(AWS_HOME)


def test_a_child_finds_the_aws_home_under_its_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    parent = Settings.model_validate(AWS_HOME | {"inline_read_bytes": 5})
    monkeypatch.setenv("REGION", "us-east-1")

    environment = child_environment(parent)

    assert AWS_HOME.items() <= environment.items()
    assert environment["AUTOML_INLINE_READ_BYTES"] == "5"
    assert "REGION" not in environment
    assert "BATCH_JOB_QUEUE" not in environment


def test_a_user_without_a_home_folder_can_still_be_told_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # How Path.home() finds out that there is none: neither variable nor account.
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)

    assert load_settings().data_dir == Path("/.automl-lite")
