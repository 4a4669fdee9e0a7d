"""The page of what needs a second person."""

from __future__ import annotations

import re

from app.identity.permissions import Permission
from tests.factories.dashboards import World
from tests.unit.dashboard.conftest import Operator, somebody


def test_an_empty_page_says_what_needs_one(operator: Operator) -> None:
    assert "Nothing needs one here" in operator.get("/approvals").text


def test_a_system_is_stopped_by_two(world: World, operator: Operator) -> None:
    world.identity.approvals.needed = frozenset({Permission.HANDLE_SYSTEM})
    form = {"key": "acs", "reason": "upgrade <tonight>"}
    asked = operator.post("/systems/stop", form, htmx=True)
    assert asked.status_code == 409
    assert "needs a second person" in asked.text
    assert "upgrade &lt;tonight&gt;" in operator.get("/approvals").text
    lena = somebody(world, "lena", "lead")
    assert 'title="Requests wait for a second person">1<' in lena.get("/systems").text
    assert "Requests wait" not in operator.get("/systems").text, "one's own wait for somebody else"
    page = lena.get("/approvals").text
    assert "Second it" in page
    (path,) = re.findall(r"/approvals/[0-9a-f-]+/second", page)
    assert lena.post(path).status_code == 303
    assert "Do it again now" in operator.get("/approvals").text
    assert operator.post("/systems/stop", form, htmx=True).status_code == 200
    assert "Grace stopped it" in operator.get("/systems").text
    assert "seconded by" in operator.get("/audit?action=system.handle").text
