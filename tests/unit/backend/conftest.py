"""An AWS account in this process: Batch with two queues, and the stores of an AWS home."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from automl_core.adapters.dynamodb_tables import table_definitions
from automl_core.settings import Settings, variables

REGION = "eu-central-1"
HOME = {
    "S3_BUCKET_DATASETS": "datasets",
    "S3_BUCKET_MODELS": "models",
    "S3_BUCKET_REPORTS": "reports",
    "DYNAMODB_DATASETS_TABLE": "datasets",
    "DYNAMODB_JOBS_TABLE": "jobs",
    "AWS_REGION": REGION,
    "BATCH_JOB_QUEUE": "spot",
    "AUTOML_BATCH_ON_DEMAND_QUEUE": "on-demand",
    "BATCH_JOB_DEFINITION": "trainer",
}


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that open nothing, and no trace of whoever runs the tests."""
    for name in [each for field in Settings.model_fields for each in variables(field)]:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


@pytest.fixture
def account(credentials: None) -> Iterator[None]:
    """Every call of AWS stays in this process; Batch's jobs succeed as they are submitted."""
    with mock_aws(config={"batch": {"use_docker": False}}):
        yield


@pytest.fixture
def batch(account: None) -> Any:
    """Client of a Batch with two Fargate queues and the trainer's job definition."""
    client = boto3.client("batch", region_name=REGION)
    iam = boto3.client("iam", region_name=REGION)
    role = iam.create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    ec2 = boto3.client("ec2", region_name=REGION)
    subnet = ec2.describe_subnets()["Subnets"][0]
    [group] = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]}]
    )["SecurityGroups"]
    for name, kind in (("spot", "FARGATE_SPOT"), ("on-demand", "FARGATE")):
        environment = client.create_compute_environment(
            computeEnvironmentName=name,
            type="MANAGED",
            state="ENABLED",
            computeResources={
                "type": kind,
                "maxvCpus": 16,
                "subnets": [subnet["SubnetId"]],
                "securityGroupIds": [group["GroupId"]],
            },
            serviceRole=role,
        )["computeEnvironmentArn"]
        client.create_job_queue(
            jobQueueName=name,
            state="ENABLED",
            priority=1,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
        )
    client.register_job_definition(
        jobDefinitionName="trainer",
        type="container",
        platformCapabilities=["FARGATE"],
        containerProperties={
            "image": "trainer",
            "command": ["python", "-m", "automl_training"],
            "executionRoleArn": role,
            "resourceRequirements": [
                {"type": "VCPU", "value": "2"},
                {"type": "MEMORY", "value": "8192"},
            ],
        },
    )
    return client


@pytest.fixture
def aws_home(batch: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Buckets, tables and queues of an AWS home, and the variables that name them."""
    s3 = boto3.client("s3", region_name=REGION)
    for name in ("datasets", "models", "reports"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    dynamodb = boto3.client("dynamodb", region_name=REGION)
    for table in table_definitions("datasets", "jobs"):
        dynamodb.create_table(**table)
    for name, value in HOME.items():
        monkeypatch.setenv(name, value)
    return HOME
