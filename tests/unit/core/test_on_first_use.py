"""Clients are made when they are first used, once, whoever uses them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from automl_core.adapters.aws_clients import OnFirstUse, require_region
from automl_core.errors import ConfigurationError


class Client:
    """Notes how many there are, and whether it was closed."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.is_closed = False

    def get(self) -> str:
        return "answer"

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def kind() -> type[Client]:
    return type("Kind", (Client,), {"made": 0})


def test_nothing_is_made_before_the_first_use(kind):
    client = OnFirstUse(kind)

    assert kind.made == 0
    assert client.get() == "answer"
    assert kind.made == 1


def test_threads_that_use_it_at_once_share_one(kind):
    client = OnFirstUse(kind)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.get(), range(50)))

    assert set(answers) == {"answer"}
    assert kind.made == 1


def test_closing_makes_nothing_but_closes_what_was_made(kind):
    unused, used = OnFirstUse(kind), OnFirstUse(kind)
    used.get()

    unused.close()
    used.close()

    assert kind.made == 1
    assert used.is_closed is True


def test_a_maker_that_fails_is_asked_again():
    answers = iter([ConfigurationError("Set a region."), Client()])

    def make() -> Client:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = OnFirstUse(make)

    with pytest.raises(ConfigurationError):
        client.get()
    assert client.get() == "answer"


@pytest.mark.parametrize("region", ["us-east-1", "eu-isoe-west-1", "local"])
def test_names_of_regions_are_taken(region):
    require_region(region)


@pytest.mark.parametrize("region", ["", "eu central", "-east", "east-", "12", "a" * 64, "a.b"])
def test_what_cannot_be_a_region_is_refused_before_the_sdk_is_loaded(region):
    with pytest.raises(ConfigurationError, match="AWS_REGION"):
        require_region(region)
