"""Health of the platform; open to everybody."""

from __future__ import annotations

from fastapi import Response

from automl_backend.deps import Health
from automl_backend.routing import open_router
from automl_backend.schemas.health import LiveView, PartView, ReadyView, http_status
from automl_backend.services.health import PartName

router = open_router("/health", "health")


@router.get("", operation_id="get_health")
def get_health() -> LiveView:
    """Tell that the process answers."""
    return LiveView()


@router.get("/live", operation_id="get_liveness")
def get_liveness() -> LiveView:
    """Tell that the process answers."""
    return LiveView()


@router.get("/ready", operation_id="get_readiness", responses={503: {"model": ReadyView}})
def get_readiness(response: Response, health: Health) -> ReadyView:
    """Check every part; 503 if one is not ready."""
    view = ReadyView.of(health.parts())
    response.status_code = http_status(view)
    return view


@router.get("/{part}", operation_id="get_part_health", responses={503: {"model": PartView}})
def get_part_health(part: PartName, response: Response, health: Health) -> PartView:
    """Check one part: storage, database, queue or model-runtime."""
    view = PartView.of(health.part(part))
    response.status_code = http_status(view)
    return view
