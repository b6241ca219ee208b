"""Builds the packages of the Lambda functions.

    make package                                        all four, for both processors
    python3.13 -m infrastructure.packaging --help       from the project's folder

Each package holds the libraries of the function's hash-pinned requirement file but what the
runtime brings (``plans.py``), our modules that its handler may import (``modules.py``) and
compiled modules (``compiling.py``); libraries lose their tests and what no function uses. The
same inputs make the same bytes. Wheels and unpacked libraries are kept in ``.cache`` beside
the packages; what has not changed since is not built again.

The packages of both processors are built on either, since wheels are only unpacked. A package
is imported as a check, in a fresh process with nothing but the runtime's boto3 in sight; that
is possible only for the processor that this runs on.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from infrastructure.packaging.build import Package, build, runtime_folder
from infrastructure.packaging.cold import cold_import_ms, unpack
from infrastructure.packaging.modules import PackagingError
from infrastructure.packaging.plans import PLANS, PLATFORMS, PYTHON_VERSION, ROOT

MEGABYTE = 1024**2
RUNTIME = "runtime"
#: A larger zip cannot be sent to Lambda directly.
MAX_ZIP_BYTES = 50 * MEGABYTE
#: The bar of the inference function; Lambda's own limit is 250 MB for each.
MAX_UNPACKED_BYTES = {"inference": 130 * MEGABYTE}
LAMBDA_UNPACKED_BYTES = 250 * MEGABYTE


def main() -> int:
    """Build what the arguments name, and print a table."""
    arguments = _arguments()
    if sys.version_info[:2] != tuple(map(int, PYTHON_VERSION.split("."))):
        return _fail(
            f"This is Python {platform.python_version()}, but the functions run on"
            f" {PYTHON_VERSION}, and compiled modules are of one version; run this with"
            f" python{PYTHON_VERSION} (make PYTHON313=/path/to/python{PYTHON_VERSION} package)."
        )
    out: Path = arguments.out
    cache: Path = arguments.cache or out / ".cache"
    here = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    names = arguments.functions or [plan.name for plan in PLANS]
    try:
        with _alone(out, cache):
            packages = [
                build(plan, architecture, out, cache)
                for plan in PLANS
                if plan.name in names
                for architecture in arguments.architectures or PLATFORMS
            ]
            _write_summary(out, packages)
            times = _try(packages, here, cache, arguments)
    except PackagingError as error:
        return _fail(str(error))
    _print_table(packages, times, here)
    return _judge(packages)


def _arguments() -> argparse.Namespace:
    functions = [plan.name for plan in PLANS]
    parser = argparse.ArgumentParser(
        prog="infrastructure.packaging",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help=f"any of {functions}")
    parser.add_argument("--architecture", dest="architectures", action="append", choices=PLATFORMS)
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "lambda", metavar="DIR")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="default: .cache in --out")
    parser.add_argument(
        "--unpack",
        type=Path,
        metavar="DIR",
        help="also unpack there what this machine can run: a folder for each function, and"
        f" '{RUNTIME}' with what Lambda's runtime brings",
    )
    parser.add_argument("--no-import", action="store_true", help="do not try and time the imports")
    arguments = parser.parse_args()
    unknown = set(arguments.functions) - set(functions)
    if unknown:
        parser.error(f"there is no function {', '.join(sorted(unknown))}; there are {functions}")
    return arguments


@contextmanager
def _alone(out: Path, cache: Path) -> Iterator[None]:
    """Let one build at a time work on a cache."""
    out.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _try(
    packages: list[Package], here: str, cache: Path, arguments: argparse.Namespace
) -> dict[str, float]:
    """Unpack what runs on this machine, and import it; milliseconds by function."""
    runnable = [package for package in packages if package.architecture == here]
    if arguments.no_import and arguments.unpack is None:
        return {}
    runtime = runtime_folder(here, cache)
    with TemporaryDirectory(dir=cache) as scratch:
        folder: Path = arguments.unpack or Path(scratch)
        for package in runnable:
            unpack(package, folder / package.name)
        if arguments.unpack is not None:
            shutil.copytree(runtime, folder / RUNTIME, dirs_exist_ok=True)
        if arguments.no_import:
            return {}
        return {
            package.name: cold_import_ms(package.plan.module, folder / package.name, runtime)
            for package in runnable
        }


def _write_summary(out: Path, packages: list[Package]) -> None:
    """Write sizes and hashes; packages that were not built this time keep their lines."""
    path = out / "packages.json"
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    built = {
        package.file.name: {
            "zip_bytes": package.file.stat().st_size,
            "unpacked_bytes": package.unpacked_bytes,
            "sha256": hashlib.sha256(package.file.read_bytes()).hexdigest(),
        }
        for package in packages
    }
    text = json.dumps(dict(sorted({**known, **built}.items())), indent=2)
    path.write_text(f"{text}\n", "utf-8")


def _print_table(packages: list[Package], times: dict[str, float], here: str) -> None:
    print(f"{'package':<22} {'zip MB':>8} {'unpacked MB':>12} {'cold import ms':>15}")
    for package in packages:
        time = times.get(package.name) if package.architecture == here else None
        print(
            f"{package.file.stem:<22} {package.file.stat().st_size / MEGABYTE:>8.1f}"
            f" {package.unpacked_bytes / MEGABYTE:>12.1f}"
            f" {'not tried' if time is None else f'{time:.0f}':>15}"
        )
    print(f"Imports are tried and timed (CPU, least of 5 fresh processes) on {here} only.")


def _judge(packages: list[Package]) -> int:
    for package in packages:
        bound = MAX_UNPACKED_BYTES.get(package.name, LAMBDA_UNPACKED_BYTES)
        if package.file.stat().st_size > MAX_ZIP_BYTES or package.unpacked_bytes > bound:
            return _fail(
                f"{package.file.name} passes its bounds: {MAX_ZIP_BYTES / MEGABYTE:.0f} MB as a"
                f" zip, {bound / MEGABYTE:.0f} MB unpacked."
            )
    return 0


def _fail(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
