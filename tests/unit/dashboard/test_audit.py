"""The page that says who did what."""

from __future__ import annotations

import json

from tests.factories.dashboards import World
from tests.unit.dashboard.conftest import Operator, log_in, somebody


def test_log_ins_are_on_record_right_and_wrong(world: World, operator: Operator) -> None:
    log_in(world.app.test_client(), "Grace", "not-her-password")
    page = operator.get("/audit?action=login").text
    assert page.count("<code>login</code>") == 2
    assert page.count("refused") >= 1
    assert "not-her-password" not in page


def test_what_an_operator_does_is_on_record_and_found(world: World, operator: Operator) -> None:
    operator.post("/systems/stop", {"key": "olt=<lon-3>", "reason": "upgrade & rest"})
    page = operator.get("/audit?by=Grace&action=system.handle").text
    assert "olt=&lt;lon-3&gt;" in page
    assert "upgrade &amp; rest" in page
    assert "system.handle</code>" not in operator.get("/audit?via=token").text
    assert "Nothing like that is on record" in operator.get("/audit?by=nobody").text
    exported = operator.get("/audit/export.ndjson?action=system.handle")
    (line,) = map(json.loads, exported.text.splitlines())
    assert (line["by"], line["before"]["state"], line["reason"]) == ("Grace", "closed", "upgrade & rest")
    assert "attachment" in exported.headers["Content-Disposition"]


def test_passwords_never_are(world: World, operator: Operator) -> None:
    operator.post("/account/password", {"old": "correct horse battery", "password": "a new long one", "again": "x"})
    operator.post("/users", {"name": "vera", "grants": "viewer"})
    text = operator.get("/audit/export.ndjson").text
    assert "vera" in text
    assert "battery" not in text
    assert "a new long one" not in text


def test_only_who_may_sees_it(world: World) -> None:
    vera = somebody(world, "vera", "viewer")
    assert vera.get("/audit").status_code == 403
    assert "/audit" not in vera.get("/").text
