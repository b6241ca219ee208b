"""The profiler's process: whatever it does, there is a note, and nothing goes on running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from automl_training.deep import DeepLimits, DeepReport, find_deep_python, make_deep_report
from automl_training.stage import JobStopped

#: Starts a process of its own, notes both, and hangs.
HANGS = """
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open({note!r}, "w") as file:
    file.write(f"{{os.getpid()}} {{other.pid}}")
time.sleep(600)
"""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_until(condition, seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def assert_note(report: DeepReport, *words: str) -> None:
    assert not report.is_made
    for word in words:
        assert word in report.note
    assert "<h1>No deep report</h1>" in report.page
    assert "The data report (eda.html) is there" in report.page


def test_a_profiler_that_takes_too_long_is_stopped_with_all_that_it_started(
    fake_python, plain, tmp_path
):
    note = tmp_path / "pids"
    python = fake_python(does=HANGS.format(note=str(note)))

    report = make_deep_report(plain(python=python, limits=DeepLimits(seconds=8)), tmp_path / "deep")

    assert_note(report, "stopped after 8 seconds", "exclude_columns")
    pids = [int(pid) for pid in note.read_text().split()]
    assert len(pids) == 2
    assert wait_until(lambda: not any(map(is_running, pids)))
    assert not (tmp_path / "deep").exists()


def test_a_job_that_is_stopped_takes_the_profiler_with_it(fake_python, plain, tmp_path):
    note = tmp_path / "pids"
    python = fake_python(does=HANGS.format(note=str(note)))

    def stop_once_it_hangs() -> None:
        if note.exists() and len(note.read_text().split()) == 2:
            raise JobStopped("cancelled")

    with pytest.raises(JobStopped):
        make_deep_report(plain(python=python), tmp_path / "deep", on_wait=stop_once_it_hangs)

    pids = [int(pid) for pid in note.read_text().split()]
    assert wait_until(lambda: not any(map(is_running, pids)))
    assert not (tmp_path / "deep").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="left out: the kernel's word is Linux's")
def test_a_trainer_that_is_killed_takes_the_profiler_with_it(fake_python, plain, tmp_path):
    note = tmp_path / "pids"
    source = plain(python=fake_python(does=HANGS.format(note=str(note)).replace("other", "one")))
    schema = tmp_path / "schema.json"
    schema.write_text(source.schema.model_dump_json())
    program = (
        "import sys; from pathlib import Path\n"
        "from automl_core.tabular.schema import TableSchema\n"
        "from automl_training.deep import DeepSource, make_deep_report\n"
        "table, schema, python, scratch = map(Path, sys.argv[1:])\n"
        "schema = TableSchema.model_validate_json(schema.read_bytes())\n"
        "make_deep_report(DeepSource(table, schema, 't', python=python), scratch)\n"
    )
    trainer = subprocess.Popen(
        [sys.executable, "-c", program, source.table, schema, source.python, tmp_path / "deep"]
    )
    try:
        assert wait_until(lambda: note.exists() and len(note.read_text().split()) == 2, 60)
        profiler, started = map(int, note.read_text().split())
        trainer.kill()
        trainer.wait()

        assert wait_until(lambda: not is_running(profiler))
    finally:
        trainer.kill()
        trainer.wait()
    os.kill(started, signal.SIGKILL)


def test_a_profiler_gets_so_much_memory_and_no_more(fake_python, plain, tmp_path):
    python = fake_python(does="return len(bytearray(3 * 1024**3))")

    report = make_deep_report(plain(python=python), tmp_path / "deep")

    assert_note(report, "more than the 2 GB of memory")


def test_a_limit_in_which_nothing_can_be_loaded_is_told_as_one_of_memory(
    fake_python, plain, tmp_path
):
    source = plain(python=fake_python(), limits=DeepLimits(memory_bytes=60 * 1024**2))

    report = make_deep_report(source, tmp_path / "deep")

    assert not report.is_made
    assert "memory" in report.note


def test_a_profiler_that_the_system_kills_leaves_a_note(fake_python, plain, tmp_path):
    python = fake_python(does="os.kill(os.getpid(), signal.SIGKILL)")

    report = make_deep_report(plain(python=python), tmp_path / "deep")

    assert_note(report, "SIGKILL", "memory runs out")


def test_a_profiler_that_fails_is_named_by_its_error_and_not_by_its_words(
    fake_python, plain, tmp_path, caplog
):
    python = fake_python(does="raise ValueError('cell <b>4711</b>')")

    report = make_deep_report(plain(python=python), tmp_path / "deep")

    assert_note(report, "an error of its own (ValueError)")
    assert "4711" not in report.page
    assert "4711" in caplog.text


def test_a_profiler_that_ends_without_a_report_is_no_success(fake_python, plain, tmp_path):
    python = fake_python(does="os._exit(0)")

    report = make_deep_report(plain(python=python), tmp_path / "deep")

    assert_note(report, "exit code 0")


def test_a_page_that_grows_without_end_is_cut_short(fake_python, plain, tmp_path):
    limits = DeepLimits(report_bytes=100_000, seconds=60)
    python = fake_python(does="return 'x' * 200_000")

    report = make_deep_report(plain(python=python, limits=limits), tmp_path / "deep")

    assert_note(report, "too large to be shown")


def test_a_page_that_could_run_something_is_not_shown(fake_python, plain, tmp_path):
    python = fake_python(does="return '<img src=x onerror=alert(1)>'")

    report = make_deep_report(plain(python=python), tmp_path / "deep")

    assert_note(report, "did not pass the check")
    assert "<img" not in report.page


def test_the_profiler_has_no_network(fake_python, plain, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        python = fake_python(
            does=f"""
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=5)
except OSError as error:
    return f"refused with {{type(error).__name__}}"
