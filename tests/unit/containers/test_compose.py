"""docker-compose.yml: what it starts, with which settings, and who may reach it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

#: The SDK's own way to say who calls; nothing that .env.example would have to explain.
CREDENTIALS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}

every_service = pytest.mark.parametrize("name", SERVICES)


def known_variables() -> set[str]:
    text = (ROOT / ".env.example").read_text("utf-8")
    return set(re.findall(r"^# ([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))


def test_every_variable_stands_in_env_example():
    interpolated = set(re.findall(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*)", TEXT))
    passed_on = {name for each in SERVICES.values() for name in each.get("environment", {})}

    assert sorted((interpolated | passed_on) - known_variables() - CREDENTIALS) == []


def test_docker_compose_up_starts_the_platform_alone():
    assert [name for name, each in SERVICES.items() if not each.get("profiles")] == ["platform"]


@every_service
def test_containers_are_built_from_the_dockerfiles_of_the_repository(name: str):
    build = SERVICES[name]["build"]

    assert build["context"] == "."
    assert (ROOT / build["dockerfile"]).is_file()


@every_service
def test_no_container_can_gain_rights_or_change_its_own_files(name: str):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@every_service
def test_every_container_has_room_to_work_in_although_its_root_is_read_only(name: str):
    service = SERVICES[name]
    mounted = [entry.split(":")[-1] for entry in service.get("volumes", [])]
    in_memory = [entry.split(":")[0] for entry in service.get("tmpfs", [])]

    assert "/tmp" in mounted + in_memory


@every_service
def test_what_a_container_may_use_is_bounded_and_can_be_changed(name: str):
    service = SERVICES[name]

    for limit in ("cpus", "mem_limit"):
        assert re.fullmatch(r"\$\{[A-Z_]+:-\w+\}", str(service[limit]))
    assert service["pids_limit"] > 0


@every_service
def test_only_this_machine_reaches_a_port(name: str):
    assert [
        port for port in SERVICES[name].get("ports", []) if not port.startswith("127.0.0.1:")
    ] == []


def test_the_platform_does_not_start_without_the_hash_of_a_token():
    value = SERVICES["platform"]["environment"]["AUTOML_API_TOKEN_HASHES"]

    assert re.fullmatch(r"\$\{AUTOML_API_TOKEN_HASHES:\?.*docs/compose\.md.*\}", value)


def test_signed_uploads_lead_to_the_published_port():
    platform = SERVICES["platform"]
    [port] = platform["ports"]

    assert port == "127.0.0.1:${AUTOML_PORT:-8000}:8000"
    assert platform["environment"]["AUTOML_PORT"] == "8000"
    assert platform["environment"]["AUTOML_PUBLIC_URL"] == (
        "${AUTOML_PUBLIC_URL:-http://127.0.0.1:${AUTOML_PORT:-8000}}"
    )


def test_platform_and_trainer_share_one_volume():
    for name in ("platform", "training"):
        assert "data:/data" in SERVICES[name]["volumes"]
        # A folder of the host's .env would be none of the container's.
        assert "AUTOML_DATA_DIR" not in SERVICES[name]["environment"]
    assert set(COMPOSE["volumes"]) == {"data"}


def test_the_trainer_takes_its_order_and_the_stores_from_the_environment():
    environment = SERVICES["training"]["environment"]

    order = {"JOB_ID", "DATASET_ID", "TARGET_COLUMN", "TIME_BUDGET"}
    stores = {
        "S3_BUCKET_DATASETS", "S3_BUCKET_MODELS", "S3_BUCKET_REPORTS",
        "DYNAMODB_DATASETS_TABLE", "DYNAMODB_JOBS_TABLE", "AWS_REGION",
    }  # fmt: skip
    assert order | stores | CREDENTIALS <= set(environment)
    # No value: what is not set stays unset, and the trainer names what it misses.
    assert {environment[name] for name in order | stores | CREDENTIALS} == {None}


def test_the_trainer_runs_the_command_of_its_image():
    assert "command" not in SERVICES["training"]
    assert "entrypoint" not in SERVICES["training"]


def test_the_platform_stays_the_embedded_home_whatever_stands_in_env():
    environment = SERVICES["platform"]["environment"]

    assert [name for name in environment if name.startswith(("S3_", "DYNAMODB_", "BATCH_"))] == []
