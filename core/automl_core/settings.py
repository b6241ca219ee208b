"""Settings, read once from the environment: complete or not at all.

The defaults run the embedded platform on a laptop; the five store variables make the AWS
home. Only entry points build ``Settings``; everything else is handed what it needs.
"""

# No postponed annotations here: pydantic would compile each again, a fifth of the time that
# making these classes takes.
import os
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from automl_core.errors import ConfigurationError

GIB = 1024**3

ENV_PREFIX: Final = "AUTOML_"

#: Where the AWS home keeps everything: all of them are set, or none is.
STORE_FIELDS: Final = (
    "datasets_bucket",
    "models_bucket",
    "reports_bucket",
    "datasets_table",
    "jobs_table",
)

_INCOMPLETE: Final = "aws_home_incomplete"


def _default_data_dir() -> Path:
    try:
        return Path.home() / ".automl-lite"
    except RuntimeError:
        # A container's user may have no home. The AWS home needs no folder; the embedded one
        # says that this cannot be written and names the variable.
        return Path("/.automl-lite")


class Settings(BaseSettings):
    """Every variable starts with ``AUTOML_``, but for those that name parts of the AWS home:
    Terraform, job definitions and the SDK share their names. ``.env.example`` lists them all.
    """

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_file=".env",
        frozen=True,
        extra="ignore",
        populate_by_name=True,
    )

    data_dir: Path = Field(default_factory=_default_data_dir)
    """Folder of the embedded home: database, objects, logs, signing key."""

    database_url: str | None = None
    """Any SQLAlchemy URL; None: SQLite inside ``data_dir``."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str | None = None
    """Address under which browsers reach the platform; None: ``http://host:port``."""

    api_token_hashes: str = ""
    """SHA-256 hashes (hex, comma-separated) of the tokens that may call the API.
    Empty: open, which is only allowed on a loopback address."""

    signing_key: SecretStr | None = None
    """Secret that signs upload and download URLs and list cursors; None: made once and
    kept in ``data_dir/signing.key`` (mode 600)."""

    upload_url_ttl_s: int = Field(default=900, gt=0, le=3600)
    download_url_ttl_s: int = Field(default=900, gt=0, le=900)
    max_upload_bytes: int = Field(default=GIB, gt=0)
    max_body_bytes: int = Field(default=8 * 1024**2, gt=0)
    """Largest JSON body; uploads have their own limit."""
    max_columns: int = Field(default=2000, ge=2)
    max_prediction_rows: int = Field(default=10_000, ge=1)
    max_active_jobs: int = Field(default=3, ge=1)
    """Jobs one owner may have pending, running or waiting at the same time."""

    trainer_slots: int = Field(default=1, ge=1, le=64)
    """Trainings that run at the same time on this machine."""
    heartbeat_s: float = Field(default=5.0, gt=0, le=60)
    max_attempts: int = Field(default=3, ge=1, le=10)
    """Attempts of a job that a restart of the platform may start by itself."""

    web_dir: Path | None = None
    """Folder of the built web app; None: ``frontend/dist`` of the checkout that runs, if it is
    there."""

    deep_report_python: Path | None = None
    """Interpreter that has the packages of ``requirements/deep.txt``; None: that of the folder
    ``.venv-deep`` beside the running environment, if it is there."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    datasets_bucket: str | None = Field(None, validation_alias="S3_BUCKET_DATASETS")
    models_bucket: str | None = Field(None, validation_alias="S3_BUCKET_MODELS")
    reports_bucket: str | None = Field(None, validation_alias="S3_BUCKET_REPORTS")
    datasets_table: str | None = Field(None, validation_alias="DYNAMODB_DATASETS_TABLE")
    jobs_table: str | None = Field(None, validation_alias="DYNAMODB_JOBS_TABLE")
    aws_region: str | None = Field(
        None, validation_alias=AliasChoices("AWS_REGION", "REGION", "AWS_DEFAULT_REGION")
    )
    """The first of the three that is set."""

    batch_job_queue: str | None = Field(None, validation_alias="BATCH_JOB_QUEUE")
    """Queue on Spot capacity, for a job's first attempt; the trainer itself needs none."""
    batch_on_demand_queue: str | None = None
    """Queue on demand, for an attempt that follows a lost Spot task."""
    batch_job_definition: str | None = Field(None, validation_alias="BATCH_JOB_DEFINITION")
    inline_read_bytes: int | None = Field(None, ge=0)
    """Largest upload that a request reads, others being read by the runner; None: 16 MiB in the
    embedded home, any on AWS."""

    @field_validator(
        *STORE_FIELDS,
        "aws_region",
        "batch_job_queue",
        "batch_on_demand_queue",
        "batch_job_definition",
        "inline_read_bytes",
        "deep_report_python",
        mode="before",
    )
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @model_validator(mode="after")
    def _aws_home_is_complete(self) -> Self:
        needed = (*STORE_FIELDS, "aws_region")
        missing = [variable(name) for name in needed if getattr(self, name) is None]
        if self.home == "aws" and missing:
            present = next(variable(name) for name in STORE_FIELDS if getattr(self, name))
            raise PydanticCustomError(
                _INCOMPLETE,
                "{present} is set, which makes this the AWS home, but {missing} not; set all of "
                "them from the outputs of Terraform, or none",
                {
                    "present": present,
                    "missing": f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'}",
                },
            )
        return self

    @property
    def home(self) -> Literal["embedded", "aws"]:
        """Where the platform lives: ``aws`` as soon as one of its stores is named."""
        is_aws = any(getattr(self, name) is not None for name in STORE_FIELDS)
        return "aws" if is_aws else "embedded"

    @property
    def token_hashes(self) -> tuple[str, ...]:
        """The configured token hashes, lower case, without blanks."""
        return tuple(h.strip().lower() for h in self.api_token_hashes.split(",") if h.strip())

    @property
    def resolved_database_url(self) -> str:
        """The database's URL, the SQLite default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'automl.db'}"

    @property
    def resolved_public_url(self) -> str:
        """The platform's own address, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


def load_settings(**overrides: object) -> Settings:
    """Read the settings; overrides come from command-line options and win.

    Raises
    ------
    ConfigurationError
        Naming each variable in full with what is wrong about it.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        wrong = "; ".join(_explain(problem) for problem in error.errors())
        raise ConfigurationError(f"{wrong}.") from error


def variables(field: str) -> tuple[str, ...]:
    """Environment variables that fill a setting; the first one that is set wins.

    >>> variables("port"), variables("jobs_table")
    (('AUTOML_PORT',), ('DYNAMODB_JOBS_TABLE',))
    """
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (str(alias),) if alias else (f"{ENV_PREFIX}{field.upper()}",)


def variable(field: str) -> str:
    """The variable by which a setting is named."""
    return variables(field)[0]


def child_environment(settings: Settings) -> dict[str, str]:
    """Environment for a trainer that must see the very same platform as its parent."""
    environment = dict(os.environ)
    for field, value in settings.model_dump().items():
        first, *others = variables(field)
        for name in (first, *others):
            environment.pop(name, None)
        if value is not None:
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            environment[first] = text
    return environment


def _explain(problem: Any) -> str:
    if problem["type"] == _INCOMPLETE:
        # Its input would be every setting there is, the secret ones included.
        return str(problem["msg"])
    name = str(problem["loc"][0])
    # Fields with names of their own are located by them, the others by the field's.
    shown = variable(name) if name in Settings.model_fields else name
    return f"{shown}: {problem['msg']} (got {problem['input']!r})"
