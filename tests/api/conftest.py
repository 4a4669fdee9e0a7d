"""An API on a database of the test's own, and callers who hold tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from werkzeug.test import TestResponse

from app.api.build import ApiParts, build_api
from app.core.clock import FixedClock
from app.core.db import Database, metadata
from app.core.jobs import Jobs, Kinds
from app.core.settings import read_settings
from app.engine.migration.doors import KIND, Migrations
from app.engine.migration.surveys import Surveys
from app.engine.processes import Processes
from app.engine.retries import Retries
from app.trial.room import Trials
from app.web.callers import Callers
from app.web.openapi import create_app_shell
from app.web.rates import Rate
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.people import add_token, an_identity
from tests.factories.steps import HANDLERS

TOKEN = "let-me-in"
XML = "application/xml"


class Caller:
    """Calls paths under /api/v1 with a token, that of an admin called `api` unless told otherwise."""

    def __init__(self, client: FlaskClient, token: str = TOKEN) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(f"/api/v1{path}", query_string=query or None, headers=self.headers)

    def post(self, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **raw: Any) -> TestResponse:
        """`body` as JSON, or whatever werkzeug's client takes, such as data and content_type."""
        sent = raw or {"json": {} if body is None else body}
        return self.client.post(f"/api/v1{path}", headers={**self.headers, **(headers or {})}, **sent)

    def deploy(self, diagram: Diagram | bytes, content_type: str = XML) -> TestResponse:
        document = diagram if isinstance(diagram, bytes) else diagram.xml()
        return self.post("/process-definitions", data=document, content_type=content_type)

    def start(self, process_id: str = "p", /, *, key: str | None = None, **body: Any) -> TestResponse:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.post("/process-instances", {"processId": process_id, **body}, headers=headers)


@pytest.fixture
def bench(sqlite_database: Database, clock: FixedClock) -> Bench:
    return Bench(sqlite_database, clock, HANDLERS)


def application(bench: Bench, **parts: Any) -> OpenAPI:
    app = create_app_shell(read_settings({}))
    add_token(bench.database, TOKEN, "admin", clock=bench.clock)
    build_api(app, parts_of(bench, **parts))
    return app


def somebody(bench: Bench, api: Caller, name: str, *grants: str) -> Caller:
    """Another caller, whose token has the name and these grants."""
    token = f"token-of-{name}"
    add_token(bench.database, token, *(grants or ("admin",)), name=name, clock=bench.clock)
    return Caller(api.client, token)


def parts_of(bench: Bench, per_s: float = 100_000, **parts: Any) -> ApiParts:
    migrations, processes = Migrations(bench.engine), Processes(bench.engine)
    many = {**processes.kinds(), **Retries(bench.operators).kinds(), **Surveys(bench.engine).kinds()}
    kinds = Kinds({KIND: migrations.work, **many})
    jobs = Jobs(kinds, bench.clock)
    doors = (bench.database, bench.engine, bench.operators, processes, migrations, jobs)
    callers = parts.pop("callers", None) or Callers(an_identity(bench.database, bench.clock), Rate(per_s))
    trials = Trials(bench.registry, bench.clock)
    return ApiParts(*doors, callers, trials, **parts)


def leave_open(bench: Bench) -> None:
    """An open user task, and an open incident behind another one."""
    bench.deploy(Diagram("p").start().user("u").service("a", "t.typed").end().chain("s", "u", "a", "e"))
    for completed in (False, True):
        instance_id = bench.start("p", serial="A1", speed_mbps="fast")
        bench.run(instance_id)
        if completed:
            bench.complete(instance_id)
            bench.run(instance_id)


@pytest.fixture
def api(bench: Bench) -> Caller:
    return Caller(application(bench).test_client())


@pytest.fixture
def stored(bench: Bench) -> Callable[[], dict[str, int]]:
    """How many rows each table has: what a refused request must leave as it was, but for the record of it."""
    kept = [table for table in metadata.sorted_tables if table.name != "audit_entry"]
    return lambda: {table.name: bench.count(table) for table in kept}


@pytest.fixture
def olga(bench: Bench, api: Caller) -> Caller:
    return somebody(bench, api, "olga")
