"""``automl profile``: what it writes, what it says, and what it leaves when it refuses."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import duckdb
import pytest

from automl_core.samples import penguins_path

FOUR = ["eda.html", "profile.json", "rejects.json", "table.parquet"]

#: A profiler for the deep report: as much of it as is asked of it.
PROFILER = """
__version__ = "0.1"
class ProfileReport:
    def __init__(self, frame, **options):
        self.frame = frame
    def to_html(self):
        return f"<html><head></head><body>{list(self.frame.columns)}</body></html>"
"""


@pytest.fixture
def sizes(tmp_path: Path) -> Path:
    """Forty rows whose target follows from their one number."""
    file = tmp_path / "sizes.csv"
    rows = "".join(f"{i};{'big' if i > 20 else 'small'};{i % 7},5\n" for i in range(1, 41))
    file.write_text(f"size;class;other\n{rows}")
    return file


@pytest.fixture
def profiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An interpreter with a profiler, named by the setting."""
    folder = tmp_path / "deep-python"
    venv.create(folder, symlinks=True, with_pip=False)
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib"))
    (packages / "matplotlib.py").write_text("rcParams = {}\n")
    (packages / "data_profiling.py").write_text(PROFILER)
    monkeypatch.setenv("AUTOML_DEEP_REPORT_PYTHON", str(folder / "bin" / "python"))
    return folder


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_profiling_writes_its_four_files_and_says_how_the_table_was_read(automl, sizes, tmp_path):
    out = tmp_path / "out"

    said = automl("profile", sizes, "--target", "class", "--out", out)

    assert said.code == 0
    assert names_in(out) == FOUR
    assert "CSV, utf-8, semicolon between fields, with a header, decimal comma" in said.out
    assert duckdb.sql(f"SELECT count(*) FROM '{out / 'table.parquet'}'").fetchall() == [(40,)]
    assert json.loads((out / "profile.json").read_bytes())["target"]["column"] == "class"
    assert json.loads((out / "rejects.json").read_bytes())["n_set_aside"] == 0
    assert (out / "eda.html").read_text().startswith("<!doctype html>")


def test_the_command_itself_profiles_a_table_that_another_program_reads(sizes, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "automl_cli", "profile", str(sizes), "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    told = json.loads(done.stdout)
    assert told["out"] == "sizes-profile"
    assert told["files"] == ["table.parquet", "profile.json", "eda.html", "rejects.json"]
    assert names_in(tmp_path / "sizes-profile") == FOUR
    assert done.stderr == ""


def test_what_was_found_is_told_most_severe_first_with_what_to_do(automl, tmp_path):
    said = automl(
        "profile", penguins_path(), "--target", "species", "--out", tmp_path / "out", "--json"
    )
    words = automl("profile", penguins_path(), "--target", "species", "--out", tmp_path / "out")

    findings = said.document["findings"]
    order = ["high", "medium", "low", "info"]
    ranks = [order.index(finding["severity"]) for finding in findings]
    assert ranks == sorted(ranks)
    places = [words.out.index(finding["sentence"]) for finding in findings[:20]]
    assert places == sorted(places)
    assert all(finding["action"] in words.out for finding in findings[:20])
    assert f"{len(findings)} findings, most severe first:" in words.out


def test_the_task_is_told_with_its_confidence_and_its_reason(automl, tmp_path):
    said = automl("profile", penguins_path(), "--target", "species", "--out", tmp_path / "out")

    assert "Target 'species': multiclass (high confidence). " in said.out


def test_a_task_that_the_user_names_is_taken(automl, sizes, tmp_path):
    said = automl(
        "profile", sizes, "--target", "size", "--task", "regression", "--out", tmp_path / "out",
        "--json",
    )  # fmt: skip

    target = said.document["target"]
    assert (target["column"], target["task"], target["confidence"]) == (
        "size", "regression", "given",
    )  # fmt: skip


def test_a_column_that_cannot_be_a_target_is_told_and_profiled_all_the_same(automl, tmp_path):
    said = automl("profile", penguins_path(), "--target", "region", "--out", tmp_path / "out")

    assert said.code == 0
    assert "Target 'region': cannot be predicted." in said.out
    assert names_in(tmp_path / "out") == FOUR


def test_a_profile_in_json_carries_the_schema_and_nothing_else_is_said(automl, sizes, tmp_path):
    said = automl("profile", sizes, "--out", tmp_path / "out", "--json")

    assert said.document["files"] == ["table.parquet", "profile.json", "eda.html", "rejects.json"]
    assert [c["name"] for c in said.document["schema"]["columns"]] == ["size", "class", "other"]
    assert (said.document["target"], said.document["deep_report"]) == (None, None)
    assert said.err == ""


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("sales.2024.csv.gz", "sales.2024-profile"),
        ("sales.TSV", "sales-profile"),
        ("sales", "sales-profile"),
    ],
)
def test_without_a_folder_the_file_s_name_makes_one_here(
    automl, tmp_path, monkeypatch, name, folder
):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{i}\t{i % 3}\n" for i in range(30))
    data = f"a\tb\n{rows}".encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    said = automl("profile", name)

    assert said.code == 0
    assert names_in(tmp_path / folder) == FOUR


