"""For those who watch the server: whether it lives, whether it can do its work, and its figures."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field
from werkzeug.exceptions import NotFound

from app.api.room import view
from app.identity.permissions import Permission
from app.watch.desk import Desk
from app.watch.figures import CONTENT_TYPE
from app.web.callers import Callers
from app.web.models import Output
from app.web.openapi import operation_id
from app.web.paging import answer_one


class Health(Output):
    status: str = Field(examples=["ok"])


class CheckOut(Output):
    """One part of the server."""

    ok: bool
    message: str | None = Field(description="What is wrong with it")


class ReadyOut(Output):
    """Whether the server can do its work."""

    status: str = Field(description="`ready` or `not_ready`", examples=["ready"])
    checks: dict[str, CheckOut] = Field(description="`database`, `schema`, `disk`, `dispatch`, `worker`, `lease`")


class HealthRoom:
    """The room of probes; `callers` are asked for the figures only if the desk says so."""

    def __init__(self, desk: Desk, callers: Callers) -> None:
        self._desk = desk
        self._callers = callers

    def blueprint(self) -> APIBlueprint:
        made = APIBlueprint(
            "health",
            "app.api",
            abp_tags=[Tag(name="health", description="For load balancers, supervisors and Prometheus.")],
            operation_id_callback=operation_id,
        )
        made.get("/healthz", responses={200: Health})(read_health)
        made.get("/readyz", responses={200: ReadyOut, 503: ReadyOut})(view(self.read_readiness))
        made.get("/metrics", doc_ui=False)(view(self.read_metrics))
        return made

    def read_readiness(self) -> Response:
        """Tell whether the server can do its work, and which part of it cannot

        Answers within seconds whatever the database does. 503: send orders elsewhere, the server comes back by itself.
        """
        seen = self._desk.readiness.see()
        checks = {name: CheckOut(ok=wrong is None, message=wrong) for name, wrong in seen.checks.items()}
        body = ReadyOut(status="ready" if seen.ok else "not_ready", checks=checks)
        return answer_one(body, 200 if seen.ok else 503)

    def read_metrics(self) -> Response:
        """The figures, for Prometheus"""
        if self._desk.metrics == "off":
            raise NotFound
        if self._desk.metrics == "token":
            self._callers.person().require(Permission.READ_METRICS, None)
        return Response(self._desk.figures.text(), content_type=CONTENT_TYPE)


def read_health() -> dict[str, str]:
    """Tell that the server answers

    It asks nothing of the database: a server that cannot reach it still lives.
    """
    return {"status": "ok"}
