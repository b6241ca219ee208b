"""AWS Batch's rule of what follows a failed attempt."""

from __future__ import annotations

import pytest

from batch_standin.protocol import BatchError
from batch_standin.retry import Outcome, checked_strategy, decide

#: As AWS Batch and Fargate word them.
SPOT = "Your Spot Task was interrupted."
HOST = "Host EC2 (instance i-0123) terminated."
EXITED = "Essential container in task exited"

RULES = [
    {"onStatusReason": "Host EC2*", "action": "RETRY"},
    {"onStatusReason": "Your Spot Task was interrupted*", "action": "retry"},
    {"onReason": "CannotPullContainerError*", "action": "RETRY"},
    {"onExitCode": "75", "action": "RETRY"},
    {"onReason": "*", "action": "EXIT"},
]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        pytest.param(Outcome(HOST), "RETRY", id="the host was taken away"),
        pytest.param(Outcome(SPOT), "RETRY", id="a Spot task without an exit code"),
        pytest.param(
            Outcome("Task failed to start", "CannotPullContainerError: timeout"),
            "RETRY",
            id="the image could not be pulled",
        ),
        pytest.param(Outcome(EXITED, exit_code=75), "RETRY", id="the platform was in trouble"),
        pytest.param(Outcome(EXITED, exit_code=65), "EXIT", id="the user's mistake"),
        pytest.param(Outcome(EXITED, exit_code=137), "EXIT", id="killed, perhaps for its memory"),
        pytest.param(Outcome(SPOT, timed_out=True), "EXIT", id="timed out: never repeated"),
        pytest.param(Outcome(SPOT, terminated=True), "EXIT", id="terminated: never repeated"),
    ],
)
def test_the_first_rule_that_applies_decides(outcome: Outcome, expected: str) -> None:
    assert decide({"attempts": 2, "evaluateOnExit": RULES}, 1, outcome) == expected


def test_no_attempt_follows_the_last_one() -> None:
    assert decide({"attempts": 2, "evaluateOnExit": RULES}, 2, Outcome(SPOT)) == "EXIT"


def test_a_failure_that_no_rule_knows_is_retried() -> None:
    strategy = {"attempts": 3, "evaluateOnExit": [{"onExitCode": "65", "action": "EXIT"}]}

    assert decide(strategy, 1, Outcome(EXITED, exit_code=1)) == "RETRY"


def test_a_condition_on_the_exit_code_is_not_met_without_one() -> None:
    strategy = {"attempts": 3, "evaluateOnExit": [{"onExitCode": "*", "action": "EXIT"}]}

    assert decide(strategy, 1, Outcome(SPOT)) == "RETRY"


def test_all_conditions_of_a_rule_must_be_met() -> None:
    rule = {"onExitCode": "1*", "onStatusReason": "Essential*", "action": "EXIT"}
    strategy = {"attempts": 2, "evaluateOnExit": [rule]}

    assert decide(strategy, 1, Outcome(EXITED, exit_code=137)) == "EXIT"
    assert decide(strategy, 1, Outcome(HOST, exit_code=137)) == "RETRY"


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ({"attempts": 11}, "1 to 10"),
        ({"attempts": 1, "evaluateOnExit": RULES * 2}, "5 rules"),
        ({"attempts": 1, "evaluateOnExit": [{"onExitCode": "1", "action": "STAY"}]}, "RETRY"),
        ({"attempts": 1, "evaluateOnExit": [{"action": "EXIT"}]}, "needs one of"),
        ({"attempts": 1, "evaluateOnExit": [{"onReason": "a*b", "action": "EXIT"}]}, "asterisk"),
    ],
)
def test_a_strategy_that_batch_refuses_is_refused(strategy: dict[str, object], said: str) -> None:
    with pytest.raises(BatchError, match=said):
        checked_strategy(strategy)
