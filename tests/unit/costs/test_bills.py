"""The three bills, each line reckoned by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from automl_core.adapters import deployed_models_aws
from automl_core.costs import predictions as prediction_costs
from automl_core.costs.check import check_plan
from automl_core.costs.idle import IdleAssumptions, idle_month
from automl_core.costs.infrastructure import Infrastructure
from automl_core.costs.ledger import Bill
from automl_core.costs.predictions import access_line_bytes, predictions
from automl_core.costs.prices import PriceFile
from automl_core.costs.training_run import training_run
from automl_core.errors import InvalidInputError

PlanOf = Callable[..., Infrastructure]
Make = Callable[..., dict[str, Any]]


def dollars(bill: Bill) -> dict[str, float]:
    return {line.item: line.dollars for line in bill.lines}


# -- Idle -----------------------------------------------------------------------------


def test_an_idle_month_is_the_sum_of_its_lines(home: Infrastructure, prices: PriceFile) -> None:
    bill = idle_month(home, prices)

    assert dollars(bill) == pytest.approx(
        {
            "training images": 2 * 0.35 * 0.10,
            "objects": 0.023,
            "records": 0,
            "alarms": 0,
            "custom metrics": 0,
            "dashboards": 0,
            "schedule": 0,
            "sweep: calls": 0,
            "sweep: compute": 0,
            "sweep: queries": 8760 * 3 * 0.125e-6,
            "sweep: log lines": 0,
            "sweep: kept log": 8760 * 1500e-9 * 0.03,
        }
    )
    assert bill.dollars == pytest.approx(0.07 + 0.023 + 0.003285 + 0.0003942)
    assert (bill.is_within, bill.bar_dollars) == (True, 0.15)


def test_an_idle_month_without_the_free_tier_bills_what_others_have_used_up(
    home: Infrastructure, prices: PriceFile
) -> None:
    bill = idle_month(home, prices, with_free_tier=False)

    found = dollars(bill)
    assert found["alarms"] == pytest.approx(9 * 0.10)
    assert found["custom metrics"] == pytest.approx(3 * 0.30)
    assert found["dashboards"] == pytest.approx(3.00)
    assert found["records"] == pytest.approx(0.01 * 0.25)
    assert found["schedule"] == pytest.approx(8760 * 1e-6)
    assert found["sweep: calls"] == pytest.approx(8760 * 0.2e-6)
    assert found["sweep: compute"] == pytest.approx(8760 * 0.5 * 0.5 * 0.0000166667)
    assert found["sweep: log lines"] == pytest.approx(8760 * 1500e-9 * 0.5)
    assert not bill.is_within


def test_what_is_beyond_the_free_ten_alarms_and_metrics_and_three_dashboards_is_billed(
    plan_of: PlanOf, make_resource: Make, prices: PriceFile
) -> None:
    formula = [{"metric": [{}]}, {"metric": [{}]}, {"expression": "a/b", "metric": []}]
    plan = plan_of(
        make_resource("aws_cloudwatch_metric_alarm.ratio", metric_query=formula),
        *(make_resource(f"aws_cloudwatch_log_metric_filter.f[{n}]") for n in range(8)),
        *(make_resource(f"aws_cloudwatch_dashboard.d[{n}]") for n in range(3)),
        make_resource("aws_cloudwatch_composite_alarm.any"),
    )

    found = dollars(idle_month(plan, prices))

    # Nine and a formula of two; eight filters and three of the functions; three and one.
    assert found["alarms"] == pytest.approx(1 * 0.10)
    assert found["custom metrics"] == pytest.approx(1 * 0.30)
    assert found["dashboards"] == pytest.approx(1 * 3.00)
    assert found["composite alarms"] == pytest.approx(0.50)


def test_an_idle_month_counts_what_is_stored_backed_up_and_traced(
    plan_of: PlanOf, make_function: Make, make_resource: Make, prices: PriceFile
) -> None:
    plan = plan_of(
        make_function("events", tracing_config=[{"mode": "Active"}], architectures=["arm64"]),
        make_function("api"),
        make_resource(
            "aws_dynamodb_table.t",
            billing_mode="PAY_PER_REQUEST",
            point_in_time_recovery=[{"enabled": True}],
        ),
        without=("aws_lambda_function",),
    )
    assuming = IdleAssumptions(image_gb=1, n_images=3, stored_gb=10)

    found = dollars(idle_month(plan, prices, assuming=assuming, with_free_tier=False))

    assert found["training images"] == pytest.approx(0.30)
    assert found["objects"] == pytest.approx(0.23)
    assert found["backups of the records"] == pytest.approx(0.01 * 0.20)
    assert found["sweep: traces"] == pytest.approx(8760 * 5e-6)
    assert found["sweep: compute"] == pytest.approx(8760 * 0.5 * 0.5 * 0.0000133334)


def test_what_costs_by_the_hour_is_part_of_an_idle_month(
    plan_of: PlanOf, make_resource: Make, prices: PriceFile
) -> None:
    bill = idle_month(plan_of(make_resource("aws_nat_gateway.way_out")), prices)

    assert dollars(bill)["NAT gateway"] == pytest.approx(0.045 * 730)
    assert not bill.is_within


# -- A training -----------------------------------------------------------------------


def test_a_training_is_the_sum_of_its_lines(home: Infrastructure, prices: PriceFile) -> None:
    bill = training_run(home, prices, with_free_tier=False)

    # 300 s of work and 90 s of start; 88 requests: 10 and one every five of 390 s.
    assert dollars(bill) == pytest.approx(
        {
            "container: processors": 2 * 390 / 3600 * 0.01334,
            "container: memory": 4 * 390 / 3600 * 0.00147,
            "container: public address": 390 / 3600 * 0.005,
            "artifacts written": 40 * 5e-6,
            "artifacts read": 50 * 0.4e-6,
            "records written": (250 + 60) * 0.625e-6,
            "records read": (88 + 60) * 0.125e-6,
            "requests": 88 * 1e-6,
            "calls of functions": 90 * 0.2e-6,
            "compute of the API": 88 * 0.02 * 1.0 * 0.0000166667,
            "compute of the events": 2 * 0.5 * 0.5 * 0.0000166667,
            "log of the trainer": 20_000e-9 * 0.5,
        }
    )
    assert bill.dollars == pytest.approx(0.00467, abs=0.00005)
    assert bill.is_within
    assert bill.bar_dollars == 0.005


def test_a_training_on_demand_or_of_another_length_has_no_bar(
    home: Infrastructure, prices: PriceFile
) -> None:
    bill = training_run(home, prices, is_spot=False, work_s=600, file_size_bytes=200_000_000)

    assert dollars(bill)["container: processors"] == pytest.approx(2 * 690 / 3600 * 0.04048)
    assert dollars(bill)["container: memory"] == pytest.approx(8 * 690 / 3600 * 0.004445)
    assert bill.bar_dollars is None


def test_disk_and_processor_come_from_the_job_definition(
    plan_of: PlanOf, make_resource: Make, prices: PriceFile
) -> None:
    properties = {
        "runtimePlatform": {"cpuArchitecture": "ARM64"},
        "ephemeralStorage": {"sizeInGiB": 50},
        "networkConfiguration": {"assignPublicIp": "DISABLED"},
    }
    plan = plan_of(
        make_resource(
            "aws_batch_job_definition.trainer", container_properties=json.dumps(properties)
        ),
        without=("aws_batch_job_definition",),
    )

    found = dollars(training_run(plan, prices, is_spot=False))

    assert found["container: processors"] == pytest.approx(2 * 390 / 3600 * 0.03238)
    assert found["container: disk"] == pytest.approx(30 * 390 / 3600 * 0.000111)
    assert "container: public address" not in found


def test_before_the_first_apply_disk_and_processor_come_from_the_variables(
    plan_of: PlanOf, prices: PriceFile
) -> None:
    plan = plan_of(training_disk_gib=30, training_architecture="arm64")

    bill = training_run(plan, prices)

    assert dollars(bill)["container: disk"] == pytest.approx(10 * 390 / 3600 * 0.000111)
    assert "at the price of x86" in bill.lines[0].basis


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("aws_batch_compute_environment", "no compute environment of type FARGATE_SPOT"),
        ("aws_batch_job_definition", "no Batch job definition"),
    ],
)
def test_a_plan_that_cannot_train_is_refused(
    plan_of: PlanOf, prices: PriceFile, missing: str, told: str
) -> None:
    with pytest.raises(InvalidInputError, match=told):
        training_run(plan_of(without=(missing,)), prices)


# -- Predictions ----------------------------------------------------------------------


def test_a_million_predictions_are_the_sum_of_their_lines(
    home: Infrastructure, prices: PriceFile
) -> None:
    bill = predictions(home, prices, rate_per_s=2.0, with_free_tier=False)

    # At two a second one of 11 finds the deployment too old, one of 21 flushes the count
    # and one of 601 asks the authorizer.
    assert dollars(bill) == pytest.approx(
        {
            "HTTP API": 1.00,
            "calls": 0.20,
            "compute": 1e6 * 0.010 * 0.5 * 0.0000166667,
            "cold starts": 400 * 1.0 * 0.5 * 0.0000166667,
            "models read": 800 * 0.4e-6,
            "deployment read": 1e6 / 11 * 0.125e-6,
            "uses counted": 1e6 / 21 * 0.625e-6,
            "authorizer: calls": 1e6 / 601 * 0.2e-6,
            "authorizer: compute": 1e6 / 601 * 0.005 * 0.125 * 0.0000166667,
            "log of the function": 1e4 * 526e-9 * 0.5,
            "answers": 1e6 * 800e-9 * 0.09,
        }
    )


def test_a_million_predictions_over_a_month_keep_the_bar(
    home: Infrastructure, prices: PriceFile
) -> None:
    bill = predictions(home, prices)
    rate = 1e6 / (730 * 3600)

    assert dollars(bill)["uses counted"] == pytest.approx(1e6 / (1 + 10 * rate) * 0.625e-6)
    assert (bill.is_within, bill.bar_dollars) == (True, 1.40)
    assert 1.1 < bill.dollars < 1.2


def test_the_bar_grows_with_the_number_of_predictions(
    home: Infrastructure, prices: PriceFile
) -> None:
    assert predictions(home, prices, n_predictions=3_000_000).bar_dollars == pytest.approx(4.2)


def test_memory_processor_traces_and_logs_come_from_the_plan(
    plan_of: PlanOf, make_function: Make, make_resource: Make, prices: PriceFile
) -> None:
    plan = plan_of(
        make_function(
            "inference",
            memory_size=1024,
            architectures=["arm64"],
            tracing_config=[{"mode": "Active"}],
            logging_config=[{"log_format": "Text"}],
        ),
        make_resource(
            "aws_apigatewayv2_stage.s", access_log_settings=[{"format": "$context.requestId " * 10}]
        ),
        without=("aws_lambda_function", "aws_apigatewayv2_authorizer"),
    )

    found = dollars(predictions(plan, prices, rate_per_s=10.0, with_free_tier=False))

    assert found["compute"] == pytest.approx(1e6 * 0.010 * 1.0 * 0.0000133334)
    # The first of ten in a second, and one in twenty of the other nine.
    assert found["traces"] == pytest.approx(1e6 * (0.1 + 0.9 * 0.05) * 5e-6)
    assert found["log of Lambda itself"] == pytest.approx(1e6 * 450e-9 * 0.5)
    assert found["log of the HTTP API"] == pytest.approx(1e6 * (190 + 26) * 1e-9 * 0.5)
    assert "authorizer: calls" not in found


def test_an_authorizer_whose_answer_is_not_kept_is_asked_each_time(
    plan_of: PlanOf, make_resource: Make, prices: PriceFile
) -> None:
    plan = plan_of(
        make_resource("aws_apigatewayv2_authorizer.t", authorizer_type="REQUEST"),
        without=("aws_apigatewayv2_authorizer",),
    )

    found = dollars(predictions(plan, prices, with_free_tier=False))

    assert found["authorizer: calls"] == pytest.approx(0.20)


@pytest.mark.parametrize(
    ("template", "length"),
    [
        ('{"id":"$context.requestId","s":"$context.status"}', len('{"id":"","s":""}') + 16 + 3),
        ('{"x":"$context.unknown"}', 24),
        ("plain text", 10),
        ('["a"]', 5),
    ],
)
def test_a_line_of_an_access_log_is_as_long_as_what_it_is_filled_with(
    template: str, length: int
) -> None:
    assert access_line_bytes(template) == length


def test_the_bill_reckons_with_what_the_inference_function_does() -> None:
    from automl_backend.lambdas.prediction_events import LOGGED_SHARE

    assert prediction_costs.DEPLOYMENT_CACHE_S == deployed_models_aws.KNOWN_S
    assert prediction_costs.FLUSH_S == deployed_models_aws.FLUSH_S
    assert pytest.approx(1 / LOGGED_SHARE) == prediction_costs.LOGGED_SHARE


# -- Together -------------------------------------------------------------------------


def test_a_good_plan_keeps_every_bar(home: Infrastructure, prices: PriceFile) -> None:
    found = check_plan(home, prices)

    assert found.is_good
    assert [bill.bar_dollars for bill in found.bills] == [0.15, 0.005, 1.40]
    assert found.verdict == "Every bar is kept."
    assert [each.dollars for each in found.comparisons] == pytest.approx(
        [1.90, 0.23 * 730, 0.05 * 730]
    )


def test_one_forbidden_resource_spoils_a_plan_and_is_named(
    plan_of: PlanOf, make_resource: Make, prices: PriceFile
) -> None:
    found = check_plan(plan_of(make_resource("module.x.aws_instance.bastion")), prices)

    assert not found.is_good
    assert "module.x.aws_instance.bastion (EC2 instance)" in found.verdict
