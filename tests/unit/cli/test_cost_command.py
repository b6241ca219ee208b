"""``automl cost`` on a plan."""

from __future__ import annotations

import json

import pytest


def resource(address, **values):
    kind = address.split(".")[-2]
    return {"address": address, "mode": "managed", "type": kind, "values": values}


HOME = [
    *(
        resource(
            f"module.{name}.aws_lambda_function.this",
            handler=f"automl_backend.lambdas.{name}.handler",
            memory_size=512,
            architectures=["x86_64"],
        )
        for name in ("api", "inference", "events", "authorizer")
    ),
    resource("aws_batch_compute_environment.a", compute_resources=[{"type": "FARGATE_SPOT"}]),
    resource("aws_batch_compute_environment.b", compute_resources=[{"type": "FARGATE"}]),
    resource("aws_batch_job_definition.trainer"),
]


@pytest.fixture
def plan(tmp_path):
    def write(*more):
        root = {"resources": [*HOME, *more]}
        path = tmp_path / "plan.json"
        path.write_text(json.dumps({"planned_values": {"root_module": root}}))
        return path

    return write


@pytest.mark.parametrize(
    ("command", "bar"), [("idle", 0.15), ("training", 0.005), ("predictions", 1.4)]
)
def test_a_bill_shows_every_line_its_sum_and_its_bar(automl, plan, command, bar):
    path = plan()

    told = automl("cost", command, "--plan", path)
    document = automl("cost", command, "--plan", path, "--json").document

    assert told.code == 0
    for line in document["lines"]:
        assert line["item"] in told.out
    assert document["dollars"] == pytest.approx(sum(line["dollars"] for line in document["lines"]))
    assert document["bar_dollars"] == bar
    assert told.out.endswith(f"${document['dollars']:.4f}, within the bar of ${bar}\n")


@pytest.mark.parametrize(
    ("command", "options", "item", "factor"),
    [
        ("idle", ["--stored-gb", "10"], "objects", 10),
        ("idle", ["--image-gb", "0.7"], "training images", 2),
        ("training", ["--minutes", "11.5"], "container: processors", 2),
        ("training", ["--file-mb", "200"], "container: memory", 2),
        ("training", ["--on-demand"], "container: processors", 0.04048 / 0.01334),
        ("predictions", ["--count", "2000000"], "HTTP API", 2),
    ],
)
def test_an_option_changes_its_line(automl, plan, *, command, options, item, factor):
    path = plan()

    def dollars(*given):
        lines = automl("cost", command, "--plan", path, *given, "--json").document["lines"]
        return next(line["dollars"] for line in lines if line["item"] == item)

    assert dollars(*options) == pytest.approx(factor * dollars())


def test_a_higher_rate_makes_predictions_cheaper(automl, plan):
    path = plan()

    def dollars(*options):
        return automl("cost", "predictions", "--plan", path, *options, "--json").document["dollars"]

    assert dollars("--per-second", "10") < dollars() < dollars("--no-free-tier")


def test_a_good_plan_passes_the_check(automl, plan):
    said = automl("cost", "check", "--plan", plan())

    assert said.code == 0
    assert said.out.count("within the bar") == 3
    assert "SageMaker Canvas" in said.out
    assert said.out.endswith("Nothing costs while nobody uses it.\n")


def test_a_forbidden_resource_fails_the_check_with_its_address_and_price(automl, plan):
    path = plan(resource("module.n.aws_nat_gateway.out"))

    told = automl("cost", "check", "--plan", path)
    asked = automl("cost", "check", "--plan", path, "--json")

    assert (told.code, asked.code) == (65, 65)
    assert "module.n.aws_nat_gateway.out" in told.err
    assert "32.85" in told.out
    assert "ABOVE the bar of $0.15" in told.out
    assert asked.document["is_good"] is False
    assert [each["address"] for each in asked.document["forbidden"]] == [
        "module.n.aws_nat_gateway.out"
    ]


def test_what_is_no_plan_is_bad_data(automl, tmp_path):
    (tmp_path / "plan.json").write_text("{}")

    said = automl("cost", "idle", "--plan", tmp_path / "plan.json")

    assert said.code == 65
    assert "terraform show -json PLAN" in said.err


def test_a_plan_that_is_not_there_is_not_found(automl, tmp_path):
    assert automl("cost", "idle", "--plan", tmp_path / "plan.json").code == 66


def test_nothing_is_reckoned_without_a_plan(automl):
    said = automl("cost", "predictions")

    assert said.code == 2
    assert "--plan" in said.err
