"""Personal fields in answers: whole for those who may see them, masked in the same shape for others."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from app.core.jobs import JobRunner, Kinds
from app.core.log import get_logger
from app.core.personal import MASK
from app.engine.retries import Retries
from app.handling import Done, HandlerFault, Refused, Work, handles
from app.identity.permissions import Permission
from app.web.acting import may_see_personal
from app.web.callers import Callers
from app.web.personal import NOTE_HEADER, PersonalData
from app.web.rates import Rate
from tests.api.conftest import Caller, application, somebody
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.people import an_identity

PHONE, NAME = "0171 2345678", "Anna Schmidt"
FIELDS = frozenset({"phone", "name", "subscriber"})
VARIABLES = {"phone": PHONE, "customer": {"name": NAME, "segment": "business"}, "olt": "lon-3", "age": 7}


@handles("crm.tell")
def tell(work: Work, subscriber: str, phone: str, refuse: bool = False) -> Done | Refused:
    if refuse:
        return Refused("unknown", f"nobody is called {subscriber}", {"asked": f"{subscriber}/{phone}", "phone": phone})
    raise HandlerFault(f"the CRM does not answer for {phone}")


@pytest.fixture
def bench(bench: Bench) -> Bench:
    return Bench(bench.database, bench.clock, [tell])


def caller(bench: Bench, *, may_see: bool) -> Caller:
    personal = PersonalData(lambda: FIELDS, lambda process_id: may_see)
    return Caller(application(bench, personal=personal).test_client())


@pytest.fixture
def seeing(bench: Bench) -> Caller:
    return caller(bench, may_see=True)


@pytest.fixture
def blind(bench: Bench) -> Caller:
    return caller(bench, may_see=False)


@pytest.fixture
def instance_id(bench: Bench, seeing: Caller) -> str:
    inputs = {"subscriber": "=customer.name", "phone": "=phone"}
    diagram = Diagram("p").start("s").parallel("f").end("e")
    diagram.service("a", "crm.tell", inputs={**inputs, "refuse": "=true"}).service("b", "crm.tell", inputs=inputs)
    diagram.user("u", inputs={"who": "=customer", "text": '="call " + phone'})
    diagram.chain("s", "f", "a", "e").chain("f", "b", "e").chain("f", "u", "e")
    assert seeing.deploy(diagram).status_code == 201
    started = seeing.start(variables=VARIABLES, businessKey="ORD-1").json["id"]
    bench.run(started)
    return str(started)


def answers(api: Caller, instance_id: str) -> dict[str, Any]:
    paths = [f"/process-instances/{instance_id}{what}" for what in ("", "/history", "/variables")]
    paths += ["/incidents", "/user-tasks", f"/process-instances/{instance_id}/rewind-plan?element_id=a"]
    found = {path: api.get(path) for path in paths}
    (task,) = found["/user-tasks"].json
    found["task"] = api.get(f"/user-tasks/{task['id']}")
    found["incident"] = api.get(f"/incidents/{found['/incidents'].json[0]['id']}")
    assert {answer.status_code for answer in found.values()} <= {200, 400, 404}
    return found


def test_the_audit_and_its_export_are_masked_too(seeing: Caller, blind: Caller, instance_id: str) -> None:
    for path in ("/audit", "/audit/export"):
        assert PHONE in seeing.get(path).text, path
        assert MASK in blind.get(path).text, path
        assert PHONE not in blind.get(path).text, path
        assert NAME not in blind.get(path).text, path


def shape(value: Any) -> Any:
    """Keys and lengths."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else None


def test_who_may_see_them_sees_them_and_no_note(seeing: Caller, instance_id: str) -> None:
    found = answers(seeing, instance_id)
    text = " ".join(answer.text for answer in found.values())
    assert PHONE in text
    assert NAME in text
    assert MASK not in text
    assert all(NOTE_HEADER not in answer.headers for answer in found.values())


def test_who_may_not_finds_them_masked_everywhere_and_is_told_so(blind: Caller, instance_id: str) -> None:
    for path, answer in answers(blind, instance_id).items():
        assert PHONE not in answer.text, path
        assert NAME not in answer.text, path
        if answer.status_code == 200:
            assert answer.headers[NOTE_HEADER] == "personal", path


