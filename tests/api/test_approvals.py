"""Four eyes: what needs a second person is done once somebody else who may do it has seconded it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.identity.permissions import Permission
from app.web.callers import Callers
from app.web.rates import Rate
from tests.api.conftest import Caller, application, somebody
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.people import an_identity

NEEDED = frozenset({Permission.CANCEL_INSTANCE, Permission.CORRECT_INCIDENT})


@pytest.fixture
def api(bench: Bench) -> Caller:
    """Cancelling and correcting need a second person."""
    identity = an_identity(bench.database, bench.clock, four_eyes=NEEDED)
    return Caller(application(bench, callers=Callers(identity, Rate(100_000))).test_client())


class Pair:
    def __init__(self, api: Caller, bench: Bench) -> None:
        api.deploy(Diagram("p").start().user("u").end().chain("s", "u", "e"))
        self.bench = bench
        self.olga, self.otto = (somebody(bench, api, name, "operator") for name in ("olga", "otto"))
        self.instance_id = api.start().json["id"]

    def cancel(self, who: Caller, reason: str = "the customer left") -> Any:
        return who.post(f"/process-instances/{self.instance_id}/cancel", {"reason": reason})

    def ask(self) -> str:
        answer = self.cancel(self.olga)
        assert (answer.status_code, answer.json["code"]) == (409, "NeedsSecondPerson")
        return str(answer.json["facts"]["approval_id"])

    def state(self) -> str:
        return self.bench.state(self.instance_id)


@pytest.fixture
def pair(api: Caller, bench: Bench) -> Pair:
    return Pair(api, bench)


def test_it_is_done_once_somebody_else_has_seconded_it(api: Caller, pair: Pair) -> None:
    approval_id = pair.ask()
    assert pair.state() == "active"
    (waiting,) = pair.otto.get("/approvals").json
    assert (waiting["id"], waiting["askedBy"], waiting["target"], waiting["processId"], waiting["reason"]) == (
        approval_id,
        "olga",
        pair.instance_id,
        "p",
        "the customer left",
    )
    assert pair.otto.post(f"/approvals/{approval_id}/second").json["secondedBy"] == "otto"
    assert pair.state() == "active"
    assert pair.cancel(pair.olga, "as agreed").status_code < 300
    assert pair.state() == "cancelled"
    done = api.get("/audit", action="instance.cancel").json[0]
    assert (done["by"], done["second"], done["reason"]) == ("olga", "otto", "as agreed")


def test_asking_twice_is_one_request(pair: Pair) -> None:
    assert pair.ask() == pair.ask()
    assert len(pair.otto.get("/approvals").json) == 1


def test_nobody_is_their_own_second_person(pair: Pair) -> None:
    approval_id = pair.ask()
    answer = pair.olga.post(f"/approvals/{approval_id}/second")
    assert (answer.status_code, answer.json["code"]) == (403, "OwnRequest")
    assert pair.cancel(pair.olga).status_code == 409


def test_a_second_person_may_do_it_too_or_is_none(api: Caller, bench: Bench, pair: Pair) -> None:
    approval_id = pair.ask()
    for name, grant in (("vera", "viewer"), ("else", "operator@q")):
        other = somebody(bench, api, name, grant)
        assert other.post(f"/approvals/{approval_id}/second").json["code"] == "MissingPermission"
        assert other.get("/approvals").json == []
    assert pair.cancel(pair.olga).status_code == 409


def test_what_was_seconded_is_for_who_asked_for_that_and_for_once(api: Caller, pair: Pair) -> None:
    approval_id = pair.ask()
    pair.otto.post(f"/approvals/{approval_id}/second")
    assert pair.cancel(pair.otto).status_code == 409, "another's request"
    first, pair.instance_id = pair.instance_id, api.start().json["id"]
    assert pair.cancel(pair.olga).status_code == 409, "another instance"
    pair.instance_id = first
    assert pair.cancel(pair.olga).status_code < 300
    assert pair.cancel(pair.olga).json["code"] == "NeedsSecondPerson"


def test_what_was_turned_down_or_is_a_day_old_is_not_done(pair: Pair) -> None:
    approval_id = pair.ask()
    assert pair.otto.post(f"/approvals/{approval_id}/refuse").json["refusedBy"] == "otto"
    assert pair.otto.post(f"/approvals/{approval_id}/second").status_code == 409
    again = pair.ask()
    assert again != approval_id
    pair.otto.post(f"/approvals/{again}/second")
    pair.bench.clock.advance(timedelta(hours=25))
    assert pair.cancel(pair.olga).status_code == 409
    assert pair.state() == "active"


def test_what_needs_none_is_done_at_once(api: Caller, pair: Pair) -> None:
    assert pair.olga.post(f"/process-instances/{pair.instance_id}/suspend", {"reason": "x"}).status_code < 300


def test_what_a_request_comes_to_needs_one_too(api: Caller, bench: Bench) -> None:
    api.deploy(Diagram("q").start().service("a", "t.refuse").end().chain("s", "a", "e"))
    instance_id = api.start("q").json["id"]
    bench.run(instance_id)
    (incident,) = api.get("/incidents").json
    path = f"/incidents/{incident['id']}/retry"
    corrected = {"reason": "x", "inputs": {"code": "other"}}
    first = api.post(path, corrected)
    assert first.json["code"] == "NeedsSecondPerson"
    otto = somebody(bench, api, "otto", "operator")
    assert otto.post(f"/approvals/{first.json['facts']['approval_id']}/second").status_code == 200
    assert api.post(path, {**corrected, "inputs": {"code": "yet another"}}).status_code == 409
    assert api.post(path, corrected).status_code == 202


def test_there_is_nothing_where_nothing_was_asked(api: Caller) -> None:
    assert api.get("/approvals").json == []
    assert api.post("/approvals/nothing/second").status_code == 404
