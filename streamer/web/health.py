"""Whether all is well, for whoever watches from outside: no login, and nothing that tells much."""

from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from streamer.errors import UserError
from streamer.version import VERSION
from streamer.web.portal import Portal


class Health(BaseModel):
    """`degraded`: a camera is away, or what waits for the sinks cannot be told. `waiting` is
    how many deliveries are yet to be made; null if that cannot be told."""

    status: Literal["ok", "degraded"]
    version: str
    uptime_s: float
    cameras_up: int
    cameras: int
    waiting: int | None


def router(portal: Portal) -> APIRouter:
    """The route."""
    api = APIRouter(tags=["system"])

    @api.get("/health")
    def health() -> Health:
        """How the daemon is. The status of the answer is 200 as long as there is one."""
        names = list(portal.controls.cameras)
        up = sum(_up(portal, name) for name in names)
        waiting = _waiting(portal)
        return Health(
            status="ok" if up == len(names) and waiting is not None else "degraded",
            version=VERSION,
            uptime_s=max(0.0, (datetime.now(UTC) - portal.started_at).total_seconds()),
            cameras_up=up,
            cameras=len(names),
            waiting=waiting,
        )

    return api


def _up(portal: Portal, camera: str) -> bool:
    return bool(portal.metrics.registry.get_sample_value("anpr_camera_up", {"camera": camera}))


def _waiting(portal: Portal) -> int | None:
    try:
        return sum(portal.outbox.depth(sink) for sink in portal.sinks)
    except UserError:
        return None
