"""What every piece of the API is made of: the parts it works with, and a room behind its doors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from http import HTTPStatus
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app.core.db import Database
from app.core.jobs import Jobs
from app.engine.doors import Engine
from app.engine.migration.doors import Migrations
from app.engine.operators import Operators
from app.engine.processes import Processes
from app.trial.room import Trials
from app.watch.desk import Desk
from app.web.callers import Callers
from app.web.intake import LONGEST_S, Intake
from app.web.openapi import operation_id
from app.web.personal import PersonalData

PREFIX = "/api/v1"
Responses = dict[str | int | HTTPStatus, type[BaseModel] | dict[Any, Any] | None]


@dataclass(frozen=True)
class ApiParts:
    """What the API works with. Its transactions are opened on `database` and committed synced."""

    database: Database
    engine: Engine
    operators: Operators
    processes: Processes
    migrations: Migrations
    jobs: Jobs
    callers: Callers
    trials: Trials
    desk: Desk = field(default_factory=Desk)
    intake: Intake = field(default_factory=partial(Intake, 0))
    personal: PersonalData = field(default_factory=PersonalData)


def refused(*statuses: int) -> Responses:
    """How errors are documented: each has the shape `ErrorBody`, a component of the document."""
    return {status: {"description": _REFUSED[status], "content": _ERROR} | _MORE.get(status, {}) for status in statuses}


_REFUSED = {
    400: "Not the documented shape, or values that cannot be right: `path` and `errors` say where",
    401: "No bearer token, a wrong one, or one that has expired or was revoked",
    403: "The token does not give the permission, or not for that process: the message names it",
    404: "Nothing has that identity",
    409: "Right in itself, but not in the present state",
    413: "More than is accepted at once",
    415: "A body of another content type, or a compressed one",
    422: "A diagram with errors: `findings` say where, why and what to do",
    429: "Too much waits already, or one caller asks too often: send the same again after `Retry-After` seconds",
    500: "An error that nobody foresaw; the server's log knows its `errorId`",
    503: "The database did not answer in time; nothing was stored",
}
_RETRY_AFTER = {"description": "Whole seconds", "schema": {"type": "integer", "minimum": 1, "maximum": LONGEST_S}}
_MORE = {429: {"headers": {"Retry-After": _RETRY_AFTER}}}
_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}


def view(method: Callable[..., Response]) -> Callable[..., Response]:
    """A method as flask-openapi3 wants its views: a function, on which it leaves marks."""

    @wraps(method)
    def call(**values: Any) -> Response:
        return method(**values)

    return call


def room(name: str, path: str, about: str, parts: ApiParts) -> APIBlueprint:
    """A blueprint under the API's prefix that lets in only callers whose token opens its doors."""
    blueprint = APIBlueprint(
        name,
        "app.api",
        url_prefix=f"{PREFIX}/{path}",
        abp_tags=[Tag(name=name.replace("_", " "), description=about)],
        abp_security=[{"bearer": []}],
        abp_responses=refused(400, 401, 403, 413, 429, 500, 503),
        operation_id_callback=operation_id,
    )
    blueprint.before_request(parts.callers.guard)
    return blueprint
