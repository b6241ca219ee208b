"""Writes the tables of ``docs/costs.md`` by the calculator, from a Terraform plan.

``make costs PLAN=plan.json`` with the output of ``terraform show -json PLAN``. Each table
stands between two comments with its name; whatever stands around them is left alone.
With ``--check`` nothing is written: the exit code is 1, and the difference printed, if the
page is out of date.
"""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from automl_core.costs.prices import PriceFile, load_prices

PAGE = Path(__file__).parents[1] / "docs" / "costs.md"
BILLS = ("idle", "training", "predictions")
HOURS_A_MONTH = 730


def main(arguments: list[str]) -> int:
    """Rewrite the page from the plan that the command line names, or check that it need not be."""
    only_checks = "--check" in arguments
    plans = [each for each in arguments if each != "--check"]
    if len(plans) != 1:
        sys.stderr.write("usage: python benchmarks/cost_tables.py PLAN.json [--check]\n")
        return 2
    page = present = PAGE.read_text("utf-8")
    for name in BILLS:
        page = put(page, name, bill_table(_reckon(name, plans[0])))
    page = put(page, "sagemaker", sagemaker_table(load_prices()))
    if only_checks:
        sys.stdout.writelines(difflib.unified_diff(present.splitlines(True), page.splitlines(True)))
        return int(page != present)
    PAGE.write_text(page, "utf-8")
    return 0


def put(page: str, name: str, table: str) -> str:
    """Replace what stands between the two comments of a table."""
    block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not block.search(page):
        raise SystemExit(f"The page has no place for the table {name!r}.")
    return block.sub(lambda found: f"{found[1]}{table}\n{found[2]}", page)


def bill_table(bill: dict[str, Any]) -> str:
    """One bill, a row for each line."""
    free = "less what is always free" if bill["counts_free_tier"] else "nothing taken as free"
    rows = [
        f"| {line['item']} | {_amount(line['quantity'])} | {_amount(line['free_quantity'])} | "
        f"{line['unit']} | {_number(line['unit_dollars'])} | {line['dollars']:.6f} | "
        f"{line['basis']} |"
        for line in bill["lines"]
    ]
    total = f"**${bill['dollars']:.4f}**, at most ${bill['bar_dollars']:g}"
    return "\n".join(
        [
            f"{bill['title']}: {total} ({bill['region']}, list prices of "
            f"{bill['prices_as_of']}, {free}).",
            "",
            "| item | quantity | free of it | unit | $ a unit | $ | basis |",
            "|---|---:|---:|---|---:|---:|---|",
            *rows,
        ]
    )


def sagemaker_table(prices: PriceFile) -> str:
    """What SageMaker asks for the same by its price list."""
    offers = [
        ("an hour of a Canvas session, training not included", "sagemaker_canvas_session_hour", 1),
        (
            "a month of the smallest endpoint",
            "sagemaker_endpoint_t3_medium_hour",
            HOURS_A_MONTH,
        ),
        (
            "a month of two of them, as the service level agreement asks",
            "sagemaker_endpoint_t3_medium_hour",
            2 * HOURS_A_MONTH,
        ),
        (
            "a month of an ml.m5.xlarge endpoint",
            "sagemaker_endpoint_m5_xlarge_hour",
            HOURS_A_MONTH,
        ),
    ]
    rows = [
        f"| {what} | {_number(prices.dollars(name))} | {prices.dollars(name) * hours:.2f} | "
        f"{prices.prices[name].read} |"
        for what, name, hours in offers
    ]
    return "\n".join(["| SageMaker | $ an hour | $ | price read |", "|---|---:|---:|---|", *rows])


def _reckon(name: str, plan: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "automl_cli", "cost", name, "--plan", plan, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    bill: dict[str, Any] = json.loads(done.stdout)
    return bill


def _amount(value: float) -> str:
    """A quantity to four significant digits, large ones as whole numbers."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def _number(value: float) -> str:
    """A price without exponents, since that of a request has many zeros."""
    return f"{value:,.10f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
