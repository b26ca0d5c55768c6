"""The audit log: who changed what."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from streamer.web.access import Operator
from streamer.web.inputs import LARGEST_ID, MOST
from streamer.web.models import Change, Changes
from streamer.web.portal import Portal


class ChangeFilter(BaseModel):
    """Which lines are wanted."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(100, ge=1, le=MOST)
    before: int | None = Field(
        None, ge=1, le=LARGEST_ID, description="Of smaller ids: pages through them."
    )


def router(portal: Portal) -> APIRouter:
    """The route of the audit log."""
    routes = APIRouter(tags=["audit"])

    @routes.get("/audit", summary="Who changed what")
    def changes(_: Operator, wanted: Annotated[ChangeFilter, Query()]) -> Changes:
        """Every change made through the API, the latest first."""
        found = portal.archive.changes(wanted.limit, wanted.before)
        return Changes(changes=[Change.model_validate(one) for one in found])

    return routes
