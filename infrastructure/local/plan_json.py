"""Write the root's plan as JSON, without an account: for the cost model and for reviews.

Planning what is not there yet asks AWS for two things only: which account it is and which
zones the region has. A server in this process answers both, so that nothing else is needed
than Terraform and its provider. The packages need not be made: their contents cost nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from deploy import ROOT, Terraform, TerraformError, find_terraform, variables_of

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
#: SHA-256 of nothing: a hash of the right form that lets nobody in.
NO_TOKEN = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # noqa: S105
N_ZONES = 3

_IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::{account_id}:user/plan</Arn><UserId>plan</UserId>
<Account>{account_id}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"""
_ZONES = """<DescribeAvailabilityZonesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
<availabilityZoneInfo>{items}</availabilityZoneInfo></DescribeAvailabilityZonesResponse>"""
_ZONE = """<item><zoneName>{region}{letter}</zoneName><zoneId>zone-{letter}</zoneId>
<zoneState>available</zoneState><regionName>{region}</regionName>
<optInStatus>opt-in-not-required</optInStatus><groupName>{region}</groupName></item>"""


class Handler(BaseHTTPRequestHandler):
    """Answers the two questions of a plan."""

    region: str = REGION

    def do_POST(self) -> None:
        """Actions stand in the form, as STS and EC2 have it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        action = parse_qs(body.decode()).get("Action", [""])[0]
        if action == "GetCallerIdentity":
            self._send(HTTPStatus.OK, _IDENTITY.format(account_id=ACCOUNT_ID))
        elif action == "DescribeAvailabilityZones":
            items = "".join(
                _ZONE.format(region=self.region, letter="abc"[number]) for number in range(N_ZONES)
            )
            self._send(HTTPStatus.OK, _ZONES.format(items=items))
        else:
            # A plan that asks for more needs an answer here, or a real account.
            print(f"The plan asks for {action or self.path}, unknown here.", file=sys.stderr)
            self._send(HTTPStatus.BAD_REQUEST, f"<Error><Code>Unknown</Code>{action}</Error>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep requests out of the standard error output."""

    def _send(self, status: int, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def answering(region: str) -> Iterator[str]:
    """Serve on the loopback address while the context lasts; gives the address."""
    handler = type("RegionHandler", (Handler,), {"region": region})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def plan_json(
    folder: Path,
    *,
    environment: str = "dev",
    region: str = REGION,
    packages: Path = ROOT / "tests" / "packages",
) -> dict[str, object]:
    """Plan a fresh home.

    Parameters
    ----------
    folder : Path
        Work folder for the copy of the root and the provider.
    environment : str
        ``dev`` or ``prod``; the values of ``env/<environment>.tfvars`` are used.
    region : str
        Where it would stand.
    packages : Path
        Folder of the Lambda packages, or of files of their names.

    Returns
    -------
    dict
        What ``terraform show -json`` says of the plan.

    Raises
    ------
    TerraformError
        If there is no plan; with what Terraform said.
    """
    with answering(region) as address:
        terraform = Terraform(
            folder,
            {
                "AWS_ENDPOINT_URL": address,
                "AWS_ACCESS_KEY_ID": "none",
                "AWS_SECRET_ACCESS_KEY": "none",
                "AWS_REGION": region,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_MAX_ATTEMPTS": "2",
                "TF_CLI_ARGS_plan": f"-var-file=env/{environment}.tfvars",
            },
            variables_of(packages.resolve(), region, [NO_TOKEN], environment=environment),
        )
        terraform.init()
        return terraform.plan()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the plan to a file or to the standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="file to write; standard output if not given")
    parser.add_argument("--environment", choices=["dev", "prod"], default="dev")
    parser.add_argument("--region", default=REGION)
    options = parser.parse_args(arguments)
    if find_terraform() is None:
        print("Planning needs terraform in PATH (1.11 or newer).", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="automl-plan-") as folder:
        try:
            plan = plan_json(Path(folder), environment=options.environment, region=options.region)
        except TerraformError as error:
            print(error, file=sys.stderr)
            return 1
    text = json.dumps(plan, indent=1, sort_keys=True) + "\n"
    if options.out is None:
        sys.stdout.write(text)
    else:
        options.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
