"""Where IAM is enforced: the platform works, and no role may do what it does not need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .deployment import Deployment
from .iam_steps import (
    LATE,
    NEEDED,
    SIMULATED,
    TRAINERS,
    Rehearsal,
    Step,
    lost_submission_is_made_up_for,
    make_silent,
)

pytestmark = [pytest.mark.aws, pytest.mark.timeout(120)]

#: Every function's and container's policy is one document of this name.
POLICY = "permissions"


@pytest.fixture(scope="module")
def play(strict_home: Deployment, penguins: bytes) -> Rehearsal:
    return Rehearsal(strict_home, penguins)


def policy_of(home: Deployment, role: str) -> dict[str, Any]:
    """The one policy that a role has."""
    iam = home.client("iam")
    name = home.outputs["role_names"][role]
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == [POLICY]
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    document: dict[str, Any] = iam.get_role_policy(RoleName=name, PolicyName=POLICY)[
        "PolicyDocument"
    ]
    return document


def actions_in(document: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for statement in document["Statement"]:
        action = statement["Action"]
        found |= {action} if isinstance(action, str) else set(action)
    return found


@contextmanager
def without(home: Deployment, role: str, action: str) -> Iterator[None]:
    """Take an action away from a role for a while."""
    iam = home.client("iam")
    name = home.outputs["role_names"][role]
    document = policy_of(home, role)
    kept = []
    for statement in document["Statement"]:
        actions = statement["Action"]
        left = [
            one for one in ([actions] if isinstance(actions, str) else actions) if one != action
        ]
        if left:
            kept.append({**statement, "Action": left})
    rest = {**document, "Statement": kept}
    assert actions_in(rest) == actions_in(document) - {action}
    iam.put_role_policy(RoleName=name, PolicyName=POLICY, PolicyDocument=json.dumps(rest))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=name, PolicyName=POLICY, PolicyDocument=json.dumps(document))


# -- The platform works ---------------------------------------------------------------


@pytest.mark.timeout(420)
def test_the_table_names_exactly_the_actions_of_the_roles(strict_home: Deployment) -> None:
    named = {(role, action) for role, action, _ in (*NEEDED, *SIMULATED)}

    present = {
        (role, action)
        for role in strict_home.outputs["role_names"]
        for action in actions_in(policy_of(strict_home, role))
    }

    assert named == present
    assert len(named) == len(NEEDED) + len(SIMULATED)


def test_a_table_is_uploaded_and_confirmed(play: Rehearsal) -> None:
    play.dataset_id = play.home.api.upload(play.penguins)


def test_a_job_whose_submission_is_lost_is_kept_for_later(play: Rehearsal) -> None:
    with play.home.ordered("", during={"refuse": True}, after={"refuse": False}):
        play.lost = play.train()

    assert play.batch_status(play.lost) == []


def test_a_training_begins(play: Rehearsal) -> None:
    play.completed = play.train()

    play.home.api.wait_for(play.completed, "running", within_s=60)


def test_a_trainer_that_falls_silent_is_kept_for_later(play: Rehearsal) -> None:
    make_silent(play)


def test_nobody_reads_the_platforms_own_secrets_with_a_narrow_role(
    strict_home: Deployment,
) -> None:
    """The emulator knows no LeadingKeys; so the condition itself is looked at."""
    statements = [
        statement
        for role in ("training", "inference")
        for statement in policy_of(strict_home, role)["Statement"]
        if strict_home.outputs["dynamodb_jobs_table"] in json.dumps(statement["Resource"])
    ]

    assert statements
    for statement in statements:
        keys = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        assert keys in ("job#*", ["job#*"])


# -- Each action is needed: without a finished training -------------------------------

_EARLY = [entry for entry in NEEDED if entry[2] not in (*LATE, *TRAINERS)]
_LATE = [entry for entry in NEEDED if entry[2] in LATE]
_TRAINING = [entry for entry in NEEDED if entry[2] in TRAINERS]


def steps_of(entries: list[tuple[str, str, Step]]) -> list[Any]:
    """Every step once, under its name."""
    steps = {step.__name__: step for _, _, step in entries}
    return [pytest.param(step, id=name) for name, step in steps.items()]


def drops_of(entries: list[tuple[str, str, Step]]) -> list[Any]:
    """Every action with its step, under both names."""
    return [pytest.param(*entry, id=f"{entry[0]}-{entry[1]}") for entry in entries]


def breaks(play: Rehearsal, role: str, action: str, step: Step) -> None:
    with without(play.home, role, action), pytest.raises(AssertionError):
        step(play)


@pytest.mark.parametrize("step", steps_of(_EARLY))
def test_a_step_works(play: Rehearsal, step: Step) -> None:
    step(play)


@pytest.mark.parametrize(("role", "action", "step"), drops_of(_EARLY))
def test_a_step_breaks_without(play: Rehearsal, role: str, action: str, step: Step) -> None:
    breaks(play, role, action, step)


# -- … with one -----------------------------------------------------------------------


@pytest.mark.timeout(300)
def test_the_training_completes(play: Rehearsal) -> None:
    play.home.api.wait_for(play.completed, "completed", within_s=280)


# What was lost can be made up for once only: that comes after every try to break it.
@pytest.mark.parametrize(
    "step", steps_of([entry for entry in _LATE if entry[2] is not lost_submission_is_made_up_for])
)
def test_a_late_step_works(play: Rehearsal, step: Step) -> None:
    step(play)


@pytest.mark.parametrize(("role", "action", "step"), drops_of(_LATE))
def test_a_late_step_breaks_without(play: Rehearsal, role: str, action: str, step: Step) -> None:
    breaks(play, role, action, step)


def test_what_was_lost_is_made_up_for(play: Rehearsal) -> None:
    lost_submission_is_made_up_for(play)

    play.lost = ""
    play.silent = ""
    play.end_all()


# -- … of trainers --------------------------------------------------------------------


@pytest.mark.parametrize("step", [pytest.param(step, id=step.__name__) for step in TRAINERS])
def test_a_trainers_step_works(play: Rehearsal, step: Step) -> None:
    step(play)


@pytest.mark.parametrize(("role", "action", "step"), drops_of(_TRAINING))
def test_a_trainers_step_breaks_without(
    play: Rehearsal, role: str, action: str, step: Step
) -> None:
    breaks(play, role, action, step)


# -- What no step shows ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "action"),
    [pytest.param(role, action, id=f"{role}-{action}") for role, action, _ in SIMULATED],
)
def test_an_action_that_no_step_shows_is_allowed_where_it_is_meant(
    strict_home: Deployment, role: str, action: str
) -> None:
    iam = strict_home.client("iam")
    source = iam.get_role(RoleName=strict_home.outputs["role_names"][role])["Role"]["Arn"]

    def decision(resource: str) -> str:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=source, ActionNames=[action], ResourceArns=[resource]
        )
        return str(answer["EvaluationResults"][0]["EvalDecision"])

    meant = [
        resource
        for statement in policy_of(strict_home, role)["Statement"]
        if action in actions_in({"Statement": [statement]})
        for resource in (
            [statement["Resource"]]
            if isinstance(statement["Resource"], str)
            else statement["Resource"]
        )
    ]
    assert {decision(resource.replace("*", "x")) for resource in meant} == {"allowed"}
    with without(strict_home, role, action):
        assert {decision(resource.replace("*", "x")) for resource in meant} == {"implicitDeny"}