def test_what_is_masked_has_the_same_shape(seeing: Caller, blind: Caller, instance_id: str) -> None:
    whole, masked = answers(seeing, instance_id), answers(blind, instance_id)
    for path, answer in whole.items():
        assert shape(masked[path].json) == shape(answer.json), path
    found = masked[f"/process-instances/{instance_id}/variables"].json["variables"]
    assert found == {"phone": MASK, "customer": {"name": MASK, "segment": "business"}, "olt": "lon-3", "age": 7}


def test_texts_that_repeat_them_are_masked_where_they_do(blind: Caller, instance_id: str) -> None:
    refused = next(row for row in blind.get("/incidents").json if row["code"] == "unknown")
    assert refused["message"] == f"nobody is called {MASK}"
    assert refused["detail"]["asked"] == f"{MASK}/{MASK}"


def test_nothing_is_lost_for_those_who_may_see(seeing: Caller, blind: Caller, instance_id: str) -> None:
    """What one caller is not shown is stored all the same."""
    blind.get(f"/process-instances/{instance_id}")
    assert json.dumps(PHONE) in seeing.get(f"/process-instances/{instance_id}").text


def test_the_right_is_asked_for_each_process(bench: Bench, seeing: Caller, instance_id: str) -> None:
    inputs = {"subscriber": "=n", "phone": "=phone", "refuse": "=true"}
    diagram = Diagram("open").start("s").service("a", "crm.tell", inputs=inputs)
    seeing.deploy(diagram.end("e").chain("s", "a", "e"))
    bench.run(seeing.start("open", variables={"phone": "030 1234567", "n": "Bert Maier"}).json["id"])
    personal = PersonalData(lambda: FIELDS, lambda process_id: process_id == "open")
    some = Caller(application(bench, personal=personal).test_client())
    text = some.get("/incidents").text
    assert "030 1234567" in text
    assert PHONE not in text


def test_the_right_to_see_them_is_a_permission_of_each_process(bench: Bench, instance_id: str) -> None:
    asks = Caller(application(bench, personal=PersonalData(lambda: FIELDS, may_see_personal)).test_client())
    path = f"/process-instances/{instance_id}"
    for name, grants, expected in (
        ("vera", ("viewer",), MASK),
        ("olga", ("operator",), PHONE),
        ("otto", ("viewer", "operator@q"), MASK),
        ("ole", ("viewer", "personal.read@p"), PHONE),
    ):
        assert somebody(bench, asks, name, *grants).get(path).json["variables"]["phone"] == expected, name


def test_what_was_asked_for_is_masked_where_it_waits_for_a_second_person(bench: Bench, seeing: Caller) -> None:
    identity = an_identity(bench.database, bench.clock, four_eyes=frozenset({Permission.START_INSTANCE}))
    personal = PersonalData(lambda: FIELDS, may_see_personal)
    app = application(bench, personal=personal, callers=Callers(identity, Rate(100_000)))
    asks = Caller(app.test_client())
    seeing.deploy(Diagram("p").start().user("u").end().chain("s", "u", "e"))
    assert asks.start(variables=VARIABLES).status_code == 409
    for grants, shown in (("operator",), PHONE), (("instance.start", "viewer"), MASK):
        (waiting,) = somebody(bench, asks, grants[0], *grants).get("/approvals").json
        assert waiting["body"]["variables"]["phone"] == shown


def test_causes_and_what_came_of_their_retries_are_masked_too(
    seeing: Caller, blind: Caller, bench: Bench, instance_id: str
) -> None:
    cause = next(each for each in seeing.get("/causes").json if each["code"] == "unknown")
    job = seeing.post(f"/causes/{cause['id']}/retry", {"reason": "because"}).json
    assert seeing.post(f"/jobs/{job['id']}/start").status_code == 200
    runner = JobRunner(bench.database, Kinds(Retries(bench.operators).kinds()), bench.clock, get_logger("tests"))
    for _ in range(3):
        runner.tick(budget_s=5)
        bench.run(instance_id)
        bench.clock.advance(timedelta(seconds=1))
    for path in ("/causes", f"/causes/{cause['id']}", f"/jobs/{job['id']}/items"):
        assert NAME in seeing.get(path).text, path
        assert NAME not in blind.get(path).text, path
        assert blind.get(path).headers[NOTE_HEADER] == "personal", path
