"""EventBridge's part: state changes go to the Lambda targets of the rules that match them.

The emulator refuses events whose source is an AWS service, as AWS does. So the rules are
asked (``ListRules``, ``TestEventPattern``, ``ListTargetsByRule``) and the targets invoked
here, in the order of the events, each when its permission names the rule.
"""

from __future__ import annotations

import fnmatch
import json
import logging
import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from batch_standin.protocol import Json, Scope

_LOG = logging.getLogger(__name__)

#: Seconds before the second and the third try of a function that failed. Lambda waits one
#: and two minutes; nobody who tests wants to.
RETRY_WAITS_S = (1.0, 2.0)
#: Deliveries remembered for whoever asks.
MAX_DELIVERIES = 5000


def state_change(record: Json, scope: Scope) -> Json:
    """Return the event that EventBridge would carry for a job's present state."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Batch Job State Change",
        "source": "aws.batch",
        "account": scope.account_id,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": scope.region,
        "resources": [record["jobArn"]],
        "detail": record,
    }


def may_invoke(policy: Json, rule_arn: str) -> bool:
    """Tell whether a function's policy lets EventBridge invoke it for this rule.

    >>> statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
    ...     "Action": "lambda:InvokeFunction",
    ...     "Condition": {"ArnLike": {"AWS:SourceArn": "arn:aws:events:r:1:rule/batch"}}}
    >>> may_invoke({"Statement": [statement]}, "arn:aws:events:r:1:rule/batch")
    True
    >>> may_invoke({"Statement": [statement]}, "arn:aws:events:r:1:rule/other")
    False
    """
    for statement in policy.get("Statement", ()):
        service = (statement.get("Principal") or {}).get("Service")
        conditions = statement.get("Condition") or {}
        sources = [
            value
            for operator in conditions.values()
            for key, value in operator.items()
            if key.lower() == "aws:sourcearn"
        ]
        if (
            statement.get("Effect") == "Allow"
            and service == "events.amazonaws.com"
            and statement.get("Action") in ("lambda:InvokeFunction", "lambda:*")
            and all(fnmatch.fnmatchcase(rule_arn, pattern) for pattern in sources)
        ):
            return True
    return False


class EventBus:
    """Delivers events in order from a thread of its own.

    Parameters
    ----------
    scope : Scope
        Account and region of the events.
    events, functions : botocore clients
        EventBridge and Lambda of the emulator.
    retry_waits_s : sequence of float
        Waits before each further try of a function that failed.
    """

    def __init__(
        self,
        scope: Scope,
        events: Any,
        functions: Any,
        *,
        retry_waits_s: Sequence[float] = RETRY_WAITS_S,
    ) -> None:
        self._scope = scope
        self._events = events
        self._functions = functions
        self._retry_waits_s = retry_waits_s
        self._waiting: queue.SimpleQueue[Json | None] = queue.SimpleQueue()
        self._deliveries: deque[Json] = deque(maxlen=MAX_DELIVERIES)
        self._thread = threading.Thread(target=self._deliver_all, daemon=True)
        self._thread.start()

    def publish(self, record: Json) -> None:
        """Queue the event of a job's present state."""
        self._waiting.put(state_change(record, self._scope))

    def deliveries(self) -> list[Json]:
        """What was delivered where, with the function's own error if it failed."""
        return list(self._deliveries)

    def close(self) -> None:
        """Deliver what is queued, then end."""
        self._waiting.put(None)
        self._thread.join(timeout=10.0)

    def _deliver_all(self) -> None:
        while (event := self._waiting.get()) is not None:
            try:
                for target in self._targets(event):
                    self._deliver(event, target)
            except (BotoCoreError, ClientError) as error:
                # The emulator may be gone or not yet there: a job goes on all the same.
                self._note(event, "", f"{error}")

    def _targets(self, event: Json) -> Iterator[Json]:
        pages = self._events.get_paginator("list_rules").paginate()
        rules = [rule for page in pages for rule in page["Rules"]]
        for rule in rules:
            if rule.get("State") != "ENABLED" or not rule.get("EventPattern"):
                continue
            is_match = self._events.test_event_pattern(
                EventPattern=rule["EventPattern"], Event=json.dumps(event)
            )["Result"]
            if is_match:
                for target in self._events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                    yield {**target, "RuleArn": rule["Arn"]}

    def _deliver(self, event: Json, target: Json) -> None:
        arn = target["Arn"]
        problem = self._refusal(target)
        if problem:
            self._note(event, arn, problem)
            return
        payload = target.get("Input") or json.dumps(
            event["detail"] if target.get("InputPath") == "$.detail" else event
        )
        for wait_s in (*self._retry_waits_s, None):
            problem = self._invoke(arn, payload)
            self._note(event, arn, problem)
            if problem is None or wait_s is None:
                return
            time.sleep(wait_s)

    def _refusal(self, target: Json) -> str | None:
        if not target["Arn"].startswith("arn:aws:lambda:"):
            return "this stand-in delivers to Lambda functions only"
        if target.get("InputTransformer") or target.get("InputPath") not in (None, "$", "$.detail"):
            return "this stand-in knows no InputTransformer and no InputPath but $ and $.detail"
        try:
            policy = json.loads(self._functions.get_policy(FunctionName=target["Arn"])["Policy"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            policy = {}
        if not may_invoke(policy, target["RuleArn"]):
            return f"the function's policy does not let EventBridge call it for {target['RuleArn']}"
        return None

    def _invoke(self, arn: str, payload: str) -> str | None:
        try:
            answer = self._functions.invoke(FunctionName=arn, Payload=payload.encode())
        except (BotoCoreError, ClientError) as error:
            return f"{error}"
        body = answer["Payload"].read().decode("utf-8", "replace")
        return body if answer.get("FunctionError") else None

    def _note(self, event: Json, arn: str, problem: str | None) -> None:
        detail = event["detail"]
        if problem is not None:
            _LOG.warning("event of %s (%s): %s", detail["jobName"], detail["status"], problem)
        self._deliveries.append(
            {
                "eventId": event["id"],
                "jobId": detail["jobId"],
                "jobName": detail["jobName"],
                "status": detail["status"],
                "target": arn,
                "problem": problem,
            }
        )
