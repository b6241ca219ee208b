"""``automl profile``: read and profile a table without training on it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from automl_cli.options import (
    AsJSON,
    Decimal,
    Delimiter,
    Encoding,
    Header,
    existing_file,
    read_options,
)
from automl_cli.presentation import reading_words
from automl_cli.speech import Speech, bytes_text, facts, listing, table
from automl_core.errors import TargetMissingError

if TYPE_CHECKING:
    from automl_core.tabular.schema import TableSchema


def profile(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV (also .gz) or Parquet.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for what is written.")],
    target: Annotated[
        str | None, typer.Option(metavar="COL", help="Column to hold the others against.")
    ] = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    header: Header = None,
    as_json: AsJSON = False,
) -> None:
    """Read and profile a table without training on it.

    Writes profile.json, table.parquet, eda.html and rejects.json under DIR. A table that is
    refused ends with exit code 65 and the reason in one line.
    """
    import json

    from automl_core.layout import EDA_REPORT, PROFILE, REJECTS, TABLE
    from automl_core.tabular.convert import write_parquet
    from automl_core.tabular.profile import profile_table
    from automl_core.tabular.read import scan_table
    from automl_core.tabular.report import render_eda

    speech: Speech = context.obj
    existing_file(file)
    options = read_options(encoding, delimiter, decimal, header)
    scan = scan_table(lambda: file.open("rb"), filename=file.name, options=options)
    column = _target_name(scan.schema, target)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".profile-", dir=out) as scratch:
        parquet = Path(scratch) / TABLE
        write_parquet(lambda: file.open("rb"), scan.schema, parquet, scratch=Path(scratch))
        content = profile_table(parquet, scan.schema, target=column)
        parquet.replace(out / TABLE)
    texts = {
        PROFILE: json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1),
        EDA_REPORT: render_eda(content),
        REJECTS: scan.rejects.model_dump_json(indent=1),
    }
    for name, text in texts.items():
        (out / name).write_text(text, encoding="utf-8")
    names = [TABLE, *texts]
    document = {
        "out": str(out),
        "files": names,
        "target_column": column,
        "schema": scan.schema.model_dump(mode="json"),
    }
    speech.result(document, _words(scan.schema, out, names))


def _target_name(schema: TableSchema, target: str | None) -> str | None:
    if target is None:
        return None
    column = schema.column(target)
    if column is None:
        raise TargetMissingError(
            f"There is no column {target!r}; the table has "
            f"{listing([c.name for c in schema.columns], at_most=20)}."
        )
    return column.name


def _words(schema: TableSchema, out: Path, names: list[str]) -> str:
    file = schema.file
    head = facts(
        [
            ("rows", schema.n_rows),
            ("columns", len(schema.columns)),
            ("read as", reading_words(file.model_dump())),
            ("set aside", schema.rows_set_aside),
            ("size", bytes_text(file.bytes)),
        ]
    )
    columns = table(
        ["column", "kind", "missing", "distinct", "why"],
        [[c.name, c.kind, c.n_missing, c.n_distinct, c.kind_reason] for c in schema.columns],
    )
    warnings = "".join(f"\nwarning: {text}" for text in schema.warnings)
    return f"{head}\n\n{columns}{warnings}\n\nWritten to {out}: {', '.join(names)}"
