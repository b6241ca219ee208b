"""What predictions cost, asked one row at a time."""

from __future__ import annotations

import json
from typing import Any, Final

from automl_core.costs.infrastructure import MONTH_S, Function, Infrastructure
from automl_core.costs.ledger import Bill, Ledger
from automl_core.costs.prices import PriceFile

#: A million predictions may cost so much.
PREDICTIONS_BAR_DOLLARS: Final = 1.40
MILLION: Final = 1_000_000

#: Billed for one prediction, reading the deployment and counting the use now and then
#: included. The handler itself takes a fraction of a millisecond on a whole processor and
#: gets a third of one at 512 MB.
BILLED_S: Final = 0.010

#: New instances in a month of even traffic: Lambda replaces one every few hours.
COLD_STARTS: Final = 400
#: Billed for one: imports and the model's session.
COLD_START_S: Final = 1.0
#: Files of a bundle that are read for it.
BUNDLE_FILES: Final = 2

#: How long an instance believes what it read of a deployment, and how often at most it
#: writes down uses; both at the next request (``adapters.deployed_models_aws``).
DEPLOYMENT_CACHE_S: Final = 5.0
FLUSH_S: Final = 10.0
#: A job's record is below 4 kB, read consistently; a use count is below 1 kB.
DEPLOYMENT_READ_UNITS: Final = 1
USE_WRITE_UNITS: Final = 1

#: Billed for one call of the authorizer.
AUTHORIZER_S: Final = 0.005

#: The function logs one of a hundred predictions.
LOGGED_SHARE: Final = 0.01
LINE_BYTES: Final = 500
#: START, END and REPORT, where Lambda writes them for each call.
PLATFORM_LINES_BYTES: Final = 450
#: CloudWatch adds so much to each line.
LINE_OVERHEAD_BYTES: Final = 26

#: Headers and a small answer.
ANSWER_BYTES: Final = 800

#: X-Ray's default rule: the first request of each second, and of the rest one in twenty.
TRACED_SHARE: Final = 0.05

_GB_A_BYTE: Final = 1e-9


def predictions(
    plan: Infrastructure,
    prices: PriceFile,
    *,
    n_predictions: int = MILLION,
    rate_per_s: float | None = None,
    with_free_tier: bool = True,
) -> Bill:
    """Bill predictions of one model for one client.

    Parameters
    ----------
    plan : Infrastructure
        What is built.
    prices : PriceFile
        Prices and allowances.
    n_predictions : int
        Requests of one row each.
    rate_per_s : float or None
        How many come in a second; None: spread evenly over a month, which costs most, since
        hardly any finds what an earlier one has read.
    with_free_tier : bool
        Whether to take off what is always free; the allowances of a month are then all
        for these predictions.
    """
    n = n_predictions
    rate = n / MONTH_S if rate_per_s is None else rate_per_s
    ledger = Ledger(prices, with_free_tier=with_free_tier)
    function = plan.function("inference")
    ledger.add("HTTP API", "http_api_request", n, "one request a prediction")
    ledger.add("calls", "lambda_request", n, "one call a request")
    ledger.add(
        "compute",
        function.price,
        n * BILLED_S * function.memory_gb,
        f"{BILLED_S * 1000:g} ms of {function.memory_gb * 1024:.0f} MB each",
    )
    ledger.add(
        "cold starts",
        function.price,
        COLD_STARTS * COLD_START_S * function.memory_gb,
        f"assumed: {COLD_STARTS} of {COLD_START_S:g} s",
    )
    ledger.add(
        "models read", "s3_get", COLD_STARTS * BUNDLE_FILES, f"{BUNDLE_FILES} files a cold start"
    )
    at = f"at {rate:.3g} predictions a second"
    ledger.add(
        "deployment read",
        "dynamodb_read",
        _renewals(n, rate, DEPLOYMENT_CACHE_S) * DEPLOYMENT_READ_UNITS,
        f"believed for {DEPLOYMENT_CACHE_S:g} s, {at}",
    )
    ledger.add(
        "uses counted",
        "dynamodb_write",
        _renewals(n, rate, FLUSH_S) * USE_WRITE_UNITS,
        f"every {FLUSH_S:g} s at most, {at}",
    )
    _add_authorizer(ledger, plan, n, rate)
    _add_logs(ledger, plan, function, n)
    if function.is_traced:
        ledger.add("traces", "trace", _traced(n, rate), "X-Ray's default sampling")
    ledger.add(
        "answers", "data_out_gb", n * ANSWER_BYTES * _GB_A_BYTE, f"{ANSWER_BYTES} bytes each"
    )
    title = f"{n:,} predictions, one row each"
    return ledger.bill(title, PREDICTIONS_BAR_DOLLARS * n / MILLION)


