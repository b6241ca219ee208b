"""Example data that comes with the platform; see ``README.md`` beside it for its source."""

from __future__ import annotations

from pathlib import Path

#: Column that the demo learns to predict.
PENGUINS_TARGET = "species"


def penguins_path() -> Path:
    """Path of the Palmer penguins table: 344 rows, 17 columns, CSV in UTF-8.

    >>> penguins_path().name
    'penguins.csv'
    """
    return Path(__file__).with_name("penguins.csv")
