"""The promise as its user meets it: server and laboratory as `turnup serve` and HTTP have them, and a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.factories import wires
from tests.factories.dashboards import ROOT
from tests.factories.labs import RunningLab, a_lab
from tests.factories.people import PASSWORD
from tests.factories.servers import TOKEN, Server, free_port

pytestmark = pytest.mark.browser

SAMPLE = json.loads((ROOT / "processes/samples/19_account_blocked.json").read_text())
FLOW = ROOT / "processes/service/ftth_activate.bpmn"


@dataclass(frozen=True)
class Scene:
    server: Server
    lab: RunningLab


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A server with the flow, and a laboratory that blocks the account of the sample's customer."""
    port = free_port()
    calls_back = {"callback_url": f"http://127.0.0.1:{port}", "callback_token": TOKEN}
    with (
        a_lab(tmp_path, online_after_s=0.2, **calls_back) as lab,
        Server(tmp_path / "server", port=port, TURNUP_LAB_URL=lab.url) as server,
    ):
        lab.fault(**SAMPLE["lab"][0])
        server.deploy(FLOW.read_bytes())
        yield Scene(server, lab)


def test_an_order_that_fell_out_is_retried_once_the_fault_is_lifted_and_completes(page: Page, scene: Scene) -> None:
    server, lab = scene.server, scene.lab
    request = SAMPLE["request"]
    body = {
        "processId": request["process_id"],
        "businessKey": request["business_key"],
        "variables": request["variables"],
    }
    started = wires.post(f"{server.url}/api/v1/process-instances", headers=server.headers, json=body)
    assert started.status_code == 202
    page.goto(server.url)
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="1 Fallen out").click(timeout=20_000)
    page.get_by_role("link", name="ORD-1019").click()
    expect(page.get_by_role("heading", name="account_blocked")).to_be_visible()
    expect(page.locator('[data-element-id="start_billing"].mark-failed')).to_be_visible()
    lab.lift()
    form = page.locator("details.act").first
    form.locator("summary").click()
    form.get_by_label("Reason").fill("Billing has unblocked the account")
    form.get_by_role("button", name="Retry").click()
    expect(page.locator(".settled")).to_contain_text("passed to Tell the customer", timeout=15_000)
    expect(page.locator("h1")).to_contain_text("Completed")
    expect(page.locator('[data-element-id="start_billing"].mark-done')).to_be_visible()
    assert len(lab.effects(operation="billing.start")) == 1
