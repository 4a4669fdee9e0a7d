"""Drafts over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from app.identity.audit.tables import audit_entry
from tests.api.conftest import Caller, somebody
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.flows import DECISIONS


def drawn(process_id: str = "p") -> str:
    return Diagram(process_id).start().end().chain("s", "e").xml().decode()


def body(process_id: str = "p", **facts: Any) -> dict[str, Any]:
    return {"kind": "process", "name": "Mine", "document": drawn(process_id), **facts}


def test_a_draft_is_made_read_saved_and_thrown_away(api: Caller, olga: Caller) -> None:
    made = api.post("/drafts", body(baseVersion=2))
    assert (made.status_code, made.json["processId"], made.json["revision"]) == (201, "p", 1)
    assert made.json["madeBy"] == "api"
    path = made.json["href"].removeprefix("/api/v1")
    assert made.headers["Location"] == made.json["href"]
    found = api.get(path)
    assert (found.json["document"], found.json["baseVersion"]) == (drawn(), 2)
    saved = olga.post(path, {"name": "Ours", "document": drawn("q"), "revision": 1})
    assert (saved.status_code, saved.json["revision"], saved.json["savedBy"]) == (200, 2, "olga")
    assert [each["name"] for each in api.get("/drafts", processId="q").json] == ["Ours"]
    assert api.get("/drafts", kind="form").json == []
    assert api.post(f"{path}/remove").status_code == 200
    assert api.get(path).status_code == 404


def test_a_save_over_somebody_elses_is_refused(api: Caller, olga: Caller) -> None:
    path = api.post("/drafts", body()).json["href"].removeprefix("/api/v1")
    olga.post(path, {"name": "Ours", "document": drawn(), "revision": 1})
    late = api.post(path, {"name": "Mine", "document": drawn(), "revision": 1})
    assert (late.status_code, late.json["code"], late.json["facts"]["saved_by"]) == (409, "SavedMeanwhile", "olga")


def test_what_is_no_file_of_its_kind_is_refused(api: Caller, stored: Callable[[], dict[str, int]]) -> None:
    before = stored()
    for facts, status in [
        ({"kind": "song"}, 400),
        ({"document": "<a/>"}, 422),
        ({"document": "no XML"}, 422),
        ({"kind": "form"}, 422),
        ({"baseVersion": 0}, 400),
        ({"name": ""}, 400),
    ]:
        assert api.post("/drafts", body(**facts)).status_code == status, facts
    assert stored() == before


def test_who_draws_one_process_sees_and_changes_no_draft_of_another(bench: Bench, api: Caller) -> None:
    ada = somebody(bench, api, "ada", "author@p")
    theirs = api.post("/drafts", body("q")).json["href"].removeprefix("/api/v1")
    hers = ada.post("/drafts", body("p"))
    assert hers.status_code == 201
    path = hers.json["href"].removeprefix("/api/v1")
    assert [each["processId"] for each in ada.get("/drafts").json] == ["p"]
    assert ada.get(path).status_code == 200
    change = {"name": "Mine", "document": drawn("p"), "revision": 1}
    refused = [
        ada.get(theirs),
        ada.post("/drafts", body("q")),
        ada.post(theirs, change),
        ada.post(f"{theirs}/remove"),
        ada.post(path, {**change, "document": drawn("q")}),
    ]
    assert [each.status_code for each in refused] == [403] * 5


def test_the_record_names_a_drafts_content_and_does_not_hold_it(bench: Bench, api: Caller) -> None:
    api.post("/drafts", body())
    with bench.database.reading() as connection:
        entry = connection.execute(sa.select(audit_entry)).one()
    assert set(entry.after["document"]) == {"bytes", "sha256"}
    assert entry.process_id == "p"


def test_who_deploys_decisions_alone_keeps_drafts_of_those_alone(bench: Bench, api: Caller) -> None:
    pam = somebody(bench, api, "pam", "product_manager")
    decisions = {"kind": "decisions", "name": "Prices", "document": DECISIONS.decode()}
    made = pam.post("/drafts", decisions)
    assert made.status_code == 201
    path = made.json["href"].removeprefix("/api/v1")
    assert pam.post(path, {"name": "P", "document": DECISIONS.decode(), "revision": 1}).json["savedBy"] == "pam"
    theirs = api.post("/drafts", body()).json["href"].removeprefix("/api/v1")
    change = {"name": "P", "document": drawn(), "revision": 1}
    refused = [pam.post("/drafts", body()), pam.post(theirs, change), pam.post(f"{theirs}/remove")]
    assert [each.status_code for each in refused] == [403] * 3
    assert pam.post(f"{path}/remove").status_code == 200
    with bench.database.reading() as connection:
        table = audit_entry.c
        rows = connection.execute(sa.select(table.action, table.result).where(table.by == "pam").order_by(table.id))
        assert [tuple(row) for row in rows] == [
            ("decision.deploy", "done"),
            ("decision.deploy", "done"),
            *[("definition.deploy", "refused")] * 3,
            ("decision.deploy", "done"),
        ]
