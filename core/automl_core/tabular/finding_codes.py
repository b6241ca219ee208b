"""Every code that a finding may have: when it is told, how severe it is, what to do.

``docs/findings.md`` is written from here; a test holds both equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from automl_core.tabular import thresholds as limits
from automl_core.tabular.wording import share


@dataclass(frozen=True)
class Code:
    """One code's line on the page; ``severity`` names the possible ones."""

    severity: str
    when: str
    todo: str


def _rows(number: int) -> str:
    return f"{number:,} rows"


CODES: Final[Mapping[str, Code]] = {
    # -- Target and leakage
    "target-refused": Code(
        "high",
        "The chosen column cannot be predicted.",
        "Choose another target, or the task (`task_type`), if it can be predicted.",
    ),
    "target-missing": Code(
        "medium",
        "Rows without a value of the target.",
        "Nothing: they are left out; no target is ever filled in.",
    ),
    "leakage-formula": Code(
        "high",
        "The target is the sum, difference, product or ratio of two columns, or a weighted "
        f"sum of several, in at least {share(limits.LEAK_FORMULA_SHARE)} of rows.",
        "Exclude the columns, unless they are known before the answer is.",
    ),
    "leakage-copy": Code(
        "high",
        "One value for each class and one class for each value (right in "
        f"{share(limits.LEAK_COPY_SHARE)} of the rows that the usual answer misses), or a "
        f"number that rises or falls with the target (R² of ranks from {limits.LEAK_R2}).",
        "Exclude it.",
    ),
    "leakage-function": Code(
        "high",
        "The column follows from the target: classes grouped, or a number cut into bands.",
        "Exclude it.",
    ),
    "leakage-gap": Code(
        "high",
        f"At least {_rows(limits.LEAK_GAP_ROWS)} with a gap (or with a value), "
        f"{share(limits.LEAK_PURITY)} of them of one class that at most "
        f"{share(limits.LEAK_BASE_SHARE)} of all rows have.",
        "Exclude the column if it is filled in only afterwards.",
    ),
    "leakage-text": Code(
        "high",
        f"The text contains the target's value in {share(limits.LEAK_NAME_SHARE)} of rows.",
        "Exclude it.",
    ),
    "leakage-score": Code(
        f"high; medium with several classes below {limits.SURE_AUC}",
        f"The column alone reaches an area of {limits.LEAK_AUC} or R² of {limits.LEAK_R2} out "
        "of fold.",
        "Exclude it if it is known only afterwards.",
    ),
    "leakage-suspect": Code(
        "medium; low with several classes",
        f"The same from {limits.SUSPECT_AUC} (area) or {limits.SUSPECT_R2} (R²).",
        "Check that it is known before the answer is.",
    ),
    "leakage-name": Code(
        "medium",
        "The name contains the target's or speaks of the time afterwards, and the column "
        f"alone reaches an area of {limits.NAMED_AUC} or R² of {limits.NAMED_R2}.",
        "Check when it is filled in.",
    ),
    "leakage-identifier": Code(
        "medium",
        "An identifier, its order or its leading letters score like leakage.",
        "Nothing for the model, which leaves it out; find out why the rows are in this order.",
    ),
    "imbalance": Code(
        "medium",
        "The rarest of two classes, or of several, has less than "
        f"{share(limits.IMBALANCE_SHARE)} of rows.",
        "Judge by a metric that minds the balance.",
    ),
    "rare-classes": Code(
        "medium",
        f"Classes with fewer than {_rows(limits.IMBALANCE_ROWS)}.",
        "Add rows or merge them with another class.",
    ),
    "target-skew": Code(
        "low",
        f"A numeric target with a skew beyond ±{limits.SKEW:g}.",
        "Judge by the mean absolute error, or predict the logarithm.",
    ),
    # -- Rows
    "duplicates": Code(
        f"low; medium above {share(limits.DUPLICATE_SHARE)}",
        "Rows that repeat an earlier row in every column.",
        "Check whether they are real; copies on both sides of a split flatter the score.",
    ),
    "conflicting-labels": Code(
        f"low; medium above {share(limits.DUPLICATE_SHARE)}",
        "Rows alike in every feature with different targets.",
        "No model can tell them apart; look for a column that does.",
    ),
    "few-rows": Code(
        "medium",
        f"Fewer than {_rows(limits.FEW_ROWS)}.",
        "Read every score with its interval, or collect more rows.",
    ),
    "wide": Code(
        "medium",
        "More columns than rows.",
        "Some columns fit by chance; read importances with care.",
    ),
    "time-order": Code(
        "medium if the target changes with time, else low",
        f"{share(limits.SORTED_SHARE)} of the steps from row to row go one way in a column of "
        f"times, or the time alone tells the target (area {limits.TIME_TELLS_AUC}, R² "
        f"{limits.TIME_TELLS_R2}).",
        "Choose it as time_column if the model is to predict what comes later.",
    ),
    "time": Code(
        "info",
        "A column of dates in no order.",
        "Choose it as time_column if the model is to predict what comes later.",
    ),
    "groups": Code(
        "low; medium if rows of one value share their answer",
        f"An identifier with fewer different values than {share(limits.GROUP_SHARE)} of its rows.",
        "Choose it as group_column if its rows belong together.",
    ),
    "weights": Code(
        "info",
        f"A column named weight whose largest value is over {limits.WEIGHT_SPREAD:g} times "
        "its median.",
        "Choose it as weight_column if it weighs the rows of a survey.",
    ),
    "set-aside": Code(
        "medium",
        "Lines that could not be read as rows.",
        "See rejects.json; repair them in the file.",
    ),
    "padded": Code(
        "low",
        "Rows that were shorter than the header.",
        "See rejects.json; check that nothing moved into the wrong column.",
    ),
    # -- People
    "personal-data": Code(
        "medium; low by the name alone",
        f"{share(limits.PERSONAL_SHARE)} of the values look like personal data (digits with a "
        f"check digit: {share(limits.PERSONAL_CHECKED_SHARE)}; e-mail addresses inside texts: "
        f"{share(limits.PERSONAL_TEXT_SHARE)}), or the name says so.",
        "Remove or replace it before the table is shared.",
    ),
    "sensitive": Code(
        "info",
        "The name speaks of sex, origin, religion, health, age and the like.",
        "Decide whether the model may use it; compare the errors of its groups.",
    ),
    # -- Columns
    "empty": Code(
        "info",
        "No value in any row.",
        "Nothing: it is left out.",
    ),
    "constant": Code(
        "info",
        "One value only.",
        "Nothing: it is left out.",
    ),
    "identifier": Code(
        "info",
        "Names rows instead of describing them.",
        "Nothing: it is left out.",
    ),
    "text": Code(
        "info",
        "Free text.",
        "Nothing: its frequent words are counted and learned from.",
    ),
    "near-constant": Code(
        "low",
        f"One value in at least {share(limits.NEAR_CONSTANT_SHARE)} of rows.",
        "Exclude it to save time.",
    ),
    "nearly-empty": Code(
        "medium",
        f"Missing in at least {share(limits.NEARLY_EMPTY_SHARE)} of rows.",
        "Kept, since empty may mean 'none'; exclude it if it does not.",
    ),
    "high-missing": Code(
        "low",
        f"Missing in at least {share(limits.HIGH_MISSING_SHARE)} of rows.",
        "Kept, since empty may mean 'none'; exclude it if it does not.",
    ),
    "disguised-missing": Code(
        "medium",
        f"A stand-in for 'missing' in at least {share(limits.DISGUISE_SHARE)} of values: -999 "
        "and the like far from the rest, 'unknown', '?', 1900-01-01, or 0 where no other "
        "value comes near it (age, weight, year).",
        "Replace it by an empty cell in the file, if it is one.",
    ),
    "mixed": Code(
        "medium",
        f"Words in a column of which at least {share(limits.MIXED_SHARE)} are numbers.",
        "Repair or empty the words, so that the column is read as numbers.",
    ),
    "units": Code(
        "low",
        "Numbers written with a unit.",
        "Write the numbers alone, the unit into the name.",
    ),
    "high-cardinality": Code(
        "info",
        f"A category with more than {limits.HIGH_CARDINALITY} different values.",
        "Rare ones are learned as one; a coarser grouping may serve better.",
    ),
    "codes": Code(
        "info",
        "Whole numbers whose name says that they are codes (zip, class, flight).",
        "Write them with a letter in front to have them learned as categories.",
    ),
    "skew": Code(
        "low",
        f"Skew beyond ±{limits.SKEW:g} with more than {limits.SKEW_VALUES} values, not mostly "
        "zero.",
        "Tree models do not mind; a linear model may gain from a logarithm.",
    ),
    "outliers": Code(
        "low",
        f"More than {share(limits.OUTLIER_SHARE)} of values, and at least "
        f"{limits.OUTLIER_ROWS}, beyond {limits.OUTLIER_IQR:g} interquartile ranges.",
        "Check that they are real measurements.",
    ),
    "excess-zeros": Code(
        "info",
        f"More than {share(limits.ZERO_SHARE)} zeros among more than {limits.SKEW_VALUES} values.",
        "Check that zero is a value and not 'unknown'.",
    ),
    "infinite": Code(
        "medium",
        "Infinite values.",
        "Check how they were computed; they count as missing.",
    ),
    "correlated": Code(
        "low",
        f"Two columns with an association of at least {limits.CORRELATED}.",
        "One of each pair would do; importances are shared between them.",
    ),
    "unreadable": Code(
        "low",
        "Cells that do not fit their column and are read as missing.",
        "Repair them in the file.",
    ),
    "renamed": Code(
        "info",
        "Columns without a name of their own got one.",
        "Use the new names in options and predictions.",
    ),
}
"""In the order of worth within a severity."""


def render_page() -> str:
    """The table of ``docs/findings.md``."""
    head = "| code | severity | when | what to do |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{name}` | {code.severity} | {code.when} | {code.todo} |\n"
        for name, code in CODES.items()
    )
