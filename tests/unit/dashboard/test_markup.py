"""Markup in whatever somebody named, wrote or answered is text on every page."""

from __future__ import annotations

import io
import re
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from tests.factories.dashboards import DRAWN, World
from tests.unit.dashboard.conftest import Operator

OPENED = "<img src=x "  # what none of it may open


def marked(what: str) -> str:
    return f"{OPENED}{what}=\"'></script>&"


@pytest.fixture
def pages(world: World, operator: Operator) -> dict[str, str]:
    """Every page and fragment that is HTML, by address, of a house in which all that can be named is marked."""
    deploy_marked(world)
    stuck, waiting = world.start(marked("key"), note=marked("variable")), world.start(marked("key"))
    world.olt.refuse[f"ALCL-{marked('key')}"] = marked("message")
    world.work()
    incident = operator.get(f"/instances/{stuck}/facts.json").json["incidents"][0]["id"]
    answers = act_marked(operator, waiting, incident)
    found = {f"answer {number}": answer.text for number, answer in enumerate(answers)}
    for rule in world.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in ("static", "dashboard.come_back"):
            continue
        values = {"instance_id": stuck, "process_id": "activate", "version": 2, "element_id": "activate_ont", "decision_id": "x"}
        path = world.app.url_map.bind("").build(rule.endpoint, {name: values.get(name, "1") for name in rule.arguments})
        for htmx in (False, True):
            with operator.get(path, **({"HX-Request": "true"} if htmx else {})) as answer:
                found |= {f"{path} {htmx}": answer.text} if answer.mimetype == "text/html" else {}
    return found


def deploy_marked(world: World) -> None:
    document = (DRAWN / "activate.bpmn").read_text()
    for name, what in (("Activate fibre", "process"), ("Activate the ONT", "element")):
        escaped = marked(what).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        document = document.replace(f'name="{name}"', f'name="{escaped}"')
    with world.database.transaction() as tx:
        assert world.engine.deploy(tx, document.encode()).version == 2


def act_marked(operator: Operator, instance_id: str, incident: str) -> list[TestResponse]:
    """What people write, and what they are answered."""
    query = quote(marked("query"), safe="")
    upload = {"diagram": (io.BytesIO(b"<svg/>"), marked("file"))}
    return [
        operator.post("/systems/stop", {"key": marked("system"), "reason": marked("reason")}),
        operator.post("/processes", upload),
        operator.post("/users", {"name": marked("user"), "grants": marked("grant")}, htmx=True),
        operator.post("/account/tokens", {"name": marked("token"), "days": "30", "grants": "viewer"}),
        operator.post(f"/incidents/{incident}/skip", {"reason": marked("reason"), "outputs": marked("outputs")}, htmx=True),
        operator.post("/login", {"name": marked("login"), "password": "x", "next": "/" + marked("next")}),
        operator.get(f"/instances?q={query}&process={query}&state={query}"),
        operator.get(f"/audit?by={query}"),
        operator.get(f"/instances/{query}"),
    ]


def test_nothing_opens_an_element(pages: dict[str, str]) -> None:
    assert len(pages) > 30
    for path, text in pages.items():
        assert OPENED not in text, path
        assert not re.search(r"""img src=x \w+=["']""", text), path  # which would end an attribute
        assert not re.search(r"""=\s*[^"'\s>]*<img""", text), path


@pytest.mark.parametrize("what", ["process", "element", "key", "variable", "message", "reason", "system", "file", "token", "query"])
def test_each_is_shown_as_it_was_written(pages: dict[str, str], what: str) -> None:
    assert any(f"&lt;img src=x {what}=" in text for text in pages.values())
