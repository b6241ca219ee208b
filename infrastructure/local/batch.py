"""Start the stand-in for AWS Batch beside an emulator of AWS.

Terraform and the SDKs reach it by ``AWS_ENDPOINT_URL_BATCH``; jobs run as processes of this
machine, with ``--path-prefix`` first on their PATH in place of the container's image.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import ssl
import sys
import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from batch_standin.access import Gate, RoleCredentials
from batch_standin.attempts import GRACE_S
from batch_standin.control_plane import ControlPlane
from batch_standin.events import EventBus
from batch_standin.jobs import Jobs, Surroundings
from batch_standin.protocol import Scope
from batch_standin.server import Handler, Server, StandIn

#: Variables of this process that a job's process gets, too: without them some machines
#: find neither their own libraries nor certificates.
_PASSED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "AWS_CA_BUNDLE", "SSL_CERT_FILE")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--endpoint", required=True, help="address of the emulator")
    parser.add_argument("--region", required=True)
    parser.add_argument("--account-id", required=True)
    parser.add_argument("--access-key", required=True, help="of the account itself")
    parser.add_argument("--secret-key", default="test")
    parser.add_argument("--path-prefix", type=Path, required=True, help="the trainer's bin folder")
    parser.add_argument("--folder", type=Path, required=True, help="for working folders and logs")
    parser.add_argument("--enforce-iam", action="store_true")
    parser.add_argument("--grace-s", type=float, default=GRACE_S, help="from SIGTERM to SIGKILL")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    options.folder.mkdir(parents=True, exist_ok=True)
    server = Server((options.host, options.port), Handler)
    server.stand_in = stand_in = assemble(options)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    stand_in.jobs.close()
    server.server_close()
    return 0


def assemble(options: argparse.Namespace) -> StandIn:
    """Put the parts together."""
    scope = Scope(options.account_id, options.region)

    def client(service: str, read_timeout_s: float = 20) -> Any:
        return boto3.client(
            service,
            endpoint_url=options.endpoint,
            region_name=options.region,
            aws_access_key_id=options.access_key,
            aws_secret_access_key=options.secret_key,
            config=Config(
                connect_timeout=5,
                read_timeout=read_timeout_s,
                retries={"mode": "standard", "max_attempts": 2},
                max_pool_connections=16,
            ),
        )

    iam = client("iam")
    credentials = RoleCredentials(
        client("sts"), iam, options.account_id, f"http://127.0.0.1:{options.port}"
    )
    plane = ControlPlane(scope)
    # A function may run for minutes (its own timeout ends it).
    bus = EventBus(scope, client("events"), client("lambda", read_timeout_s=900))
    surroundings = Surroundings(
        environment={
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "PATH": os.pathsep.join(
                [str(options.path_prefix), "/usr/local/bin", "/usr/bin", "/bin"]
            ),
            "AWS_REGION": options.region,
            "AWS_DEFAULT_REGION": options.region,
            "AWS_ENDPOINT_URL": options.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        credentials=credentials.variables,
        folder=options.folder,
        grace_s=options.grace_s,
    )
    jobs = Jobs(scope, plane, surroundings, bus.publish)
    gate = None
    if options.enforce_iam:
        bundle = os.environ.get("AWS_CA_BUNDLE")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=bundle)),
        )
        gate = Gate(options.endpoint, iam, options.access_key, opener.open)
    return StandIn(scope, plane, jobs, bus, credentials, gate)


if __name__ == "__main__":
    sys.exit(main())
