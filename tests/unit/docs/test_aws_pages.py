"""The pages about the AWS home say what Terraform, workflows and price file say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from automl_core.costs.prices import load_prices

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
INFRASTRUCTURE = ROOT / "infrastructure"


def outputs_of(root: Path) -> set[str]:
    return set(re.findall(r'^output "(\w+)"', (root / "outputs.tf").read_text(), re.MULTILINE))


def variables_of(root: Path) -> set[str]:
    return set(re.findall(r'^variable "(\w+)"', (root / "variables.tf").read_text(), re.MULTILINE))


def table_of(name: str) -> tuple[str, list[list[str]]]:
    """First line and rows of a generated table."""
    page = (DOCS / "costs.md").read_text("utf-8")
    [block] = re.findall(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", page, re.DOTALL)
    rows = [line for line in block.splitlines() if line.startswith("| ")]
    return block, [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[1:]]


def number(text: str) -> float:
    return float(text.replace(",", ""))


@pytest.mark.parametrize("name", ["idle", "training", "predictions"])
def test_a_bill_is_within_its_bar_and_its_lines_make_its_sum(name):
    block, rows = table_of(name)
    [(total, bar)] = re.findall(r"\*\*\$([\d.]+)\*\*, at most \$([\d.]+)", block)

    # Lines are rounded to a millionth of a dollar, the sum to a hundredth of a cent.
    assert sum(number(row[5]) for row in rows) == pytest.approx(number(total), abs=1e-4)
    assert number(total) <= number(bar)


@pytest.mark.parametrize("name", ["idle", "training", "predictions"])
def test_a_bill_is_reckoned_with_the_prices_of_today(name):
    block, rows = table_of(name)
    prices = load_prices()
    known = {(each.unit, each.dollars) for each in prices.prices.values()}

    assert f"{prices.region}, list prices of {prices.as_of.isoformat()}" in block
    assert [row[0] for row in rows if (row[3], number(row[4])) not in known] == []


def test_sagemakers_prices_are_those_of_the_price_file():
    _, rows = table_of("sagemaker")
    prices = load_prices().prices
    known = {
        (each.dollars, str(each.read))
        for name, each in prices.items()
        if name.startswith("sagemaker")
    }

    assert {(number(row[1]), row[3]) for row in rows} == known


def test_every_alarm_is_explained_and_no_other():
    terraform = (INFRASTRUCTURE / "modules" / "observability" / "main.tf").read_text("utf-8")
    made = set(re.findall(r"^    ([a-z0-9-]+) = \{$", terraform, re.MULTILINE))
    page = (DOCS / "operate.md").read_text("utf-8")
    section = page.partition("## Alarms")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)

    assert set(re.findall(r"`([a-z0-9-]+)`", " ".join(rows))) == made


def test_outputs_that_the_pages_name_are_there():
    deploy = (DOCS / "deploy.md").read_text("utf-8")
    operate = (DOCS / "operate.md").read_text("utf-8")
    compose = (DOCS / "compose.md").read_text("utf-8")

    bootstrap = set(re.findall(r"boot (\w+)\)|output `(\w+)`", deploy))
    deployed = set(re.findall(r"-chdir=infrastructure output -raw (\w+)", deploy + operate))
    [names] = re.findall(r"^for name in ([a-z0-9_ ]+); do$", compose, re.MULTILINE)

    assert {one or other for one, other in bootstrap} <= outputs_of(INFRASTRUCTURE / "bootstrap")
    assert deployed | set(names.split()) <= outputs_of(INFRASTRUCTURE)


def test_variables_of_terraform_that_the_pages_name_are_there():
    known = variables_of(INFRASTRUCTURE) | variables_of(INFRASTRUCTURE / "bootstrap")
    named = {
        name
        for page in ("deploy", "operate", "costs")
        for name in re.findall(
            r"TF_VAR_(\w+)=|-var [\"']?(\w+)=|`([a-z]+(?:_[a-z]+)+)`",
            (DOCS / f"{page}.md").read_text("utf-8"),
        )
        for name in name
        if name
    }
    outputs = outputs_of(INFRASTRUCTURE) | outputs_of(INFRASTRUCTURE / "bootstrap")

    assert sorted(named - known - outputs - {"dataset_id", "prevent_destroy"}) == []


def test_variables_of_the_repository_that_workflows_read_are_listed_and_no_other():
    read = {
        name
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for name in re.findall(r"vars\.([A-Z_]+)", path.read_text("utf-8"))
    }
    page = (DOCS / "deploy.md").read_text("utf-8")
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE))

    assert listed == read


def test_every_workflow_that_somebody_starts_is_listed_by_its_name():
    page = (DOCS / "deploy.md").read_text("utf-8")
    names = {
        re.findall(r"^name: (.+)$", path.read_text("utf-8"), re.MULTILINE)[0]
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        if path.stem != "plan-and-apply"
    }

    assert {name for name in names if f"| {name} |" not in page} == set()
