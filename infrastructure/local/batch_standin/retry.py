"""Whether an attempt that failed is followed by another one: AWS Batch's rule, pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from batch_standin.protocol import BatchError, Json

#: Batch refuses more of either.
MAX_ATTEMPTS = 10
MAX_RULES = 5

_CONDITIONS = ("onStatusReason", "onReason", "onExitCode")


@dataclass(frozen=True)
class Outcome:
    """How an attempt failed, as far as a rule may ask."""

    status_reason: str
    """Of the job: "Essential container in task exited", "Host EC2 …", …"""
    reason: str = ""
    """Of the container."""
    exit_code: int | None = None
    """None: the container had none, as after most Spot interruptions."""
    timed_out: bool = False
    terminated: bool = False


def matches(pattern: str, text: str) -> bool:
    """Compare with a pattern of a rule: exact, or the start only if it ends with an asterisk.

    >>> matches("Host EC2*", "Host EC2 (instance i-1) terminated.")
    True
    >>> matches("13*", "7")
    False
    >>> matches("Host EC2", "Host EC2 (instance i-1) terminated.")
    False
    """
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern


def _applies(rule: Json, outcome: Outcome) -> bool:
    exit_code = "" if outcome.exit_code is None else str(outcome.exit_code)
    seen = {
        "onStatusReason": outcome.status_reason,
        "onReason": outcome.reason,
        "onExitCode": exit_code,
    }
    # A container without an exit code meets no condition on one, not even "*".
    if "onExitCode" in rule and not exit_code:
        return False
    return all(matches(rule[name], seen[name]) for name in _CONDITIONS if name in rule)


def decide(strategy: Json, attempt: int, outcome: Outcome) -> Literal["RETRY", "EXIT"]:
    """Tell what follows a failed attempt.

    Parameters
    ----------
    strategy : dict
        ``retryStrategy`` of the job: ``attempts`` and up to five rules ``evaluateOnExit``.
    attempt : int
        Number of the attempt that failed, from 1.
    outcome : Outcome
        How it failed.

    Returns
    -------
    {"RETRY", "EXIT"}
        Attempts that timed out or were terminated are never repeated. The first rule that
        applies decides; **if none does, the job is retried** while attempts are left.
    """
    if outcome.timed_out or outcome.terminated or attempt >= strategy.get("attempts", 1):
        return "EXIT"
    for rule in strategy.get("evaluateOnExit") or ():
        if _applies(rule, outcome):
            return "RETRY" if rule["action"].upper() == "RETRY" else "EXIT"
    return "RETRY"


def checked_strategy(strategy: Json | None) -> Json:
    """The retry strategy, if Batch would take it."""
    strategy = strategy or {"attempts": 1, "evaluateOnExit": []}
    attempts = strategy.get("attempts", 1)
    rules = strategy.get("evaluateOnExit") or []
    if not 1 <= attempts <= MAX_ATTEMPTS:
        raise BatchError(f"retryStrategy.attempts must be 1 to {MAX_ATTEMPTS}, not {attempts}.")
    if len(rules) > MAX_RULES:
        raise BatchError(f"evaluateOnExit may hold {MAX_RULES} rules, not {len(rules)}.")
    for rule in rules:
        if str(rule.get("action", "")).upper() not in {"RETRY", "EXIT"}:
            raise BatchError(f"evaluateOnExit action must be RETRY or EXIT: {rule}.")
        if not any(name in rule for name in _CONDITIONS):
            raise BatchError(f"A rule of evaluateOnExit needs one of {', '.join(_CONDITIONS)}.")
        for name in _CONDITIONS:
            pattern = rule.get(name, "")
            if "*" in pattern[:-1]:
                raise BatchError(f"{name} {pattern!r}: an asterisk may only stand at the end.")
    return {"attempts": attempts, "evaluateOnExit": rules}