"""
        )

        report = make_deep_report(plain(python=python), tmp_path / "deep")

        with pytest.raises(TimeoutError):
            server.accept()
    assert "refused with PermissionError" in report.page


def test_the_profiler_is_told_no_secret_and_to_call_nobody(
    fake_python, plain, tmp_path, monkeypatch
):
    monkeypatch.setenv("AUTOML_SIGNING_KEY", "secret-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-key")
    monkeypatch.setenv("HTTPS_PROXY", "http://secret-key")
    python = fake_python(does="return ' '.join(f'{n}={v}' for n, v in os.environ.items())")

    report = make_deep_report(plain(python=python), tmp_path / "deep")

    assert "YDATA_PROFILING_NO_ANALYTICS=1" in report.page
    assert "secret-key" not in report.page


def test_where_the_profiler_is_not_installed_the_note_says_how_to(plain, tmp_path):
    report = make_deep_report(plain(python=Path(sys.executable)), tmp_path / "deep")

    assert_note(report, "make deep", "AUTOML_DEEP_REPORT_PYTHON", "requirements/deep.txt")


def test_an_interpreter_that_is_not_there_is_no_failure(plain, tmp_path):
    report = make_deep_report(plain(python=tmp_path / "no-python"), tmp_path / "deep")

    assert_note(report, "could not be started", "AUTOML_DEEP_REPORT_PYTHON")


def test_a_table_that_cannot_be_read_again_is_no_failure(fake_python, plain, tmp_path):
    source = plain(python=fake_python())
    source.table.write_bytes(b"no Parquet")

    report = make_deep_report(source, tmp_path / "deep")

    assert_note(report, "could not be handed over")


def test_the_interpreter_is_named_or_lies_beside_our_own_environment(monkeypatch, tmp_path):
    beside = tmp_path / ".venv-deep" / "bin" / "python"
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))

    assert find_deep_python(None) is None
    beside.parent.mkdir(parents=True)
    beside.touch()
    assert find_deep_python(None) == beside
    assert find_deep_python(Path("/opt/python")) == Path("/opt/python")
