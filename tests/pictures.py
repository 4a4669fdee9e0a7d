"""Photographs every page of a played demo for the documents: `make pictures`. Look at what it made before you commit it.

The pictures are of the window, not of the whole page, so that a long list makes no tall picture.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from tests.factories.dialects import camunda7
from tests.factories.servers import free_port
from tests.factories.task_forms import VISIT, visit

ROOT = Path(__file__).parents[1]
INTO = ROOT / "docs/img"
WINDOWS = {1440: 720, 400: 800}
DARK = ("home", "instances", "instance")  # those that are shown in the dark too
PAGES = {
    "home": "/",
    "instances": "/instances",
    "incidents": "/incidents",
    "tasks": "/tasks",
    "processes": "/processes",
    "process": "/processes/ftth_activate/1",
    "versions": "/processes/ftth_activate",
    "try": "/processes/ftth_activate/1/try",
    "modeler": "/modeler",
    "drawing": "/modeler/processes/ftth_activate/1",
    "drawing-decisions": "/modeler/new/decisions",
    "decisions": "/decisions",
    "decision": "/decisions/choose_profile",
    "systems": "/systems",
    "handlers": "/handlers",
    "workers": "/workers",
    "jobs": "/jobs",
    "audit": "/audit",
    "users": "/users",
    "account": "/account",
}
# Drawn for Camunda 7, with what does and what does not come along
LINE = """
<bpmn:startEvent id="ordered" name="Line ordered" /><bpmn:sequenceFlow id="f1" sourceRef="ordered" targetRef="check" />
<bpmn:businessRuleTask id="check" name="Choose the profile" camunda:decisionRef="choose_profile" camunda:resultVariable="profile" camunda:mapDecisionResult="singleEntry" />
<bpmn:sequenceFlow id="f2" sourceRef="check" targetRef="activate" />
<bpmn:serviceTask id="activate" name="Activate the line" camunda:class="com.example.net.ActivateLineDelegate"><bpmn:extensionElements>
  <camunda:executionListener event="end" expression="${execution.setVariable('active', true)}" /></bpmn:extensionElements></bpmn:serviceTask>
