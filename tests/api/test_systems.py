"""The systems that handlers call, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.engine.outcomes import Failed
from app.handling import Limit, System
from tests.api.conftest import Caller
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.systems import OLT, Network

WHY = {"reason": "new firmware"}


@pytest.fixture
def bench(sqlite_database: Database, clock: FixedClock) -> Bench:
    made = Bench(sqlite_database, clock, Network().handlers(System("olt={olt}", Limit(concurrent=1))))
    made.deploy(Diagram("p").start("s").service("a", "net.call").end("e").chain("s", "a", "e"))
    return made


def test_nothing_is_listed_while_all_answer_and_none_is_busy(api: Caller) -> None:
    answer = api.get("/systems")
    assert (answer.status_code, answer.json, answer.headers["X-Total-Count"]) == (200, [], "0")


def test_a_limited_system_shows_what_runs_and_what_is_held(api: Caller, bench: Bench) -> None:
    for _ in range(3):
        bench.advance(bench.start("p", olt="lon-3"))
    (shown,) = api.get("/systems").json
    assert {name: shown[name] for name in ("key", "kind", "state", "running", "held", "concurrent", "perSecond")} == {
        "key": "olt=lon-3",
        "kind": "system",
        "state": "closed",
        "running": 1,
        "held": 2,
        "concurrent": 1,
        "perSecond": None,
    }
    assert shown["limitSetBy"] is None
    assert shown["heldSince"] == "2026-03-02T12:00:00Z"


def test_a_system_that_is_down_says_since_when_why_and_when_it_is_tried(api: Caller, olga: Caller, bench: Bench) -> None:
    for _ in range(3):
        with bench.database.transaction() as tx:
            down = Failed("SystemSilent", "no answer", system_down=True)
            bench.engine.gates.tell(tx, OLT, "olt=lon-3", down, 1_769_856_000_000_000)
    (shown,) = api.get("/systems").json
    assert (shown["state"], shown["failures"], shown["error"]) == (
        "open",
        3,
        {"code": "SystemSilent", "message": "no answer"},
    )
    assert (shown["changedAt"], shown["nextLookAt"]) == ("2026-01-31T10:40:00Z", "2026-01-31T10:40:10Z")
    answer = olga.post("/systems/let-go", {"key": "olt=lon-3", **WHY})
    assert (answer.json["state"], answer.json["allowed"], answer.json["changedBy"]) == ("half_open", 1, "olga")


def test_limits_are_set_and_lifted(api: Caller, olga: Caller) -> None:
    set_to = olga.post("/systems/limit", {"key": "olt=*", "concurrent": 4, "perSecond": 2.5, **WHY}).json
    assert (set_to["kind"], set_to["concurrent"], set_to["perSecond"], set_to["limitSetBy"]) == ("family", 4, 2.5, "olga")
    lifted = api.post("/systems/lift-limit", {"key": "olt=*", **WHY})
    assert (lifted.status_code, lifted.json["concurrent"], lifted.json["limitSetBy"]) == (200, None, None)
    assert api.get("/systems").json == []
    assert api.post("/systems/lift-limit", {"key": "olt=*", **WHY}).status_code == 404


def test_a_system_is_stopped_once(api: Caller) -> None:
    assert api.post("/systems/stop", {"key": "acs", **WHY}).json["state"] == "stopped"
    again = api.post("/systems/stop", {"key": "acs", **WHY})
    assert (again.status_code, again.json["code"]) == (409, "IllegalMove")


@pytest.mark.parametrize(
    ("path", "body", "at"),
    [
        ("limit", {"key": "olt=1", "concurrent": 0}, "$.concurrent"),
        ("limit", {"key": "olt=1", "perSecond": 0}, "$.perSecond"),
        ("limit", {"key": "ol*=1", "concurrent": 1}, "$.key"),
        ("limit", {"key": "", "concurrent": 1}, "$.key"),
        ("limit", {"key": "olt=1", "concurrent": "many"}, "$.concurrent"),
        ("stop", {"key": "olt=*"}, "$.key"),
        ("stop", {"key": "olt=1", "reason": " "}, "$.reason"),
        ("let-go", {"key": "olt=1", "force": True}, "$.force"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_path(api: Caller, path: str, body: dict[str, Any], at: str) -> None:
    answer = api.post(f"/systems/{path}", {**WHY, **body})
    assert (answer.status_code, answer.json["path"]) == (400, at)
