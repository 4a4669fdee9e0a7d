"""Process instances: start one, see where it is."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel, StringConstraints

from app.api.incidents import CALL, IncidentOut
from app.api.room import PREFIX, ApiParts, refused, room, view
from app.core.db import Transaction
from app.core.priority import HIGHEST, LOWEST, NORMAL
from app.engine import queries
from app.engine.queries.instances import State
from app.engine.starts import StartRequest
from app.web.acting import Deed, act, deed
from app.web.headers import read_headers
from app.web.models import Headers, Identity, Input, Name, Output, Parameters, Variables
from app.web.paging import LIMIT, PageQuery, answer_one, answer_page
from app.web.watching import trace_parent

PRIORITY = "0, the highest, to 4; 2 is the normal one. Work that waits is done by priority, the oldest first in each"
IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$")]


class StartIn(Input):
    """What to start."""

    process_id: Name = Field(examples=["ftth_activate"], json_schema_extra={"example": "ftth_activate"})
    version: int | None = Field(default=None, ge=1, le=2_000_000_000, description="The latest if none is given")
    business_key: Name | None = Field(
        default=None,
        description="The caller's own key, such as an order number",
        json_schema_extra={"example": "ORD-2041"},
    )
    priority: int = Field(default=NORMAL, ge=HIGHEST, le=LOWEST, description=PRIORITY)
    variables: Variables = Field(
        default={},
        description="Start variables, held against the JSON Schema that the process declares; 1 MB in all",
        json_schema_extra={"example": {"serial": "HWTC9F1A2B3C", "speed_mbps": 500}},
    )


class StartHeader(Headers):
    idempotency_key: IdempotencyKey | None = Field(default=None, alias="Idempotency-Key")


# Read by ourselves: flask-openapi3 makes the schema of a header model anew for each request.
_HEADERS: dict[str, Any] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "The same key twice starts one instance. Printable ASCII.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "example": "ORD-2041-1",
        }
    ]
}


class Started(Output):
    """An instance that was accepted and is stored."""

    id: str
    process_id: str
    version: int
    business_key: str | None
    priority: int
    state: State
    href: str
    created: bool = Field(description="False: the idempotency key had already started this instance")


class InstanceOut(Output):
    """An instance as lists show it."""

    id: str
    process_id: str
    version: int
    business_key: str | None
    priority: int = Field(description=PRIORITY)
    state: State = Field(description="`fallen_out`: active, with at least one open incident")
    suspended_with: Literal["instance", "process"] | None = Field(description="What has to be resumed for it to go on")
    incident_count: int = Field(description="Open ones")
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    waiting_for: str | None = Field(description="The most telling of its waits", examples=["message ont_online"])
    href: str

    @classmethod
    def of(cls, row: queries.InstanceRow) -> InstanceOut:
        return cls.model_validate({**vars(row), "incident_count": row.incidents, "href": href_of(row.id)})


class InstanceList(RootModel[list[InstanceOut]]):
    """Instances, the youngest first."""


class WaitOut(Output):
    """Why a token stands where it stands."""

    number: int
    call: int = CALL
    element_id: str | None
    kind: str | None = Field(description="What it waits for", examples=["message"])
    since: datetime | None
    due_at: datetime | None
    name: str | None = Field(description="The handler, the message or the task")
    correlation: str | None
    attempt: int
    claimed_by: str | None
    inputs: Any
    error: Any = Field(description="Of the last attempt that failed")


class ScopeOut(Output):
    """Variables of a sub-process that runs."""

    scope: str = Field(examples=["/order#1"])
    variables: dict[str, Any]


class VariablesOut(Output):
    """The variables of an instance."""

    variables: dict[str, Any] = Field(description="Those of the process")
    scopes: list[ScopeOut] = Field(description="Those of its sub-processes, while they run")


class InstanceDetail(InstanceOut):
    """An instance with what it waits for, what is wrong with it, and its variables."""

    waits: list[WaitOut]
    incidents: list[IncidentOut] = Field(description="Open ones")
    variables: dict[str, Any] = Field(description="Those of the process")


class HistoryOut(Output):
    """A thing that happened."""

    at: datetime
    kind: str = Field(examples=["completed"])
    call: int = CALL
    element_id: str | None
    actor: str | None
    detail: dict[str, Any]


class HistoryList(RootModel[list[HistoryOut]]):
    """What happened, newest first."""


class InstancePath(Parameters):
    instance_id: Identity


SEARCHED = "How a business key begins, in any case; if none begins so, a part of one. Or a whole instance id"


class InstanceQuery(PageQuery):
    state: State | None = Field(default=None, description="`fallen_out` is active with open incidents")
    process_id: Name | None = None
    business_key: Name | None = Field(default=None, description="Exactly this one")
    search: Name | None = Field(default=None, description=SEARCHED)


def href_of(instance_id: str) -> str:
    """Where an instance is read."""
    return f"{PREFIX}/process-instances/{instance_id}"


class Instances:
    """The room of process instances."""

    def __init__(self, parts: ApiParts) -> None:
        self._database = parts.database
        self._engine = parts.engine
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("process_instances", "process-instances", "Running and ended flows.", self._parts)
        known = refused(404)
        refusals = refused(404, 409, 415, 429)
        made.post("", responses={202: Started, **refusals}, openapi_extensions=_HEADERS)(view(self.start_instance))
        made.get("", responses={200: InstanceList})(view(self.list_instances))
        made.get("/<instanceId>", responses={200: InstanceDetail, **known})(view(self.read_instance))
        made.get("/<instanceId>/history", responses={200: HistoryList, **known})(view(self.read_history))
        made.get("/<instanceId>/variables", responses={200: VariablesOut, **known})(view(self.read_variables))
        return made

    def start_instance(self, body: StartIn) -> Response:
        """Start an instance of a process

        Answers 202 once the instance is stored for good; workers run it from then on, and `Location` says where it is
        seen. Send an `Idempotency-Key` to be able to repeat a request whose answer was lost: the same key with the
        same body is the same instance, with another body it is refused (409). When too much waits for workers already,
        nothing is stored (429): send the same again after `Retry-After` seconds.
        """
        asked = StartRequest(
            process_id=body.process_id,
            variables=body.variables,
            version=body.version,
            business_key=body.business_key,
            priority=body.priority,
            idempotency_key=read_headers(StartHeader).idempotency_key,
            trace_parent=trace_parent(),
        )

        deed().concerns(body.process_id)
        # Before any transaction: what is refused must not keep those waiting who work it off.
        self._parts.intake.admit(asked.priority, asked.idempotency_key)

        def store(tx: Transaction, deed: Deed) -> Started:
            started = self._engine.start(tx, asked)
            deed.target = started.instance_id
            row = queries.get_instance(tx.connection, started.instance_id, waits=False)
            shown = {**vars(row), "href": href_of(row.id), "created": started.created}
            return Started.model_validate(shown)

        started = act(self._database, store)
        return answer_one(started, 202, started.href)

    def list_instances(self, query: InstanceQuery) -> Response:
        """List instances, the youngest first"""
        with self._database.reading() as connection:
            page = queries.list_instances(
                connection,
                state=query.state,
                process_id=query.process_id,
                business_key=query.business_key,
                search=query.search,
                among=deed().reach,
                limit=query.limit,
                offset=query.offset,
            )
        return answer_page(map(InstanceOut.of, page.items), page.total)

    def read_instance(self, path: InstancePath) -> Response:
        """Read an instance: its state, what it waits for, its open incidents and its variables"""
        with self._database.reading() as connection:
            row = queries.get_instance(connection, path.instance_id)
            tokens = queries.open_tokens(connection, row.id)
            raised = queries.list_incidents(connection, instance_id=row.id, limit=LIMIT)
            found = queries.variables(connection, row.id)
            veil = self._parts.personal.veil(connection, row.id, row.process_id)
        shown = InstanceOut.of(row)
        answer = answer_one(
            InstanceDetail(
                **dict(shown),
                waits=[WaitOut.model_validate(each) for each in veil.tokens(tokens)],
                incidents=[IncidentOut.of(veil.incident(each)) for each in raised.items],
                variables={each.name: each.value for each in veil.variables(found) if not each.scope},
            )
        )
        return veil.note(answer)

    def read_history(self, path: InstancePath, query: PageQuery) -> Response:
        """Read what happened in an instance, newest first"""
        with self._database.reading() as connection:
            row = queries.get_instance(connection, path.instance_id)
            views = queries.history(connection, row.id, query.limit, query.offset)
            total = queries.count_history(connection, row.id)
            veil = self._parts.personal.veil(connection, row.id, row.process_id)
        return veil.note(answer_page(map(HistoryOut.model_validate, veil.history(views)), total))

    def read_variables(self, path: InstancePath) -> Response:
        """Read the variables of an instance, those of its sub-processes included"""
        with self._database.reading() as connection:
            row = queries.get_instance(connection, path.instance_id)
            found = queries.variables(connection, row.id)
            veil = self._parts.personal.veil(connection, row.id, row.process_id)
        scopes: dict[str, dict[str, Any]] = {"": {}}
        for each in veil.variables(found):
            scopes.setdefault(each.scope, {})[each.name] = each.value
        own = scopes.pop("")
        inner = [ScopeOut(scope=scope, variables=names) for scope, names in scopes.items()]
        return veil.note(answer_one(VariablesOut(variables=own, scopes=inner)))
