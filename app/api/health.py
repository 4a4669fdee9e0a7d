"""Whether the server lives."""

from __future__ import annotations

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from app.web.models import Output
from app.web.openapi import operation_id


class Health(Output):
    status: str = Field(examples=["ok"])


def blueprint() -> APIBlueprint:
    """`GET /healthz`, for everybody."""
    made = APIBlueprint(
        "health",
        "app.api",
        abp_tags=[Tag(name="health", description="For load balancers and supervisors.")],
        operation_id_callback=operation_id,
    )
    made.get("/healthz", responses={200: Health})(read_health)
    return made


def read_health() -> dict[str, str]:
    """Tell that the server answers

    It asks nothing of the database: a server that cannot reach it still lives.
    """
    return {"status": "ok"}
