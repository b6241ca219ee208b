"""What a Terraform plan would build, read from ``terraform show -json``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from automl_core.errors import InvalidInputError

#: Hours of a month as AWS reckons.
MONTH_HOURS: Final = 730
MONTH_S: Final = MONTH_HOURS * 3600

_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNIT_S: Final = {"minute": 60, "hour": 3600, "day": 86_400}


@dataclass(frozen=True)
class Resource:
    """One resource of a plan; an attribute that is known only after apply is not there."""

    address: str
    type: str
    values: Mapping[str, Any]

    def block(self, name: str) -> Mapping[str, Any]:
        """The first block of a name; empty where there is none."""
        found = self.values.get(name) or [{}]
        return found[0] or {}


@dataclass(frozen=True)
class Function:
    """What a Lambda function's price depends on."""

    resource: Resource

    @property
    def memory_gb(self) -> float:
        """Memory; Lambda gives 128 MB where nothing is said."""
        return float(self.resource.values.get("memory_size") or 128) / 1024

    @property
    def price(self) -> str:
        """Name of the price of its gigabyte-seconds."""
        processors = self.resource.values.get("architectures") or ["x86_64"]
        return "lambda_arm_gb_second" if processors == ["arm64"] else "lambda_x86_gb_second"

    @property
    def is_traced(self) -> bool:
        """Whether X-Ray records its calls."""
        return bool(self.resource.block("tracing_config").get("mode") == "Active")

    @property
    def logs_each_call(self) -> bool:
        """Whether Lambda itself writes START, END and REPORT for each call."""
        logging = self.resource.block("logging_config")
        is_quiet = logging.get("log_format") == "JSON" and logging.get("system_log_level") == "WARN"
        return not is_quiet


@dataclass(frozen=True)
class Infrastructure:
    """Every managed resource of a plan, and the variables it was made with."""

    resources: tuple[Resource, ...]
    variables: Mapping[str, Any]

    def of_type(self, *types: str) -> list[Resource]:
        """Resources of some types, in the order of the plan."""
        return [each for each in self.resources if each.type in types]

    def function(self, name: str) -> Function:
        """The Lambda function ``automl_backend.lambdas.<name>``.

        Raises
        ------
        InvalidInputError
            If the plan has none: it is the plan of something else.
        """
        ending = f".lambdas.{name}.handler"
        for each in self.of_type("aws_lambda_function"):
            if str(each.values.get("handler", "")).endswith(ending):
                return Function(each)
        raise InvalidInputError(
            f"The plan has no Lambda function whose handler ends in {ending!r}; give the plan of "
            "infrastructure/, with every resource in it (of an empty state, or a refreshed one)."
        )


def read_plan(text: str | bytes) -> Infrastructure:
    """Read the JSON form of a plan or of a state.

    Raises
    ------
    InvalidInputError
        If it is neither.
    """
    try:
        document = json.loads(text)
        root = (document.get("planned_values") or document["values"])["root_module"]
        resources = tuple(_resources(root))
        variables = {
            name: given.get("value") for name, given in document.get("variables", {}).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            "This is no plan in JSON; make one with: terraform plan -out=PLAN, then "
            "terraform show -json PLAN."
        ) from error
    return Infrastructure(resources, variables)


def _resources(module: Mapping[str, Any]) -> Iterator[Resource]:
    for each in module.get("resources", []):
        if each["mode"] == "managed":
            yield Resource(each["address"], each["type"], each.get("values") or {})
    for child in module.get("child_modules", []):
        yield from _resources(child)


def runs_a_month(schedule: Resource) -> float:
    """How often a schedule runs its target.

    Raises
    ------
    InvalidInputError
        If its expression is no rate.
    """
    expression = str(schedule.values.get("schedule_expression", ""))
    found = _RATE.fullmatch(expression)
    if not found:
        raise InvalidInputError(
            f"{schedule.address} runs at {expression!r}; only rates such as 'rate(5 minutes)' "
            "can be reckoned with."
        )
    return MONTH_S / (int(found[1]) * _UNIT_S[found[2]])
