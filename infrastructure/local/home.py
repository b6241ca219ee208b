"""The emulated home: an AWS on this machine, for tests and for whoever wants to look.

Three servers: the emulator (ministack), the stand-in for Batch, which the emulator has only
as a stub, and moto for CloudWatch, whose alarms the emulator reads back wrongly. All listen
on the loopback address unless ``--host`` says otherwise: an emulator knows no guests, only
whoever reaches its port.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import secrets
import shlex
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy import Terraform, find_terraform, variables_of
from processes import ServerError, free_port, running

PROJECT = Path(__file__).resolve().parents[2]
EMULATOR_BIN = PROJECT / ".venv-emulator" / "bin"
PACKAGES = PROJECT / "dist" / "lambda"

#: The emulator takes an access key of twelve digits for the account itself.
ACCOUNT_ID = "123456789012"
SECRET_KEY = "test"  # noqa: S105 - the emulator's
REGION = "eu-central-1"


@dataclass(frozen=True)
class Home:
    """A running home and how to reach it."""

    folder: Path
    emulator_port: int
    batch_port: int
    cloudwatch_port: int
    certificate: Path | None
    """Of the emulator where it speaks TLS, which it does when IAM is enforced."""

    @property
    def endpoint(self) -> str:
        """Address of the emulator."""
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self.emulator_port}"

    @property
    def batch_endpoint(self) -> str:
        """Address of the stand-in."""
        return f"http://127.0.0.1:{self.batch_port}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which Terraform, SDKs and command lines reach this home."""
        variables = {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_BATCH": self.batch_endpoint,
            "AWS_ENDPOINT_URL_CLOUDWATCH": f"http://127.0.0.1:{self.cloudwatch_port}",
            "AWS_ACCESS_KEY_ID": ACCOUNT_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            # A call that the emulator does not know is not asked for minutes.
            "AWS_MAX_ATTEMPTS": "2",
        }
        if self.certificate:
            bundle = str(self.certificate.with_name("bundle.pem"))
            variables |= {"AWS_CA_BUNDLE": bundle, "SSL_CERT_FILE": bundle}
        return variables

    def api_url(self, api_id: str) -> str:
        """Address of a deployed HTTP API; the emulator has no host name of its own for it."""
        return f"{self.endpoint}/_aws/execute-api/{api_id}/$default"


def missing_tools() -> list[str]:
    """What this machine lacks, each with what brings it; empty: the home can run."""
    missing = []
    if not (EMULATOR_BIN / "ministack").exists():
        missing.append(
            "the emulator (Python 3.13, then: make .venv-emulator/.done; "
            "PYTHON313=/path/to/python3.13 names an interpreter)"
        )
    if find_terraform() is None:
        missing.append("terraform in PATH (1.11 or newer)")
    return missing


