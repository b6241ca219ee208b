"""Fixtures that several suites share."""

from __future__ import annotations

import itertools
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import URL, create_engine, make_url, text

from automl_core.tabular import profile as profile_module

#: Accounts that may run PostgreSQL where the tests run as root, which it refuses.
_SERVER_ACCOUNTS = ("postgres", "nobody")

#: Set by the full check: what is left out there fails, so that nothing is left out unseen.
_REQUIRE_ALL = "AUTOML_TEST_REQUIRE_ALL"


def _leave_out(reason: str) -> None:
    """Skip what this machine cannot run, or fail where everything must run."""
    if os.environ.get(_REQUIRE_ALL) == "1":
        pytest.fail(f"{reason} ({_REQUIRE_ALL} is set)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def leave_out() -> Callable[[str], None]:
    """Leave a test out for a reason that names what is missing on this machine."""
    return _leave_out


def _find_binaries() -> Path | None:
    """Folder with ``initdb`` and ``pg_ctl``: of the newest server, or from the PATH."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name)
    )
    found = shutil.which("pg_ctl")
    candidates = [*reversed(installed), *([Path(found).resolve().parent] if found else [])]
    return next(
        (
            folder
            for folder in candidates
            if all((folder / n).exists() for n in ("initdb", "pg_ctl"))
        ),
        None,
    )


def _server_account() -> pwd.struct_passwd | None:
    """The account to run the server under; None: our own."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    account = next((known[name] for name in _SERVER_ACCOUNTS if name in known), None)
    if account is None:
        _leave_out("left out: PostgreSQL does not run as root, and no other account is there")
    return account


@contextmanager
def _running_server(binaries: Path, account: pwd.struct_passwd | None) -> Iterator[URL]:
    # Below /tmp whatever TMPDIR says: the path of a socket holds about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="automl-pg-", dir="/tmp"))

    def run(*command: str) -> None:
        identity = {"user": account.pw_uid, "group": account.pw_gid} if account else {}
        extra = {"extra_groups": []} if account else {}
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=120,
            stdin=subprocess.DEVNULL, **identity, **extra,
        )  # fmt: skip
        assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"

    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        # A language that sorts unlike code points would be found out by the order of lists.
        run(f"{binaries}/initdb", "-D", f"{data}", "-U", "automl", "--auth=trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=60"
        run(
            f"{binaries}/pg_ctl",
            "-D",
            f"{data}",
            "-w",
            "-l",
            f"{folder}/log",
            "-o",
            options,
            "start",
        )
        try:
            yield URL.create(
                "postgresql+psycopg",
                username="automl",
                database="postgres",
                query={"host": f"{folder}"},
            )
        finally:
            run(f"{binaries}/pg_ctl", "-D", f"{data}", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[], str]]:
    """A PostgreSQL server of our own; calling the value makes an empty database."""
    binaries = _find_binaries()
    if binaries is None:
        _leave_out(
            "left out: PostgreSQL needs the server's binaries initdb and pg_ctl in PATH or "
            "/usr/lib/postgresql/*/bin (Debian: apt-get install postgresql)"
        )
        return
    with _running_server(binaries, _server_account()) as url:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        numbers = itertools.count(1)

        def new_database() -> str:
            name = f"automl_{next(numbers)}"
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            return url.set(drivername="postgresql", database=name).render_as_string()

        try:
            yield new_database
        finally:
            engine.dispose()


@pytest.fixture
def postgres_url(postgres_server: Callable[[], str]) -> str:
    """URL of an empty PostgreSQL database, as somebody would write it into a setting."""
    return make_url(postgres_server()).render_as_string(hide_password=False)


@pytest.fixture(scope="session", autouse=True)
def every_profile_keeps_to_its_schema() -> Iterator[None]:
    """Hold each profile that any test of this process makes against profile_schema.json.

    The one place where a test reaches into our code: whoever makes a profile, stage, command
    or service, gets an error if it has another shape than the schema promises.
    """
    validator = Draft202012Validator(
        json.loads(
            resources.files("automl_core.tabular").joinpath("profile_schema.json").read_text()
        )
    )
    plain = profile_module.strict

    def checked(value: Any) -> Any:
        cleaned = plain(value)
        if isinstance(cleaned, dict) and "schema_version" in cleaned:
            validator.validate(cleaned)
        return cleaned

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(profile_module, "strict", checked)
        yield
