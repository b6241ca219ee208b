"""Who may call Batch, where the emulator enforces IAM; and the credentials of a job's role.

The emulator knows the caller and its policies, but not the resources of a call to Batch.
So the signed call is shown to it first: what it lets through on any resource is allowed;
a refusal names the caller, whose role is then tried on the resources themselves.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from batch_standin.protocol import BatchError, Json

_CALLER = re.compile(r"arn:aws:sts::\d{12}:assumed-role/([^/ ]+)/[^ ]+")
_ACCESS_KEY = re.compile(r"Credential=([^/]+)/")

#: Operation (last part of the path) -> IAM action. Everything else is Terraform's.
ACTIONS: Mapping[str, str] = {
    "submitjob": "batch:SubmitJob",
    "describejobqueues": "batch:DescribeJobQueues",
    "describejobs": "batch:DescribeJobs",
    "listjobs": "batch:ListJobs",
    "canceljob": "batch:CancelJob",
    "terminatejob": "batch:TerminateJob",
}


@dataclass(frozen=True)
class SignedCall:
    """A call as it arrived, for the emulator to look at."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Gate:
    """Lets in who may do what was asked.

    Parameters
    ----------
    endpoint : str
        Address of the emulator.
    iam : botocore client
        With rights on everything.
    root_key : str
        Access key of the account itself, which may do everything.
    open_url : callable
        ``urllib.request.urlopen`` that trusts the emulator's certificate.
    """

    def __init__(
        self, endpoint: str, iam: Any, root_key: str, open_url: Callable[..., Any]
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._iam = iam
        self._root_key = root_key
        self._open_url = open_url

    def check(self, call: SignedCall, operation: str, resources: Sequence[str]) -> None:
        """Raise the service's AccessDeniedException unless the caller may do this."""
        key = _ACCESS_KEY.search(call.headers.get("Authorization", ""))
        if key is not None and key.group(1) == self._root_key:
            return
        refusal = self._shown_to_emulator(call)
        if refusal is None:
            return
        action = ACTIONS.get(operation)
        caller = _CALLER.search(refusal)
        if caller is None or action is None:
            raise BatchError(refusal, code="AccessDeniedException", status=403)
        role = self._iam.get_role(RoleName=caller.group(1))["Role"]["Arn"]
        for resource in resources:
            answer = self._iam.simulate_principal_policy(
                PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource]
            )
            if answer["EvaluationResults"][0]["EvalDecision"] != "allowed":
                raise BatchError(
                    f"User: {caller.group(0)} is not authorized to perform: {action} on "
                    f"resource: {resource}",
                    code="AccessDeniedException",
                    status=403,
                )

    def _shown_to_emulator(self, call: SignedCall) -> str | None:
        """What the emulator says against the call; None if nothing."""
        request = urllib.request.Request(  # noqa: S310 - the address is the emulator's
            self._endpoint + call.path,
            data=call.body,
            headers={k: v for k, v in call.headers.items() if k.lower() != "content-length"},
            method=call.method,
        )
        try:
            with self._open_url(request, timeout=20):
                return None
        except urllib.error.HTTPError as error:
            text = error.read().decode("utf-8", "replace")
            if error.code not in (401, 403):
                return None
            try:
                said = json.loads(text)
            except ValueError:
                return text
            return str(said.get("message") or said.get("Message") or text)


class RoleCredentials:
    """Hands a job the credentials of its role, the way ECS does: by an address.

    Parameters
    ----------
    sts, iam : botocore clients
        Of the emulator, with the account's own key.
    account_id : str
        The account for which ECS would ask.
    address : str
        Of the stand-in itself.
    """

    def __init__(self, sts: Any, iam: Any, account_id: str, address: str) -> None:
        self._sts = sts
        self._iam = iam
        self._account_id = account_id
        self._address = address
        self._roles: dict[str, str] = {}
        self._trust = threading.Lock()

    def variables(self, role_arn: str | None) -> dict[str, str]:
        """Variables that lead a process's SDK to its role's credentials."""
        if role_arn is None:
            return {}
        secret = secrets.token_urlsafe(24)
        self._roles[secret] = role_arn
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self._address}/_standin/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": secret,
        }

    def answer(self, secret: str) -> Json:
        """Credentials for the process that knows the secret."""
        role_arn = self._roles.get(secret)
        if role_arn is None:
            raise BatchError("No job has this token.", code="AccessDeniedException", status=403)
        given = self._assume(role_arn)
        expiration = given["Expiration"]
        return {
            "RoleArn": role_arn,
            "AccessKeyId": given["AccessKeyId"],
            "SecretAccessKey": given["SecretAccessKey"],
            "Token": given["SessionToken"],
            "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ")
            if isinstance(expiration, datetime)
            else expiration,
        }

    def _assume(self, role_arn: str) -> Json:
        """Assume a role as the service that its trust policy names."""
        wanted = {"RoleArn": role_arn, "RoleSessionName": "batch-job"}
        try:
            credentials: Json = self._sts.assume_role(**wanted)["Credentials"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDenied":
                raise
        else:
            return credentials
        # The emulator sets no aws:SourceAccount when a service asks, as AWS does. So this
        # one condition is judged here, and taken out of the policy while the role is assumed.
        name = role_arn.rsplit("/", 1)[-1]
        with self._trust:
            policy = self._iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
            judged = without_source_account(policy, self._account_id)
            self._iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(judged))
            try:
                credentials = self._sts.assume_role(**wanted)["Credentials"]
            finally:
                self._iam.update_assume_role_policy(
                    RoleName=name, PolicyDocument=json.dumps(policy)
                )
        return credentials


def without_source_account(policy: Json, account_id: str) -> Json:
    """Take out the conditions that a service of this account meets.

    >>> met = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    >>> without_source_account({"Statement": [{"Condition": met}]}, "123456789012")
    {'Statement': [{'Condition': {}}]}
    >>> without_source_account({"Statement": [{"Condition": met}]}, "999999999999")
    {'Statement': [{'Condition': {'StringEquals': {'aws:SourceAccount': '123456789012'}}}]}
    """
    statements = []
    for statement in policy["Statement"]:
        conditions = {
            operator: {
                key: value
                for key, value in wanted.items()
                if [operator, key.lower(), value]
                != ["StringEquals", "aws:sourceaccount", account_id]
            }
            for operator, wanted in (statement.get("Condition") or {}).items()
        }
        kept = {operator: wanted for operator, wanted in conditions.items() if wanted}
        statements.append({**statement, "Condition": kept})
    return {**policy, "Statement": statements}