@contextlib.contextmanager
def running_home(
    folder: Path,
    *,
    trainer_bin: Path = Path(sys.executable).parent,
    enforces_iam: bool = False,
    host: str = "127.0.0.1",
    ports: tuple[int, int, int] | None = None,
) -> Iterator[Home]:
    """Start a fresh home; it ends, and forgets everything, with the context.

    Parameters
    ----------
    folder : Path
        For logs and whatever the servers write.
    trainer_bin : Path
        First on the PATH of Batch jobs: its ``python`` must have the trainer's packages.
    enforces_iam : bool
        Every call is judged by the policies of whoever makes it, over TLS.
    host : str
        Address that the emulator listens on.
    ports : tuple of int, optional
        Of the emulator, the stand-in and CloudWatch; free ones if not given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    emulator_port, batch_port, cloudwatch_port = ports or (free_port(), free_port(), free_port())
    certificate = _certificate(folder) if enforces_iam else None
    home = Home(folder, emulator_port, batch_port, cloudwatch_port, certificate)
    scratch = folder / "tmp"
    scratch.mkdir(exist_ok=True)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "AUTOML_", "MINISTACK_", "S3_", "DYNAMODB_", "COV_"))
    }
    base = {**inherited, "TMPDIR": str(scratch), "PYTHONDONTWRITEBYTECODE": "1"}
    trust = {k: v for k, v in home.environment.items() if k in ("AWS_CA_BUNDLE", "SSL_CERT_FILE")}
    emulator_environment = {
        **base,
        **trust,
        "GATEWAY_PORT": str(emulator_port),
        "BIND_HOST": host,
        "MINISTACK_ACCOUNT_ID": ACCOUNT_ID,
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCOUNT_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        # Lambda functions inherit it: so that theirs is the same Batch as Terraform's.
        "AWS_ENDPOINT_URL_BATCH": home.batch_endpoint,
        "AUTH": "true" if enforces_iam else "false",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }
    if certificate:
        emulator_environment |= {
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(certificate),
            "MINISTACK_SSL_KEY": str(certificate.with_suffix(".key")),
        }
    stand_in = [
        sys.executable, str(Path(__file__).with_name("batch.py")),
        "--host", host, "--port", str(batch_port), "--endpoint", home.endpoint,
        "--region", REGION, "--account-id", ACCOUNT_ID, "--access-key", ACCOUNT_ID,
        "--secret-key", SECRET_KEY, "--path-prefix", str(trainer_bin),
        "--folder", str(folder / "jobs"), *(["--enforce-iam"] if enforces_iam else []),
    ]  # fmt: skip
    emulator = [str(EMULATOR_BIN / "python"), str(Path(__file__).with_name("emulator.py"))]
    with (
        running(
            "emulator",
            [*emulator, "ministack"],
            emulator_environment,
            folder,
            port=emulator_port,
            health_path=None if certificate else "/_ministack/health",
        ),
        running(
            "cloudwatch",
            [*emulator, "moto", "-H", host, "-p", str(cloudwatch_port)],
            base,
            folder,
            port=cloudwatch_port,
            health_path="/moto-api/data.json",
        ),
        running(
            "batch",
            stand_in,
            {**base, **trust},
            folder,
            port=batch_port,
            health_path="/_standin/health",
        ),
    ):
        yield home


def _certificate(folder: Path) -> Path:
    """Certificate of the emulator, and beside it a bundle of it with the system's own."""
    maker = Path(__file__).with_name("certificate.py")
    subprocess.run([str(EMULATOR_BIN / "python"), str(maker), str(folder)], check=True, timeout=60)
    certificate = folder / "server.crt"
    system = ssl.get_default_verify_paths().cafile
    known = Path(system).read_bytes() if system and Path(system).exists() else b""
    (folder / "bundle.pem").write_bytes(known + b"\n" + certificate.read_bytes())
    return certificate


# -- Command line ---------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the home in the foreground."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start, deploy, print what to export, wait for Ctrl+C")
    up.add_argument("--host", default="127.0.0.1", help="address that the servers listen on")
    up.add_argument("--port", type=int, default=4566, help="of the emulator; the next two follow")
    up.add_argument("--no-deploy", action="store_true", help="start the servers only")
    up.add_argument("--packages", type=Path, default=PACKAGES, help="folder of the Lambda zips")
    options = parser.parse_args(arguments)
    missing = missing_tools()
    if options.no_deploy:
        missing = [tool for tool in missing if not tool.startswith("terraform")]
    if missing:
        print(f"The emulated home needs {' and '.join(missing)}.", file=sys.stderr)
        return 1
    try:
        _up(options)
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _up(options: argparse.Namespace) -> None:
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    ports = (options.port, options.port + 1, options.port + 2)
    with (
        tempfile.TemporaryDirectory(prefix="automl-aws-") as folder,
        running_home(Path(folder), host=options.host, ports=ports) as home,
    ):
        exports = dict(home.environment)
        if not options.no_deploy:
            exports |= _deployed(home, options.packages.resolve())
        for name, value in exports.items():
            print(f"export {name}={shlex.quote(value)}")
        print(
            f"# Logs are in {folder}. Everything ends, and is forgotten, with Ctrl+C.", flush=True
        )
        stopped.wait()


def _deployed(home: Home, packages: Path) -> dict[str, str]:
    """Apply the Terraform; variables for the command line of a user."""
    token = secrets.token_urlsafe(24)
    terraform = Terraform(
        home.folder / "terraform",
        home.environment,
        variables_of(packages, REGION, [hashlib.sha256(token.encode()).hexdigest()]),
    )
    print("# Deploying; this takes about two minutes.", file=sys.stderr, flush=True)
    terraform.init()
    terraform.apply()
    outputs = terraform.outputs()
    return {
        "AUTOML_API_URL": home.api_url(outputs["api_id"]),
        "AUTOML_API_TOKEN": token,
        **{
            name.upper(): str(outputs[name])
            for name in (
                "s3_bucket_datasets", "s3_bucket_models", "s3_bucket_reports",
                "dynamodb_datasets_table", "dynamodb_jobs_table", "batch_job_queue",
                "automl_batch_on_demand_queue", "batch_job_definition",
            )
        },
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
