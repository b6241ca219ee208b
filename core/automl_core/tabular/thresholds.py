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
MIN_ROWS: Final = 20
"""Rows with a target below which neither training nor checking means anything."""
MIN_COLUMNS: Final = 2
FEW_ROWS: Final = 500
"""Below this a holdout of a fifth has at most 100 rows: a share is known to about ±0.1."""
MIN_CLASS_ROWS: Final = 2
"""A class needs one row to learn from and one to be checked on."""
RARE_CLASS_ROWS: Final = 10
"""A class with fewer rows has at most one in each fifth that a model is checked on."""
IMBALANCE_ROWS: Final = 20
"""A class with fewer rows has about four in the holdout: its score is a guess."""
IMBALANCE_SHARE: Final = 0.05
"""Below this always answering the usual class is right in over 95 % of two-class rows."""

# -- Columns --------------------------------------------------------------------------

NEAR_CONSTANT_SHARE: Final = 0.995
"""One row in two hundred differs: fewer than a split of a tree is fitted on."""
NEARLY_EMPTY_SHARE: Final = 0.95
HIGH_MISSING_SHARE: Final = 0.40
"""From here the gaps decide more than the values what is learned."""
HIGH_CARDINALITY: Final = 50
"""More values than a person would read, or one-hot columns be made of."""
SKEW: Final = 3.0
"""An exponential distribution has 2; beyond 3 a few rows carry the mean."""
SKEW_VALUES: Final = 10
"""Counts and flags with at most so many values are skewed by nature, which says nothing."""
OUTLIER_IQR: Final = 3.0
"""Tukey's far fences: values beyond three interquartile ranges."""
OUTLIER_SHARE: Final = 0.01
"""Of a normal distribution 0.0002 % lie beyond the far fences."""
OUTLIER_ROWS: Final = 5
"""Fewer rows are told by minimum and maximum; a share of a small table says little."""
ZERO_SHARE: Final = 0.50
DUPLICATE_SHARE: Final = 0.05
"""One holdout row in twenty would be known from training."""
GROUP_SHARE: Final = 0.98
"""An identifier with fewer different values per row than this repeats."""
GROUP_TELLS_AUC: Final = 0.70
GROUP_TELLS_R2: Final = 0.20
"""Out-of-fold score of a repeating identifier from which its rows share their answer."""

# -- Cells ----------------------------------------------------------------------------

DISGUISE_NUMBERS: Final = (-99999, -9999, -999, -99, -9, -1, 99, 999, 9999, 99999, 999999)
"""Stand-ins for "missing" of statistics programs and forms."""
DISGUISE_WORDS: Final = frozenset(
    (
        "?", "??", "-", "--", "---", ".", "unknown", "unk", "missing", "undefined", "tbd", "n.a.",
        "n/a", "na", "null", "nil", "void", "blank", "empty", "#n/a", "#value!", "xxx",
        "not available", "not applicable", "not specified", "not known", "not given",
        "not reported", "not stated", "unspecified", "unbekannt", "k.a.", "keine angabe",
        "nicht bekannt", "fehlt", "inconnu", "inconnue", "non renseigné", "non disponible",
        "desconocido", "desconocida", "no disponible", "sin dato",
    )
)  # fmt: skip
"""Words that stand for "missing". Not "none", which mostly means that there is none."""
DISGUISE_DATES: Final = (-2208988800, 0, 253402214400, 253402300799, 4102444800, 2147483647)
"""1900-01-01, 1970-01-01, 9999-12-31 (start and end), 2100-01-01 and the last second of
32 bits: the nothing of spreadsheets, clocks, contracts and programs."""
DISGUISE_SHARE: Final = 0.005
"""Rarer stand-ins change little, and any number comes up now and then."""
DISGUISE_SPREADS: Final = 5.0
"""Interquartile ranges from the median beyond which a stand-in number does not belong."""
ZERO_GAP_SHARE: Final = 0.25
"""No value between nought and this part of the median: noughts are no measurements."""
MIXED_SHARE: Final = 0.50
"""A text column with at least so many numbers was meant to be numeric."""
PERSONAL_SHARE: Final = 0.50
"""Of the values, those that must look like personal data; half, since forms are filled badly."""
PERSONAL_CHECKED_SHARE: Final = 0.80
"""The same of bare digits with a check digit, which one random number in ten passes."""
PERSONAL_TEXT_SHARE: Final = 0.01
"""Of free texts, those with an e-mail address inside."""
PERSONAL_ROWS: Final = 5
WEIGHT_SPREAD: Final = 10.0
"""Largest value over median from which a column named weight weighs rows: no body does."""

# -- Time -----------------------------------------------------------------------------

