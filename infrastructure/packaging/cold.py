"""How long a function takes to start: the import of its handler in fresh processes."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from infrastructure.packaging.build import Package
from infrastructure.packaging.drafts import drafted
from infrastructure.packaging.modules import PackagingError

PROCESSES = 5

#: What Terraform gives the functions, with values that nothing is asked about.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "automl-lite-test",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",
    "AWS_LAMBDA_LOG_GROUP_NAME": "test",
    "AWS_LAMBDA_LOG_STREAM_NAME": "test",
    "AUTOML_API_TOKEN_HASHES": hashlib.sha256(b"token").hexdigest(),
    "AUTOML_BATCH_ON_DEMAND_QUEUE": "on-demand",
    "AUTOML_INLINE_READ_BYTES": "16777216",
    "BATCH_JOB_DEFINITION": "training",
    "BATCH_JOB_QUEUE": "spot",
    "DYNAMODB_DATASETS_TABLE": "datasets",
    "DYNAMODB_JOBS_TABLE": "jobs",
    "S3_BUCKET_DATASETS": "datasets",
    "S3_BUCKET_MODELS": "models",
    "S3_BUCKET_REPORTS": "reports",
}


#: What the imports alone take; the interpreter's own start is the same for every function.
_MEASURED = """
import resource
before = resource.getrusage(resource.RUSAGE_SELF)
import {module}
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
"""


def unpack(package: Package, folder: Path) -> None:
    """Unpack a package as Lambda does; a folder that is there already is replaced."""
    if folder.exists():
        shutil.rmtree(folder)
    with drafted(folder) as draft, zipfile.ZipFile(package.file) as archive:
        archive.extractall(draft)


def cold_import_ms(module: str, task: Path, runtime: Path) -> float:
    """Import a function's handler in fresh processes: least CPU time, in milliseconds.

    Parameters
    ----------
    module : str
        The handler's module.
    task, runtime : Path
        Where the package is unpacked, and where the runtime's own libraries are. Nothing
        else is in sight but the standard library.

    Raises
    ------
    PackagingError
        If it cannot be imported, with what was said.
    """
    return min(_cpu_ms(module, task, runtime) for _ in range(PROCESSES))


def _cpu_ms(module: str, task: Path, runtime: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-S", "-B", "-c", _MEASURED.format(module=module)],
        cwd=task,
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": f"{task}:{runtime}",
            "LAMBDA_TASK_ROOT": str(task),
            **ENVIRONMENT,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PackagingError(f"{module} cannot be imported:\n{done.stderr.strip()}")
    return 1000 * float(done.stdout.splitlines()[-1])
