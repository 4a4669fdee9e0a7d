"""Probes, figures, and what is noted about each request."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from flask.testing import FlaskClient

from app.core import log
from app.core.meters import Meters
from app.watch.desk import Desk
from app.watch.figures import FiguresSheet
from app.watch.readiness import NotReady, Readiness
from app.web.watching import Watching
from tests.api.conftest import TOKEN, application
from tests.factories.engines import Bench
from tests.factories.people import add_token


def away() -> None:
    raise NotReady("it is away")


def client(bench: Bench, meters: Meters | None = None, **desk: Any) -> FlaskClient:
    counted = meters or Meters()
    app = application(bench, desk=Desk(figures=FiguresSheet(counted, "1"), **desk))
    Watching(counted).install(app)
    return app.test_client()


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """What is logged meanwhile; read it after the request."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    log.configure("info", stream)

    class Lines(list[dict[str, Any]]):
        def __iter__(self) -> Iterator[dict[str, Any]]:
            return iter([json.loads(line) for line in stream.getvalue().splitlines()])

    yield Lines()
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_server_that_works_is_ready_and_says_what_was_checked(bench: Bench) -> None:
    answer = client(bench, readiness=Readiness({"database": lambda: None})).get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "checks": {"database": {"ok": True, "message": None}}}


def test_a_server_that_cannot_work_names_the_part(bench: Bench) -> None:
    answer = client(bench, readiness=Readiness({"database": lambda: None, "lease": away})).get("/readyz")
    assert answer.status_code == 503
    assert answer.json == {
        "status": "not_ready",
        "checks": {"database": {"ok": True, "message": None}, "lease": {"ok": False, "message": "it is away"}},
    }


def test_a_server_that_cannot_work_lives(bench: Bench) -> None:
    assert client(bench, readiness=Readiness({"lease": away})).get("/healthz").status_code == 200


def test_figures_are_open_to_everybody_unless_told_otherwise(bench: Bench) -> None:
    answer = client(bench).get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    assert 'turnup_info{version="1"} 1.0' in answer.text


def test_figures_may_ask_for_a_token(bench: Bench) -> None:
    guarded = client(bench, metrics="token")
    assert guarded.get("/metrics").status_code == 401
    add_token(bench.database, "viewers", "viewer", clock=bench.clock)
    assert guarded.get("/metrics", headers={"Authorization": "Bearer viewers"}).json["code"] == "MissingPermission"
    assert guarded.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert guarded.get("/readyz").status_code == 200


def test_figures_may_be_off(bench: Bench) -> None:
    answer = client(bench, metrics="off").get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 404
    assert answer.json is not None


def test_requests_are_counted_by_route_and_never_by_what_a_stranger_invents(bench: Bench) -> None:
    meters = Meters()
    caller = client(bench, meters)
    for n in range(3):
        caller.get(f"/api/v1/process-instances/{n}", headers={"Authorization": f"Bearer {TOKEN}"})
        caller.get(f"/nowhere/{n}")
        caller.open("/nowhere", method=f"INVENTED{n}")
    count = "turnup_http_request_seconds_count"
    found = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for family in meters.registry.collect()
        for sample in family.samples
        if sample.name == count
    }
    assert found == {
        ("GET", "/api/v1/process-instances/<instanceId>", "404"): 3,
        ("GET", "unknown", "404"): 3,
        ("other", "unknown", "404"): 3,
    }


def test_a_callers_request_id_comes_back_and_an_unfit_one_is_replaced(bench: Bench) -> None:
    caller = client(bench)
    assert caller.get("/healthz", headers={"X-Request-Id": "portal-7"}).headers["X-Request-Id"] == "portal-7"
    for unfit in ("", "a b", "x" * 65, "né"):
        answer = caller.get("/healthz", headers={"X-Request-Id": unfit})
        assert len(answer.headers["X-Request-Id"]) == 36


def test_what_changes_something_is_logged_with_its_id_and_what_came_of_it(bench: Bench, lines: Any) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Request-Id": "portal-7"}
    caller = client(bench)
    caller.get("/api/v1/process-instances", headers=headers)
    caller.post("/api/v1/process-instances", json={"processId": "none"}, headers=headers)
    (line,) = lines
    assert (line["event"], line["request_id"], line["method"], line["status"]) == ("request", "portal-7", "POST", 404)
    assert "trace_id" not in line


def test_whoever_is_turned_away_is_logged(bench: Bench, lines: Any) -> None:
    caller = client(bench)
    add_token(bench.database, "vera", "viewer", name="vera", clock=bench.clock)
    caller.get("/api/v1/jobs")
    caller.get("/api/v1/jobs", headers={"Authorization": "Bearer a-guess"})
    caller.get("/api/v1/audit", headers={"Authorization": "Bearer vera"})
    assert [(line["status"], line["path"], line["address"], line.get("by")) for line in lines] == [
        (401, "/api/v1/jobs", "127.0.0.1", None),
        (401, "/api/v1/jobs", "127.0.0.1", None),
        (403, "/api/v1/audit", "127.0.0.1", "vera"),
    ]
    assert "a-guess" not in str(list(lines))


def test_whoever_asks_too_often_is_logged(bench: Bench, lines: Any) -> None:
    app = application(bench, per_s=1)
    Watching().install(app)
    statuses = [app.test_client().get("/api/v1/jobs", headers={"Authorization": f"Bearer {TOKEN}"}).status_code for _ in range(4)]
    assert [line["status"] for line in lines] == [status for status in statuses if status == 429] != []


def test_an_error_that_nobody_foresaw_is_logged_under_the_requests_id(
    bench: Bench, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.engine, "publish", lambda tx, sent: 1 / 0)
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Request-Id": "portal-8"}
    body = {"name": "m", "correlationKey": "k"}
    assert client(bench).post("/api/v1/messages", json=body, headers=headers).status_code == 500
    assert [(line["event"], line["request_id"]) for line in lines] == [
        ("request_failed", "portal-8"),
        ("request", "portal-8"),
    ]