def _renewals(n: float, rate_per_s: float, kept_s: float) -> float:
    """How many of n random requests find nothing that is younger than ``kept_s``.

    A renewal is followed by ``kept_s`` seconds in which requests find something, and then
    by 1/rate seconds on average until the next request.

    >>> _renewals(1000, 0.5, 0), _renewals(1000, 10, 5.9)
    (1000.0, 16.666666666666668)
    """
    return n / (1 + rate_per_s * kept_s)


def _traced(n: float, rate_per_s: float) -> float:
    first = min(1.0, 1 / rate_per_s)
    return n * (first + (1 - first) * TRACED_SHARE)


def _add_authorizer(ledger: Ledger, plan: Infrastructure, n: float, rate: float) -> None:
    authorizers = plan.of_type("aws_apigatewayv2_authorizer")
    if not any(each.values.get("authorizer_type") == "REQUEST" for each in authorizers):
        return
    kept_s = float(authorizers[0].values.get("authorizer_result_ttl_in_seconds") or 0)
    function = plan.function("authorizer")
    calls = _renewals(n, rate, kept_s)
    ledger.add("authorizer: calls", "lambda_request", calls, f"its answer is kept for {kept_s:g} s")
    ledger.add(
        "authorizer: compute",
        function.price,
        calls * AUTHORIZER_S * function.memory_gb,
        f"{AUTHORIZER_S * 1000:g} ms of {function.memory_gb * 1024:.0f} MB a call",
    )


def _add_logs(ledger: Ledger, plan: Infrastructure, function: Function, n: float) -> None:
    line = LINE_BYTES + LINE_OVERHEAD_BYTES
    ledger.add(
        "log of the function",
        "log_ingest_gb",
        n * LOGGED_SHARE * line * _GB_A_BYTE,
        f"one line of {LINE_BYTES} bytes for one prediction of {1 / LOGGED_SHARE:.0f}",
    )
    if function.logs_each_call:
        ledger.add(
            "log of Lambda itself",
            "log_ingest_gb",
            n * PLATFORM_LINES_BYTES * _GB_A_BYTE,
            "START, END and REPORT of each call",
        )
    for stage in plan.of_type("aws_apigatewayv2_stage"):
        template = stage.block("access_log_settings").get("format")
        if template:
            line = access_line_bytes(str(template))
            ledger.add(
                "log of the HTTP API",
                "log_ingest_gb",
                n * (line + LINE_OVERHEAD_BYTES) * _GB_A_BYTE,
                f"one line of {line} bytes a request",
            )


#: Usual lengths of what an HTTP API writes for a variable; others are taken to be as long
#: as their names.
_VARIABLE_BYTES: Final = {
    "$context.requestId": 16,
    "$context.identity.sourceIp": 15,
    "$context.routeKey": 22,
    "$context.status": 3,
    "$context.responseLatency": 2,
    "$context.error.responseType": 1,
}


def access_line_bytes(template: str) -> int:
    """Length of a line of an access log.

    >>> access_line_bytes('{"id":"$context.requestId"}')
    25
    """
    try:
        parts: Any = json.loads(template)
    except ValueError:
        return len(template)
    if not isinstance(parts, dict):
        return len(template)
    return len(template) - sum(
        len(str(value)) - _VARIABLE_BYTES.get(str(value), len(str(value)))
        for value in parts.values()
    )
