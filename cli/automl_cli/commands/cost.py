"""``automl cost``: what the AWS home costs, reckoned from its Terraform plan."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from automl_cli.exits import CommandError
from automl_cli.options import AsJSON, existing_file
from automl_cli.speech import Speech, table
from automl_core.errors import LimitExceededError, exit_code

if TYPE_CHECKING:
    from automl_core.costs.check import CostCheck
    from automl_core.costs.infrastructure import Infrastructure
    from automl_core.costs.ledger import Bill

#: As many as the longest price has.
_SIGNIFICANT_DIGITS: Final = 6

group = typer.Typer(
    help="What the AWS home costs, from the JSON of its Terraform plan.",
    rich_markup_mode=None,
)

PlanFile = Annotated[
    Path,
    typer.Option(
        "--plan",
        metavar="FILE",
        help="Output of 'terraform show -json PLAN' for infrastructure/.",
    ),
]
FreeTier = Annotated[
    bool,
    typer.Option(
        "--free-tier/--no-free-tier",
        help="Take off what every account has free each month without end.",
    ),
]
ImageGB = Annotated[
    float, typer.Option("--image-gb", min=0.0, help="Size of the training image, compressed.")
]
StoredGB = Annotated[
    float, typer.Option("--stored-gb", min=0.0, help="Data sets, models and reports.")
]


@group.command("idle")
def idle(
    context: typer.Context,
    *,
    plan: PlanFile,
    image_gb: ImageGB = 0.35,
    stored_gb: StoredGB = 1.0,
    free_tier: FreeTier = True,
    as_json: AsJSON = False,
) -> None:
    """Reckon a month in which nobody does anything."""
    from automl_core.costs.idle import IdleAssumptions, idle_month
    from automl_core.costs.prices import load_prices

    speech: Speech = context.obj
    bill = idle_month(
        _read(plan),
        load_prices(),
        assuming=IdleAssumptions(image_gb=image_gb, stored_gb=stored_gb),
        with_free_tier=free_tier,
    )
    speech.result(bill.model_dump(mode="json"), _bill_words(bill))


@group.command("training")
def training(
    context: typer.Context,
    *,
    plan: PlanFile,
    minutes: Annotated[
        float, typer.Option(min=0.1, help="From the trainer's first line to its last.")
    ] = 5.0,
    file_mb: Annotated[
        int, typer.Option("--file-mb", min=1, help="Size of the CSV; decides the container.")
    ] = 30,
    spot: Annotated[
        bool, typer.Option("--spot/--on-demand", help="Capacity that may be taken back, or not.")
    ] = True,
    free_tier: FreeTier = True,
    as_json: AsJSON = False,
) -> None:
    """Reckon one training."""
    from automl_core.costs.prices import load_prices
    from automl_core.costs.training_run import training_run

    speech: Speech = context.obj
    bill = training_run(
        _read(plan),
        load_prices(),
        work_s=minutes * 60,
        file_size_bytes=file_mb * 1_000_000,
        is_spot=spot,
        with_free_tier=free_tier,
    )
    speech.result(bill.model_dump(mode="json"), _bill_words(bill))


@group.command("predictions")
def predictions(
    context: typer.Context,
    *,
    plan: PlanFile,
    n: Annotated[int, typer.Option("--count", min=1, help="Requests of one row each.")] = 1_000_000,
    per_second: Annotated[
        float | None,
        typer.Option("--per-second", min=1e-6, help="Rate; spread over a month unless given."),
    ] = None,
    free_tier: FreeTier = True,
    as_json: AsJSON = False,
) -> None:
    """Reckon predictions."""
    from automl_core.costs.predictions import predictions as predictions_bill
    from automl_core.costs.prices import load_prices

    speech: Speech = context.obj
    bill = predictions_bill(
        _read(plan),
        load_prices(),
        n_predictions=n,
        rate_per_s=per_second,
        with_free_tier=free_tier,
    )
    speech.result(bill.model_dump(mode="json"), _bill_words(bill))


@group.command("check")
def check(
    context: typer.Context,
    *,
    plan: PlanFile,
    free_tier: FreeTier = True,
    as_json: AsJSON = False,
) -> None:
    """Hold a plan against every bar.

    A plan that costs more, or has a resource that costs while nobody uses it, ends with
    exit code 65.
    """
    from automl_core.costs.check import check_plan
    from automl_core.costs.prices import load_prices

    speech: Speech = context.obj
    found = check_plan(_read(plan), load_prices(), with_free_tier=free_tier)
    document = found.model_dump(mode="json")
    words = _check_words(found)
    if found.is_good:
        speech.result(document, words)
        return
    if not as_json:
        speech.say(words)
    raise CommandError(
        found.verdict,
        code=LimitExceededError.code,
        exit_status=exit_code(LimitExceededError("")),
        document=document,
    )


def _read(plan: Path) -> Infrastructure:
    from automl_core.costs.infrastructure import read_plan

    return read_plan(existing_file(plan).read_bytes())


def _bill_words(bill: Bill) -> str:
    rows = [
        [
            line.item,
            _number(line.quantity),
            _number(line.free_quantity) if line.free_quantity else None,
            line.unit,
            _number(line.unit_dollars),
            f"{line.dollars:.6f}",
            line.basis,
        ]
        for line in bill.lines
    ]
    lines = table(["item", "quantity", "always free", "unit", "$ a unit", "$", "basis"], rows)
    free = "less what is always free" if bill.counts_free_tier else "nothing taken as free"
    return (
        f"{bill.title} ({bill.region}, list prices of {bill.prices_as_of}, {free})\n\n{lines}\n\n"
        f"{_total(bill)}"
    )


def _total(bill: Bill) -> str:
    if bill.bar_dollars is None:
        return f"${bill.dollars:.4f}"
    relation = "within" if bill.is_within else "ABOVE"
    return f"${bill.dollars:.4f}, {relation} the bar of ${bill.bar_dollars:g}"


def _check_words(found: CostCheck) -> str:
    bills = "\n".join(f"{bill.title}: {_total(bill)}" for bill in found.bills)
    others = table(
        ["for comparison", "$", "listed"],
        [[each.item, f"{each.dollars:,.2f}", each.read] for each in found.comparisons],
    )
    head = f"{bills}\n\n{others}"
    if not found.forbidden:
        return f"{head}\n\nNothing costs while nobody uses it."
    rows = [
        [
            each.address,
            each.what,
            "by its size" if each.dollars_a_month is None else f"{each.dollars_a_month:.2f}",
            each.instead,
        ]
        for each in found.forbidden
    ]
    return f"{head}\n\n{table(['forbidden', 'is', '$ a month', 'instead'], rows)}"


def _number(value: float) -> str:
    """Without exponents, since prices of a request have many zeros.

    >>> _number(1_000_000), _number(344_520.1887), _number(0.0000166667), _number(13.5)
    ('1,000,000', '344,520', '0.0000166667', '13.5')
    """
    if not value:
        return "0"
    decimals = max(0, _SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(value)))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