<bpmn:sequenceFlow id="f3" sourceRef="activate" targetRef="visit" />
<bpmn:userTask id="visit" name="Visit the customer" camunda:formRef="visit_form" camunda:candidateUsers="ada" camunda:candidateGroups="field" />
<bpmn:sequenceFlow id="f4" sourceRef="visit" targetRef="over" /><bpmn:endEvent id="over" name="Line works" />
"""


@dataclass(frozen=True)
class Demo:
    url: str
    password: str
    token: str


@contextmanager
def played(orders: int = 60, seconds: int = 20) -> Iterator[Demo]:
    """A demo that has come to its end, with its server still there."""
    with tempfile.TemporaryDirectory() as folder:
        ports = ["--port", str(free_port()), "--lab-port", str(free_port())]
        day = ["--orders", str(orders), "--seconds", str(seconds)]
        command = [sys.executable, "-m", "app.cli", "demo", "--data-dir", f"{folder}/demo", *ports, *day]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            try:
                said = ""
                assert process.stdout is not None
                for line in process.stdout:
                    said += line
                    if line.startswith("Token"):
                        break
                yield Demo(
                    _found(r"Dashboard\s+(\S+?)/\s", said),
                    _found(r"password (\S+)", said),
                    _found(r"Token\s+(\S+)", said),
                )
            finally:
                process.terminate()


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"The demo did not say what was expected:\n{text}")
    return match[1]


def log_in(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/login")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(demo.password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{demo.url}/")


def prepare(page: Page, demo: Demo) -> dict[str, str]:
    """What the demo itself has not: a task with a form, an order whose operator has acted. Addresses by name."""
    diagram = {"name": "visit.bpmn", "mimeType": "text/xml", "buffer": visit(due="=now()", groups="field").xml()}
    page.goto(f"{demo.url}/processes")
    page.get_by_label("Deploy a diagram").set_input_files(files=[diagram])
    page.get_by_role("button", name="Check and deploy").click()
    body = {"processId": "visit", "businessKey": "ORD-1077", "variables": {"technician": "Ada Byron"}}
    headers = {"Authorization": f"Bearer {demo.token}"}
    httpx.post(f"{demo.url}/api/v1/process-instances", json=body, headers=headers).raise_for_status()
    page.wait_for_timeout(2000)
    page.goto(f"{demo.url}/tasks")
    page.locator(".task", has_text="ORD-1077").get_by_role("link", name="Call on the customer").click()
    task = page.url
    page.get_by_role("button", name="Take").click()
    page.goto(f"{demo.url}/instances?state=fallen_out&process=ftth_activate")
    page.locator("#list tbody .main-cell a").first.click()
    fallen = page.url
    retry = page.locator(".fallout details.act").first
    retry.locator("summary").click()
    retry.get_by_label("Reason").fill("The supplier says that it has been seen to")
    retry.get_by_role("button", name="Retry").click()
    page.locator("#settled").wait_for()
    shown = page.locator("#waits [data-show-element]").first.get_attribute("data-show-element")
    cause, job = retry_together(page, demo)
    shot = {"task": task, "instance": fallen, "element": f"{fallen}?element={shown}", "cause": cause, "job": job}
    shot |= {"trial": try_out(page, demo), "import": bring_in(page, demo)} | bring_form(page, demo)
    return shot | deploy_next(page, demo)


def bring_in(page: Page, demo: Demo) -> str:
    """The address of a draft that was a diagram of Camunda 7."""
    diagram = {"name": "line.bpmn", "mimeType": "text/xml", "buffer": camunda7(LINE)}
    other = page.context.new_page()  # it would ask whether its changes are to be lost
    other.goto(f"{demo.url}/modeler")
    other.locator("#import input[type=file]").set_input_files(files=[diagram])
    other.get_by_role("button", name="Keep it as a draft and open it").click()
    other.wait_for_url("**/modeler/drafts/*")
    address = other.url
    other.close()
    return address


def bring_form(page: Page, demo: Demo) -> dict[str, str]:
    """Two versions of a form that is deployed by itself."""
    page.goto(f"{demo.url}/forms")
    proof = page.locator('meta[name="csrf"]').get_attribute("content") or ""
    for reason, more in (("What a technician writes down", {}), ("Routers are swapped", {"versionTag": "v2"})):
        form = json.dumps({"id": "visit_form", **VISIT, **more})
        body = {"kind": "form", "document": form, "reason": reason}
        answer = page.request.post(f"{demo.url}/modeler/deploy-form", data=body, headers={"X-CSRF-Token": proof})
        assert answer.ok, answer.text()
    pages = {"forms": "/forms", "form": "/forms/visit_form", "drawing-form": "/modeler/forms/visit_form/2"}
    return {name: f"{demo.url}{path}" for name, path in pages.items()}


def deploy_next(page: Page, demo: Demo) -> dict[str, str]:
    """Another version of a flow on which orders are open: a step under another id, and one that is called otherwise."""
    drawn = (ROOT / "processes/service/ftth_activate.bpmn").read_text()
    changed = drawn.replace('"create_subscriber"', '"let_in"').replace("Fix the optical level", "Clean the connector")
    file = {"name": "ftth_activate.bpmn", "mimeType": "text/xml", "buffer": changed.encode()}
    page.goto(f"{demo.url}/processes")
    page.get_by_label("Deploy a diagram").set_input_files(files=[file])
    page.get_by_label("Why").fill("Connectors are cleaned first")
    page.get_by_role("button", name="Check and deploy").click()
    pages = f"{demo.url}/processes/ftth_activate"
    shot = {"compare": f"{pages}/compare?from=1&to=2", "migrate": f"{pages}/migrate?from=1&to=2"}
    return shot | {"survey": test_all(page, demo, drawn)}


def test_all(page: Page, demo: Demo, drawn: str) -> str:
    """The address of a test, on every open order, of a version in which steps have other ids."""
    page.goto(f"{demo.url}/processes")
    csrf = page.locator('input[name="csrf"]').first.input_value()
    for step in ("activate_ont", "wait_online", "send_engineer", "add_network"):
        drawn = drawn.replace(f'"{step}"', f'"{step}_anew"')
    body = {"kind": "process", "document": drawn}
    answer = page.request.post(f"{demo.url}/modeler/survey", data=body, headers={"X-CSRF-Token": csrf})
    page.wait_for_timeout(3000)
    return f"{demo.url}{answer.json()['href']}"


def try_out(page: Page, demo: Demo) -> str:
    """The address of a trial that has come to its first condition."""
    order = json.loads((ROOT / "processes/samples/01_basic.json").read_text())["request"]["variables"]
    page.goto(f"{demo.url}/processes/ftth_activate/1/try")
    page.get_by_label("Start variables, as JSON").fill(json.dumps(order))
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/trials/*")
    page.get_by_role("button", name="Step", exact=True).click()
    page.locator(".said").wait_for()
    return page.url


def retry_together(page: Page, demo: Demo) -> tuple[str, str]:
    """Orders of one cause are tried again: the address of the cause, and that of the job."""
    page.goto(f"{demo.url}/incidents")
    page.get_by_role("link", name="account_blocked").first.click()
    cause = page.url
    page.get_by_text("Retry all of these").click()
    page.get_by_label("Why").fill("Finance has taken the block off")
    page.get_by_role("button", name="See which these are").click()
    page.get_by_role("button", name=re.compile("^Retry .* now$")).click()
    page.wait_for_timeout(3000)
    return cause, page.url


def photograph(browser: Browser, demo: Demo, addresses: dict[str, str]) -> None:
    for width, height in WINDOWS.items():
        for theme in ("light", "dark"):
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
            page = context.new_page()
            log_in(page, demo)
            for name, address in addresses.items():
                if theme == "light" or name in DARK:
                    page.goto(address)
                    page.get_by_text("They are being played.").wait_for(state="detached")
                    page.wait_for_timeout(900)  # the diagram, the form
                    dark = "-dark" if theme == "dark" else ""
                    page.screenshot(path=INTO / f"{name}{dark}-{width}.png")
            context.clear_cookies()
            page.goto(f"{demo.url}/login")
            page.screenshot(path=INTO / f"login{'' if theme == 'light' else '-dark'}-{width}.png")
            context.close()


def main() -> None:
    INTO.mkdir(exist_ok=True)
    with played() as demo, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_context().new_page()
        log_in(page, demo)
        addresses = {name: f"{demo.url}{path}" for name, path in PAGES.items()} | prepare(page, demo)
        photograph(browser, demo, addresses)
        browser.close()


if __name__ == "__main__":
    main()