def test_records_are_read_as_records(automl, tmp_path):
    file = tmp_path / "records.jsonl"
    file.write_text("".join(f'{{"size": {i}, "class": "{"ab"[i % 2]}"}}\n' for i in range(40)))

    said = automl("profile", file, "--out", tmp_path / "out")

    assert "read as    JSON Lines" in said.out
    assert duckdb.sql(f"SELECT * FROM '{tmp_path / 'out' / 'table.parquet'}'").fetchall()[3] == (
        3,
        "b",
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"a,b\n", "no rows", id="a header only"),
        pytest.param(b"%PDF-1.7 \n", "PDF", id="another format"),
    ],
)
def test_a_refused_table_is_one_line_and_leaves_no_folder(automl, tmp_path, content, words):
    file = tmp_path / "bad.csv"
    file.write_bytes(content)

    said = automl("profile", file, "--out", tmp_path / "out")

    assert said.code == 65
    assert words in said.err
    assert said.err.count("\n") == 1
    assert names_in(tmp_path) == ["bad.csv"]


def test_a_refusal_in_json_has_its_code(automl, tmp_path):
    file = tmp_path / "bad.csv"
    file.write_bytes(b"")

    said = automl("profile", file, "--out", tmp_path / "out", "--json")

    assert said.document["error"]["exit_code"] == said.code == 65
    assert "empty" in said.document["error"]["detail"]


def test_a_file_that_is_not_there_is_not_found(automl, tmp_path):
    assert automl("profile", tmp_path / "none.csv").code == 66


def test_a_target_that_is_not_there_is_told_with_the_columns_that_are(automl, sizes, tmp_path):
    said = automl("profile", sizes, "--target", "clas", "--out", tmp_path / "out")

    assert said.code == 65
    assert "size, class, other" in said.err
    assert names_in(tmp_path) == ["sizes.csv"]


def test_reading_options_overrule_the_reader(automl, sizes, tmp_path):
    said = automl(
        "profile", sizes, "--no-header", "--decimal", ".", "--out", tmp_path / "o", "--json"
    )

    read = said.document["schema"]["file"]
    assert (read["has_header"], read["decimal"], read["delimiter"]) == (False, ".", ";")
    assert said.document["schema"]["n_rows"] == 41


def test_encoding_and_delimiter_can_be_named(automl, tmp_path):
    file = tmp_path / "names.txt"
    rows = "".join(f"Zo\xeb {i}~{i}\n" for i in range(30))
    file.write_bytes(f"name~n\n{rows}".encode("cp1252"))

    said = automl(
        "profile", file, "--encoding", "cp1252", "--delimiter", "~", "--out", tmp_path / "o",
        "--json",
    )  # fmt: skip

    first = duckdb.sql(f"SELECT * FROM '{tmp_path / 'o' / 'table.parquet'}' LIMIT 1").fetchall()
    assert first == [("Zo\xeb 0", 0)]
    assert said.document["schema"]["file"]["encoding"] == "cp1252"


def test_a_delimiter_of_several_characters_is_a_wrong_option(automl, sizes, tmp_path):
    said = automl("profile", sizes, "--delimiter", "||", "--out", tmp_path / "o")

    assert said.code == 2
    assert "--delimiter" in said.err