SORTED_SHARE: Final = 0.99
"""Of the steps from row to row, those that do not go back in time."""
SORTED_VALUES: Final = 20
TIME_TELLS_AUC: Final = 0.65
TIME_TELLS_R2: Final = 0.10
"""Out-of-fold score of the time alone from which the target changes over time."""
TIME_GAP_SHARE: Final = 0.05
TIME_GAP_STEPS: Final = 20
"""A gap is told if it is this part of the whole span and so many usual steps long."""

# -- Pairs and leakage ----------------------------------------------------------------

CORRELATED: Final = 0.95
"""Nine tenths of the variance (0.95²) are the same."""
LEAK_AUC: Final = 0.975
LEAK_R2: Final = 0.98
"""One column alone reaching this out of fold most likely knows the answer.
DataRobot warns at a normalised Gini of 0.975 and looks closer from 0.85."""
SURE_AUC: Final = 0.995
"""The same of several classes: nature's differ in one measurement now and then (the petals of
irises reach 0.985), so that below this the finding is of medium severity."""
SUSPECT_AUC: Final = 0.90
SUSPECT_R2: Final = 0.90
"""From here a single column deserves a look; strong honest features do reach it."""
CHANCE: Final = 1e-3
"""Chance that a whole table of noise raises one alarm of a kind."""
LEAK_PURITY: Final = 0.99
"""Share of one class among a column's gaps from which the gap itself is the answer."""
LEAK_BASE_SHARE: Final = 0.80
"""A class that more rows have than this fills any gap; that tells nothing."""
LEAK_GAP_ROWS: Final = 20
LEAK_NAME_SHARE: Final = 0.95
"""Share of rows whose cell contains the target's value as text."""
LEAK_COPY_SHARE: Final = 0.99
"""Rows beyond the usual answer for which a copy or a grouping of the target is right."""
LEAK_FORMULA_SHARE: Final = 0.99
"""Rows for which the target is exactly what other columns compute."""
MIN_BAND_ROWS: Final = 10
"""Rows outside the largest group: ten that are right by chance are one in a million."""
NAMED_AUC: Final = 0.75
NAMED_R2: Final = 0.30
"""Score from which a suspicious name is told; a name without any signal harms nothing."""
MAX_SCORED_CLASSES: Final = 20
MIN_SCORED_CLASS_ROWS: Final = 10
"""The area of a class with fewer rows, two in each fold, is mostly chance."""
MAX_FORMULA_COLUMNS: Final = 300
"""Numeric columns whose pairs are asked for a formula: 45,000 pairs."""

# -- Scope and caps -------------------------------------------------------------------

SAMPLE_ROWS: Final = 50_000
"""Rows of the seeded sample: 50,000 of 1,000,000 moved Spearman's rho by at most 0.005."""
MAX_PAIRS: Final = 50
MAX_LEVELS: Final = 100
"""A category with more values takes no part in associations: Cramér's V would be noise."""
MAX_PATTERN_COLUMNS: Final = 200
MAX_CHARTED: Final = 200
"""Features, best first, that are drawn against the target."""

STATED: Final = {
    "constant": "one distinct value",
    "near_constant_share": NEAR_CONSTANT_SHARE,
    "nearly_empty_share": NEARLY_EMPTY_SHARE,
    "high_missing_share": HIGH_MISSING_SHARE,
    "high_cardinality": HIGH_CARDINALITY,
    "skew": SKEW,
    "skew_values": SKEW_VALUES,
    "outlier_iqr": OUTLIER_IQR,
    "outlier_share": OUTLIER_SHARE,
    "outlier_rows": OUTLIER_ROWS,
    "zero_share": ZERO_SHARE,
    "disguise_share": DISGUISE_SHARE,
    "mixed_share": MIXED_SHARE,
    "personal_share": PERSONAL_SHARE,
    "imbalance_share": IMBALANCE_SHARE,
    "imbalance_rows": IMBALANCE_ROWS,
    "few_rows": FEW_ROWS,
    "duplicate_share": DUPLICATE_SHARE,
    "group_share": GROUP_SHARE,
    "sorted_share": SORTED_SHARE,
    "correlated": CORRELATED,
    "leak_auc": LEAK_AUC,
    "leak_r2": LEAK_R2,
    "sure_auc": SURE_AUC,
    "suspect_auc": SUSPECT_AUC,
    "suspect_r2": SUSPECT_R2,
    "leak_purity": LEAK_PURITY,
    "leak_gap_rows": LEAK_GAP_ROWS,
    "leak_formula_share": LEAK_FORMULA_SHARE,
    "chance": CHANCE,
    "sample_rows": SAMPLE_ROWS,
}
