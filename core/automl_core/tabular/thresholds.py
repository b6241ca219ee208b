"""The numbers that decide what a profile and a plan say, in one table.

They are written into every ``profile.json`` (``thresholds``), so that a report can tell
what its words mean. Where no source is given the number is a judgement from the real
tables that the benchmarks use.
"""

from __future__ import annotations

from typing import Final

# -- Target and plan ------------------------------------------------------------------

MAX_CLASSES: Final = 100
"""More classes than this is no classification that a person would read."""
FEW_CODES: Final = 10
"""Whole numbers with at most this many different values are codes of classes."""
MAX_CODES: Final = 20
"""Numbers with fewer different values than this may still be codes, if they repeat enough."""
MAX_CODE_SHARE: Final = 0.05
"""Different values per row below which few-valued numbers count as repeating."""
MIN_ROWS: Final = 20
"""Rows with a target below which neither training nor checking means anything."""
MIN_COLUMNS: Final = 2
FEW_ROWS: Final = 500
"""Below this a holdout of a fifth has at most 100 rows: a share is known to about ±0.1."""
MIN_CLASS_ROWS: Final = 2
"""A class needs one row to learn from and one to be checked on."""
RARE_CLASS_ROWS: Final = 10
IMBALANCE_ROWS: Final = 20
IMBALANCE_SHARE: Final = 0.05

# -- Columns --------------------------------------------------------------------------

NEAR_CONSTANT_SHARE: Final = 0.995
NEARLY_EMPTY_SHARE: Final = 0.95
HIGH_MISSING_SHARE: Final = 0.40
HIGH_CARDINALITY: Final = 50
SKEW: Final = 3.0
OUTLIER_IQR: Final = 3.0
"""Tukey's far fences: values beyond three interquartile ranges."""
OUTLIER_SHARE: Final = 0.01
ZERO_SHARE: Final = 0.50
DUPLICATE_SHARE: Final = 0.05

# -- Pairs and leakage ----------------------------------------------------------------

CORRELATED: Final = 0.95
LEAK_AUC: Final = 0.975
LEAK_R2: Final = 0.98
"""One column alone reaching this out of fold most likely knows the answer.
DataRobot warns at a normalised Gini of 0.975 and looks closer from 0.85."""
SUSPECT_AUC: Final = 0.90
SUSPECT_R2: Final = 0.90
LEAK_PURITY: Final = 0.99
"""Share of one class among a column's gaps from which the gap itself is the answer."""
LEAK_GAP_ROWS: Final = 20
LEAK_NAME_SHARE: Final = 0.95
"""Share of rows whose cell contains the target's value as text."""

# -- Scope and caps -------------------------------------------------------------------

SAMPLE_ROWS: Final = 50_000
"""Rows of the seeded sample: 50,000 of 1,000,000 moved Spearman's rho by at most 0.005."""
MAX_ASSOCIATED_NUMERIC: Final = 100
MAX_ASSOCIATED_CATEGORICAL: Final = 40
MAX_PAIRS: Final = 50
MAX_LEVELS: Final = 100
"""A category with more values takes no part in associations: Cramér's V would be noise."""
MAX_PATTERN_COLUMNS: Final = 200

STATED: Final = {
    "constant": "one distinct value",
    "near_constant_share": NEAR_CONSTANT_SHARE,
    "nearly_empty_share": NEARLY_EMPTY_SHARE,
    "high_missing_share": HIGH_MISSING_SHARE,
    "high_cardinality": HIGH_CARDINALITY,
    "skew": SKEW,
    "outlier_iqr": OUTLIER_IQR,
    "outlier_share": OUTLIER_SHARE,
    "zero_share": ZERO_SHARE,
    "imbalance_share": IMBALANCE_SHARE,
    "imbalance_rows": IMBALANCE_ROWS,
    "duplicate_share": DUPLICATE_SHARE,
    "correlated": CORRELATED,
    "leak_auc": LEAK_AUC,
    "leak_r2": LEAK_R2,
    "suspect_auc": SUSPECT_AUC,
    "suspect_r2": SUSPECT_R2,
    "leak_purity": LEAK_PURITY,
    "leak_gap_rows": LEAK_GAP_ROWS,
    "sample_rows": SAMPLE_ROWS,
}
