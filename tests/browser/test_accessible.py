"""Every page against WCAG 2.2 AA, as axe-core sees it: light and dark, wide and narrow."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app.engine import queries, workers
from app.engine.decisions import accept
from app.engine.definitions import read
from app.engine.form_versions import accept as accept_form
from app.engine.migration.surveys import Surveys
from app.engine.retries import Retries, RetryOrder
from app.engine.workers import Busy
from app.identity.tables import user_account
from app.trial.documents import Deployed
from app.trial.room import Beginning, Subject
from tests.factories.dashboards import DRAWN, ROOT, World
from tests.factories.people import add_user
from tests.factories.task_forms import VISIT
from tests.factories.versioned import deploy_second

pytestmark = pytest.mark.browser

AXE = ROOT / "tests/axe/node_modules/axe-core/axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The viewer's own drawing: what it shows is told beside it, in words
RUN = """(levels) => axe.run({exclude: [[".djs-container"]]}, {runOnly: levels, resultTypes: ["violations"]})
  .then(({violations}) => violations.map(({id, help, nodes}) =>
    `${id}: ${help}: ${nodes.slice(0, 3).map(({html}) => html.slice(0, 200)).join(" | ")}`))"""
OPEN = """() => { for (const each of document.querySelectorAll("main details")) {
  each.removeAttribute("name"); each.open = true; } }"""
# Each theme and each width; the other two pairs take as long again
WINDOWS = [
    ("light", 1440),
    ("dark", 400),
    pytest.param("light", 400, marks=pytest.mark.soak),
    pytest.param("dark", 1440, marks=pytest.mark.soak),
]


@pytest.fixture
def paths(world: World) -> dict[str, str]:
    """Every page by what it shows, over a world in which each has something to show."""
    world.olt.refuse["ALCL-ORD-3"] = "port_taken"
    world.olt.silent.add("ALCL-ORD-4")
    waits, _, fallen, retried = (world.start(f"ORD-{number}") for number in range(1, 5))
    world.send("ont_online", "ORD-2")
    world.work()
    with world.database.transaction() as tx:
        world.engine.deploy_decisions(tx, accept((DRAWN / "router_profile.dmn").read_bytes()))
        world.engine.deploy_form(tx, accept_form(json.dumps({"id": "visit_form", **VISIT}).encode()))
        cause = queries.list_causes(tx.connection).items[0].id
        job = Retries(world.operators).plan(tx, world.jobs, RetryOrder(cause, "Grace", "The port is free again"))
        workers.enlist(tx, "w1", "node-1", 4711, world.clock.now(), 30, Busy(8, 3))
    deploy_second(world)
    add_user(world.identity, "Ada", "viewer", "operator@activate")
    trial = a_trial(world)
    save_scenario(world)
    return {
        "home": "/",
        "instances": "/instances",
        "nothing found": "/instances?q=none",
        "an instance that waits": f"/instances/{waits}",
        "an instance that fell out": f"/instances/{fallen}",
        "an element of it": f"/instances/{fallen}?element=activate_ont",
        "an instance that tries again": f"/instances/{retried}",
        "causes": "/incidents",
        "a cause": f"/incidents/causes/{cause}",
        "incidents": "/incidents?view=list",
        "jobs": "/jobs",
        "a planned retry": f"/jobs/{job}",
        "a survey": f"/jobs/{a_survey(world)}",
        "tasks": "/tasks",
        "processes": "/processes",
        "a process": "/processes/activate/1",
        "versions": "/processes/activate",
        "what differs": "/processes/activate/compare?from=1&to=2",
        "a migration": "/processes/activate/migrate?from=1&to=2",
        "what can be tried": "/processes/activate/1/try",
        "a trial": f"/trials/{trial}",
        "the modeler": "/modeler",
        "a process that is drawn": "/modeler/processes/activate/1",
        "decisions that are drawn": "/modeler/new/decisions",
        "a form that is drawn": "/modeler/new/form",
        "forms": "/forms",
        "a form": "/forms/visit_form",
        "decisions": "/decisions",
        "a decision": "/decisions/router_profile",
        "systems": "/systems",
        "handlers": "/handlers",
        "workers": "/workers",
        "audit": "/audit",
        "approvals": "/approvals",
        "users": "/users",
        "an account": "/account",
    }


def a_survey(world: World) -> str:
    """Of a step that is to be gone, with an order that stands at it."""
    drawn = read((DRAWN / "activate.bpmn").read_bytes().replace(b'"online"', b'"seen"'))
    with world.database.transaction() as tx:
        job_id = Surveys(world.engine).begin(tx, world.jobs, drawn, "Grace")
    world.work_at_jobs()
    return job_id


def a_trial(world: World) -> str:
    """Grace's, that waits for its first answer."""
    subject = Subject((DRAWN / "activate.bpmn").read_bytes(), "Activate fibre", "activate", version=1)
    variables = {"order_id": "ORD-9", "serial": "ALCL-9", "port": "1/1/7", "speed_mbps": 500}
    with world.database.reading() as connection:
        grace = connection.execute(sa.select(user_account.c.id).where(user_account.c.name == "Grace")).scalar_one()
        made = world.trials.begin(grace, subject, Deployed(connection), Beginning(variables, world.clock.now()))
    return made.id


def save_scenario(world: World) -> None:
    """It does not go as it says, and does not come far."""
    world.scenarios.mkdir()
    written = "process: activate\ntitle: Long ago\nstart: {}\nexpect: {state: completed}\n"
    (world.scenarios / "activate.yaml").write_text(written)


def violations(page: Page) -> list[str]:
    assert AXE.is_file(), "axe-core is not installed: run make test, or npm ci in tests/axe"
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(RUN, LEVELS)
    return found


@pytest.mark.parametrize(("theme", "width"), WINDOWS)
def test_no_page_breaks_a_rule_of_wcag(
    operator: Page, site: str, paths: dict[str, str], theme: Any, width: int
) -> None:
    operator.set_viewport_size({"width": width, "height": 900})
    operator.emulate_media(color_scheme=theme, reduced_motion="reduce")
    found = {}
    for name, path in paths.items():
        operator.goto(f"{site}{path}")
        expect(operator.locator("h1")).to_be_visible()
        expect(operator.get_by_text("They are being played.")).to_have_count(0)
        operator.evaluate(OPEN)
        if broken := violations(operator):
            found[name] = broken
        assert operator.evaluate("document.documentElement.scrollWidth") <= width, name
    assert found == {}


@pytest.mark.parametrize(("theme", "width"), WINDOWS)
def test_neither_do_the_log_in_the_menu_the_help_and_what_is_refused(
    operator: Page, site: str, theme: Any, width: int
) -> None:
    page = operator.context.new_page()  # whose complaints nobody collects: Chromium reports what is refused itself
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(f"{site}/processes")
    page.keyboard.press("?")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("details.who summary").click()
    assert violations(page) == []
    chooser = page.get_by_label("Deploy a diagram")
    chooser.set_input_files(files=[{"name": "bad.bpmn", "mimeType": "text/xml", "buffer": b"<not-bpmn/>"}])
    page.get_by_role("button", name="Check and deploy").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []
    page.goto(f"{site}/instances/none")
    assert violations(page) == []
    operator.goto("about:blank")  # it would ask for its changes
    page.context.clear_cookies()
    page.goto(f"{site}/login")
    page.get_by_label("Name").fill("Grace")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert violations(page) == []


def test_a_planted_fault_is_seen(operator: Page) -> None:
    operator.evaluate("document.querySelector('main').append(document.createElement('input'))")
    assert any(said.startswith("label:") for said in violations(operator))
