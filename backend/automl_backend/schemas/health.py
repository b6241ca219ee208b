"""Health."""

from __future__ import annotations

from typing import Literal

from automl_backend.schemas.base import View
from automl_backend.services.health import PartHealth


class LiveView(View):
    """The process answers."""

    status: Literal["ok"] = "ok"


class PartView(View):
    """One part of the platform."""

    name: str
    status: Literal["ready", "unready"]
    detail: str

    @classmethod
    def of(cls, part: PartHealth) -> PartView:
        """Show a part."""
        return cls(
            name=part.name, status="ready" if part.is_ready else "unready", detail=part.detail
        )


class ReadyView(View):
    """All parts."""

    status: Literal["ready", "unready"]
    parts: list[PartView]

    @classmethod
    def of(cls, parts: list[PartHealth]) -> ReadyView:
        """Show the parts together: ready if each is."""
        is_ready = all(part.is_ready for part in parts)
        return cls(
            status="ready" if is_ready else "unready", parts=[PartView.of(part) for part in parts]
        )


def http_status(view: PartView | ReadyView) -> int:
    """503 tells a load balancer to look elsewhere."""
    return 200 if view.status == "ready" else 503
