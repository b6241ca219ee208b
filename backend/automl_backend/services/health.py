"""Health: is each part of the platform really able to do its work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from automl_core.errors import NotFoundError, PlatformError

PartName = Literal["storage", "database", "queue", "model-runtime"]


class PartHealth(NamedTuple):
    """One part: ready, or why not."""

    name: PartName
    is_ready: bool
    detail: str


class HealthService(NamedTuple):
    """Asks every part; a check raises ``PlatformError`` if its part is not ready."""

    checks: Mapping[PartName, Callable[[], None]]

    def parts(self) -> list[PartHealth]:
        """Check all parts."""
        return [self.part(name) for name in self.checks]

    def part(self, name: PartName) -> PartHealth:
        """Check one part."""
        check = self.checks.get(name)
        if check is None:
            raise NotFoundError(f"This platform has no part {name!r}.")
        try:
            check()
        except PlatformError as error:
            return PartHealth(name, is_ready=False, detail=error.detail)
        return PartHealth(name, is_ready=True, detail="ready")


def check_model_runtime() -> None:
    """Make sure that models can be loaded at all.

    Raises
    ------
    PlatformError
        If onnxruntime cannot be imported or has no CPU provider.
    """
    try:
        from automl_core.bundle.runtime import available_providers
    except ImportError as error:
        raise PlatformError(
            "onnxruntime cannot be imported; install the inference part."
        ) from error
    if "CPUExecutionProvider" not in available_providers():
        raise PlatformError("onnxruntime has no CPU provider; install its standard build.")