def test_lines_that_were_set_aside_stand_in_rejects(automl, tmp_path):
    file = tmp_path / "ragged.csv"
    rows = "".join(f"{i},{i % 2}\n" for i in range(60))
    file.write_text(f"a,b\n{rows}1,2,3\n")

    said = automl("profile", file, "--out", tmp_path / "out")

    rejects = json.loads((tmp_path / "out" / "rejects.json").read_bytes())
    assert (rejects["n_set_aside"], rejects["lines"][0]["line"]) == (1, 62)
    assert "set aside  1" in said.out


def test_a_folder_that_is_there_keeps_what_else_is_in_it(automl, sizes, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    (out / "profile.json").write_text("old")
    (out / "eda_deep.html").write_text("of another table")

    said = automl("profile", sizes, "--out", out)

    assert said.code == 0
    assert names_in(out) == sorted([*FOUR, "notes.txt"])
    assert (out / "notes.txt").read_text() == "mine"
    assert json.loads((out / "profile.json").read_bytes())["rows"]["kept"] == 40


def test_a_refusal_leaves_the_profile_that_was_there(automl, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "profile.json").write_text("old")
    (tmp_path / "bad.csv").write_bytes(b"")

    automl("profile", tmp_path / "bad.csv", "--out", out)

    assert names_in(out) == ["profile.json"]
    assert (out / "profile.json").read_text() == "old"


def test_a_command_that_fails_half_way_leaves_nothing(sizes, tmp_path):
    # Room for the table and not for the page: the system ends every file at 16 kB.
    program = (
        "import resource, sys\n"
        "from automl_cli.boundary import run\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (16_000, 16_000))\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, "profile", str(sizes), "--out", str(tmp_path / "out")],
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 75
    assert "File too large" in done.stderr
    assert names_in(tmp_path) == ["sizes.csv"]


def test_a_file_in_place_of_the_folder_is_refused(automl, sizes, tmp_path):
    (tmp_path / "out").write_text("a file")

    said = automl("profile", sizes, "--out", tmp_path / "out")

    assert said.code != 0
    assert "is a file" in said.err
    assert (tmp_path / "out").read_text() == "a file"


def test_its_own_input_is_never_overwritten(automl, tmp_path):
    file = tmp_path / "table.parquet"
    duckdb.sql(f"COPY (SELECT i AS a, i % 2 AS b FROM range(50) t(i)) TO '{file}'")
    before = file.read_bytes()

    said = automl("profile", file, "--out", tmp_path)

    assert said.code != 0
    assert "would be overwritten" in said.err
    assert file.read_bytes() == before
    assert names_in(tmp_path) == ["table.parquet"]


def test_names_from_a_file_cannot_command_the_terminal(automl, tmp_path):
    file = tmp_path / "names.csv"
    rows = "".join(f"{i},{i % 2}\n" for i in range(40))
    file.write_text(f"a\x1b[2Jb,c\n{rows}", encoding="utf-8")

    said = automl("profile", file, "--out", tmp_path / "out")

    assert said.code == 0
    assert "\x1b" not in said.out + said.err


@pytest.mark.usefixtures("profiler")
def test_a_deep_report_is_written_beside_the_others(automl, sizes, tmp_path):
    out = tmp_path / "out"

    said = automl("profile", sizes, "--out", out, "--deep", "--json")

    assert names_in(out) == sorted([*FOUR, "eda_deep.html"])
    assert said.document["files"][-1] == "eda_deep.html"
    assert "computed on all 40 rows and all 3 columns" in said.document["deep_report"]
    assert "['size', 'class', 'other']" in (out / "eda_deep.html").read_text()


def test_a_deep_report_that_cannot_be_made_is_a_page_and_a_sentence(
    automl, sizes, tmp_path, monkeypatch
):
    monkeypatch.setenv("AUTOML_DEEP_REPORT_PYTHON", str(tmp_path / "none"))
    out = tmp_path / "out"

    said = automl("profile", sizes, "--out", out, "--deep")

    assert said.code == 0
    assert "could not be started" in said.out
    assert "No deep report" in (out / "eda_deep.html").read_text()
    assert names_in(out) == sorted([*FOUR, "eda_deep.html"])
