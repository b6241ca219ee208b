"""What the platform says of its parts, and whom it lets in, without HTTP."""

from __future__ import annotations

import pytest

from automl_backend.services.health import HealthService, check_model_runtime
from automl_backend.wiring import access_of
from automl_core.errors import ConfigurationError, NotFoundError, PlatformError
from automl_core.settings import Settings

HASH = "a" * 64


def down() -> None:
    raise PlatformError("The database does not answer; try again in a moment.")


def test_a_part_that_does_not_answer_is_not_ready_and_says_why():
    health = HealthService({"storage": lambda: None, "database": down})

    assert [(part.name, part.is_ready) for part in health.parts()] == [
        ("storage", True),
        ("database", False),
    ]
    assert "does not answer" in health.part("database").detail


def test_a_part_that_this_platform_does_not_have_is_not_found():
    with pytest.raises(NotFoundError, match="'queue'"):
        HealthService({"storage": lambda: None}).part("queue")


def test_the_model_runtime_of_this_environment_is_ready():
    check_model_runtime()


def settings(**given: object) -> Settings:
    return Settings(_env_file=None, **given)


def test_a_loopback_address_is_open_until_a_token_is_configured():
    assert access_of(settings(host="127.0.0.1")).is_open
    assert not access_of(settings(host="127.0.0.1", api_token_hashes=HASH)).is_open


@pytest.mark.parametrize(
    ("given", "named"),
    [
        pytest.param({"host": "0.0.0.0"}, "AUTOML_HOST is '0.0.0.0'", id="open to everybody"),
        pytest.param({"api_token_hashes": f"{HASH},secret"}, "holds 1 entries", id="no hash"),
        pytest.param({"api_token_hashes": "z" * 64}, "holds 1 entries", id="no hexadecimal"),
    ],
)
def test_a_platform_that_would_let_in_strangers_does_not_start(given, named):
    with pytest.raises(ConfigurationError, match=named):
        access_of(settings(**given))
