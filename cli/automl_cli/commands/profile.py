"""``automl profile``: read and profile a table without training on it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from automl_cli.options import (
    AsJSON,
    Decimal,
    Delimiter,
    Encoding,
    Header,
    Seed,
    TableFile,
    Task,
    deep_report_python,
    existing_file,
    read_options,
)
from automl_cli.presentation import (
    deep_report_words,
    findings_words,
    reading_words,
    target_words,
)
from automl_cli.speech import Speech, bytes_text, facts, listing, printable, table
from automl_core.errors import ConfigurationError, ConflictError, TargetMissingError

if TYPE_CHECKING:
    from automl_core.tabular.read import Scan
    from automl_core.tabular.schema import TableSchema

#: Columns that are listed; a wide table would push what matters out of sight.
MAX_COLUMNS = 60


def profile(
    context: typer.Context,
    *,
    file: TableFile,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for what is written; default: the file's name with -profile, here.",
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(metavar="COL", help="Column to hold the others against.")
    ] = None,
    task: Task = "auto",
    seed: Seed = 0,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    header: Header = None,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep",
            help="Also a report by fg-data-profiling, where it is installed (make deep).",
        ),
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Read and profile a table without training on it.

    Writes profile.json, table.parquet, eda.html and rejects.json under DIR, all of them or
    none, and says what was found. A table that is refused ends with exit code 65 and the
    reason in one line.
    """
    from automl_core.layout import EDA_DEEP_REPORT, EDA_REPORT, PROFILE, REJECTS, TABLE
    from automl_core.tabular.convert import read_table

    speech: Speech = context.obj
    existing_file(file)
    folder = out if out is not None else Path(f"{_stem(file)}-profile")
    _check_folder(folder, file)
    options = read_options(encoding, delimiter, decimal, header)
    beside = next(parent for parent in folder.absolute().parents if parent.is_dir())
    with tempfile.TemporaryDirectory(prefix=".automl-profile-", dir=beside) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        scan = read_table(
            lambda: file.open("rb"),
            filename=file.name,
            options=options,
            out=Path(scratch) / TABLE,
            scratch=Path(scratch),
        )
        column = _target_name(scan.schema, target)
        content = _make(
            Path(scratch) / TABLE,
            scan,
            made,
            target=column,
            task=None if task == "auto" else task,
            seed=seed,
        )
        names = [TABLE, PROFILE, EDA_REPORT, REJECTS]
        note = None
        if deep:
            speech.note("Writing the deep report; this may take two minutes.")
            note = _make_deep(file, scan.schema, made, content, seed=seed)
            names.append(EDA_DEEP_REPORT)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _publish(made, folder, stale=() if deep else (EDA_DEEP_REPORT,))
    document = {
        "out": str(folder),
        "files": names,
        "target_column": column,
        "target": content["target"],
        "findings": content["findings"],
        "schema": scan.schema.model_dump(mode="json"),
        "deep_report": note,
    }
    words = [_reading(scan.schema), _columns(content), findings_words(content["findings"])]
    if content["target"] is not None:
        words.append(target_words(content["target"]))
    if note is not None:
        words.append(deep_report_words(folder, note))
    words.append(f"Written to {folder}: {', '.join(names)}")
    speech.result(document, "\n\n".join(words))


def _stem(file: Path) -> str:
    """The file's name without what tells its format.

    >>> _stem(Path("a/sales.2024.csv.gz")), _stem(Path(".csv"))
    ('sales.2024', 'table')
    """
    known = {".csv", ".gz", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson", ".json", ".xlsx"}
    name = Path(file.name)
    while name.suffix.lower() in known:
        name = Path(name.stem)
    return str(name) if name.name and name.name.lower() not in known else "table"


def _check_folder(folder: Path, file: Path) -> None:
    """Refuse, before the work is done, a folder that cannot take what it makes."""
    from automl_core.layout import TABLE

    if folder.exists() and not folder.is_dir():
        raise ConflictError(f"{str(folder)!r} is a file; name a folder with --out.")
    written = folder / TABLE
    if written.exists() and written.samefile(file):
        raise ConflictError(
            f"{str(file)!r} would be overwritten by what is written; name another folder with "
            "--out."
        )


def _target_name(schema: TableSchema, target: str | None) -> str | None:
    if target is None:
        return None
    column = schema.column(target)
    if column is None:
        raise TargetMissingError(
            f"There is no column {printable(target)!r}; the table has "
            f"{listing([c.name for c in schema.columns], at_most=20)}."
        )
    return column.name


def _make(
    parquet: Path, scan: Scan, made: Path, *, target: str | None, task: Any, seed: int
) -> dict[str, Any]:
    """Make the four files, the first of them of what was read; return the profile."""
    import json

    from automl_core.layout import EDA_REPORT, PROFILE, REJECTS, TABLE
    from automl_core.tabular.profile import profile_table
    from automl_core.tabular.report import render_eda

    content = profile_table(parquet, scan.schema, target=target, task=task, seed=seed)
    parquet.replace(made / TABLE)
    texts = {
        PROFILE: json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1),
        EDA_REPORT: render_eda(content),
        REJECTS: scan.rejects.model_dump_json(indent=1),
    }
    for name, text in texts.items():
        (made / name).write_text(text, encoding="utf-8")
    return content


def _make_deep(
    file: Path, schema: TableSchema, made: Path, content: Mapping[str, Any], *, seed: int
) -> str:
    """Write the deep report, or the page that says why there is none; return what to say."""
    from automl_core.layout import EDA_DEEP_REPORT, TABLE

    try:
        from automl_training.deep import DeepSource, make_deep_report
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"The deep report needs the member 'training' ({error.name} is missing); install it "
            "(make setup), or leave out --deep."
        ) from error
    report = make_deep_report(
        DeepSource(
            table=made / TABLE,
            schema=schema,
            title=file.name,
            profile=content,
            seed=seed,
            python=deep_report_python(),
        ),
        made.parent / "deep",
    )
    (made / EDA_DEEP_REPORT).write_text(report.page, encoding="utf-8")
    return report.note


def _publish(made: Path, folder: Path, *, stale: tuple[str, ...]) -> None:
    """Put what is finished where it belongs; a reader never sees half of a file.

    A folder that is new appears whole. In one that is there, each file replaces its
    predecessor, and what else lies in it stays.
    """
    if not folder.exists():
        made.rename(folder)
        return
    for path in sorted(made.iterdir()):
        path.replace(folder / path.name)
    for name in stale:
        (folder / name).unlink(missing_ok=True)


def _reading(schema: TableSchema) -> str:
    file = schema.file
    head = facts(
        [
            ("rows", schema.n_rows),
            ("columns", len(schema.columns)),
            ("read as", reading_words(file.model_dump())),
            ("because", file.encoding_reason or None),
            ("set aside", schema.rows_set_aside),
            ("size", bytes_text(file.bytes)),
        ]
    )
    return head + "".join(f"\nwarning: {printable(text)}" for text in schema.warnings)


def _columns(content: Mapping[str, Any]) -> str:
    columns = content["columns"]
    rows = [
        [c["name"], c["kind"], c["missing"]["rows"], _distinct(c["distinct"]), c["kind_reason"]]
        for c in columns[:MAX_COLUMNS]
    ]
    words = table(["column", "kind", "missing", "distinct", "why"], rows)
    if len(columns) > MAX_COLUMNS:
        words += f"\n… and {len(columns) - MAX_COLUMNS} more columns in eda.html."
    return words


def _distinct(distinct: Mapping[str, Any]) -> str:
    return f"{distinct['value']:,}" if distinct["exact"] else f"about {distinct['value']:,}"
