"""Settings, read once from the environment: complete or not at all.

The defaults run the embedded platform on a laptop. Only entry points build ``Settings``;
everything else is handed what it needs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from automl_core.errors import ConfigurationError

GIB = 1024**3


def _default_data_dir() -> Path:
    return Path.home() / ".automl-lite"


class Settings(BaseSettings):
    """Every variable starts with ``AUTOML_``; ``.env.example`` lists them all."""

    model_config = SettingsConfigDict(
        env_prefix="AUTOML_", env_file=".env", frozen=True, extra="ignore"
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

    log_level: Literal["debug", "info", "warning", "error"] = "info"

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
        wrong = "; ".join(
            f"AUTOML_{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']}"
            f" (got {problem['input']!r})"
            for problem in error.errors()
        )
        raise ConfigurationError(f"{wrong}.") from error


def child_environment(settings: Settings) -> dict[str, str]:
    """Environment for a trainer that must see the very same platform as its parent."""
    environment = dict(os.environ)
    for name, value in settings.model_dump().items():
        if value is None:
            environment.pop(f"AUTOML_{name.upper()}", None)
        else:
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            environment[f"AUTOML_{name.upper()}"] = text
    return environment
