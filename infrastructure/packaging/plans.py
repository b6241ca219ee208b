"""What goes into the package of each Lambda function, and what stays out, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
#: Folders that hold our packages.
SOURCES = (ROOT / "core", ROOT / "backend")
#: Where Lambda unpacks a package: tracebacks name files as they lie there.
TASK_ROOT = "/var/task"

PYTHON_VERSION = "3.13"
#: Wheels of both names run on Amazon Linux 2023 (glibc 2.34); onnxruntime has the newer one.
PLATFORMS = {
    "x86_64": ("manylinux_2_28_x86_64", "manylinux2014_x86_64"),
    "arm64": ("manylinux_2_28_aarch64", "manylinux2014_aarch64"),
}

#: What the managed runtime brings along. A copy of our own would double the package.
OF_THE_RUNTIME = frozenset(
    {"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"}
)
#: The runtime's client, which calls the handlers; with the above all that is outside a package.
RUNTIME_CLIENT = frozenset({"awslambdaric", "simplejson", "snapshot-restore-py"})

#: Files of libraries that no function reads. Matched against the path inside the package;
#: compiled files go with their sources.
DROPPED = (
    # Tests, types, sources of extensions, what pip keeps for itself.
    "*/tests/*",
    "*/conftest.py",
    "*.pyi",
    "*/py.typed",
    "*.c",
    "*.h",
    "*.pxd",
    "*.pyx",
    "*.a",
    "bin/*",
    "*.dist-info/RECORD",
    "*.dist-info/WHEEL",
    "*.dist-info/top_level.txt",
    "*.dist-info/sboms/*",
    # numpy: the Fortran bridge, and what builds extensions against it.
    "numpy/f2py/*",
    "numpy/_pyinstaller/*",
    "numpy/random/_examples/*",
    "numpy/_core/lib/*",
    # onnxruntime: making and converting models; a second build of the engine for C programs
    # (29 MB), which the Python module does not use.
    "onnxruntime/backend/*",
    "onnxruntime/datasets/*",
    "onnxruntime/quantization/*",
    "onnxruntime/tools/*",
    "onnxruntime/transformers/*",
    "onnxruntime/capi/libonnxruntime.so.*",
    # duckdb: stubs, the Spark look-alike, the driver of another interface.
    "_duckdb-stubs/*",
    "adbc_driver_duckdb/*",
    "duckdb/experimental/*",
    # pydantic: the old major version, which FastAPI loads (40 ms) only to refuse its models,
    # and does without where it is missing.
    "pydantic/v1/*",
    "pydantic/mypy.py",
    # Powertools: routing of its own with a browser interface, and utilities we do not use.
    "aws_lambda_powertools/event_handler/*",
    "aws_lambda_powertools/utilities/batch/*",
    "aws_lambda_powertools/utilities/data_classes/*",
    "aws_lambda_powertools/utilities/data_masking/*",
    "aws_lambda_powertools/utilities/feature_flags/*",
    "aws_lambda_powertools/utilities/idempotency/*",
    "aws_lambda_powertools/utilities/kafka/*",
    "aws_lambda_powertools/utilities/parameters/*",
    "aws_lambda_powertools/utilities/parser/*",
    "aws_lambda_powertools/utilities/streaming/*",
    "aws_lambda_powertools/utilities/validation/*",
)

#: Modules of ours that a function names but never reaches, so that neither they nor what
#: they import is packed.
_EMBEDDED_HOME = frozenset(
    {
        "automl_backend.runners.subprocess",
        "automl_backend.runners.tables",
        "automl_core.adapters.metadata_store_sql",
        "automl_core.adapters.object_store_local",
    }
)


@dataclass(frozen=True)
class Plan:
    """One function's package.

    Parameters
    ----------
    name : str
        Of the function; its handler is ``automl_backend.lambdas.<name>.handler``.
    requirements : str or None
        Its hash-pinned requirement file; None: the standard library is enough.
    without : frozenset of str
        Distributions of that file that stay out, besides those of the runtime.
    unreached : frozenset of str
        Modules of ours that are named in an import but never loaded there.
    """

    name: str
    requirements: str | None
    without: frozenset[str] = frozenset()
    unreached: frozenset[str] = frozenset()

    @property
    def module(self) -> str:
        """The handler's module."""
        return f"automl_backend.lambdas.{self.name}"


PLANS = (
    Plan("api", "lambda-api.txt", unreached=_EMBEDDED_HOME),
    Plan("events", "lambda-events.txt", unreached=_EMBEDDED_HOME),
    # onnxruntime declares these three for its tools; loading and running a model needs none.
    Plan("inference", "inference.txt", without=frozenset({"flatbuffers", "packaging", "protobuf"})),
    Plan("authorizer", None),
)
