"""Settings: complete or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from automl_core.errors import ConfigurationError
from automl_core.settings import Settings, child_environment, load_settings


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"AUTOML_{name.upper()}", raising=False)


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
