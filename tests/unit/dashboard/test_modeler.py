"""The modeler's pages as they are answered; what is drawn on them, tests/browser/test_modeler.py sees."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.dashboard.blanks import blank
from app.drafts import store
from app.drafts.reading import LIMIT_BYTES, DraftKind, subject_of
from app.engine import queries
from app.engine.decisions import examine
from app.engine.forms import read_form
from tests.factories.dashboards import DRAWN, World
from tests.unit.dashboard.conftest import Operator, somebody

ACTIVATE = (DRAWN / "activate.bpmn").read_text()


def post(operator: Operator, path: str, **body: Any) -> TestResponse:
    return operator.client.post(path, json=body, headers={"X-CSRF-Token": operator.csrf})


@pytest.mark.parametrize("kind", DraftKind)
def test_a_new_file_is_one_of_its_kind_under_an_id_of_its_own(world: World, kind: DraftKind) -> None:
    made, other = blank(kind), blank(kind)
    assert made != other
    named = subject_of(kind, made.encode())
    errors: list[Any] = []
    if kind is DraftKind.PROCESS:
        errors = [each for each in world.engine.check(made.encode()) if each.severity == "error"]
        assert named is not None
    elif kind is DraftKind.DECISIONS:
        errors = [each for each in examine(made.encode())[1] if each.severity == "error"]
    else:
        errors = read_form(made)[1]
    assert errors == []


def test_the_first_page_lists_drafts_and_what_is_deployed(world: World, operator: Operator) -> None:
    page = operator.get("/modeler").text
    assert "No draft is kept" in page
    assert "/modeler/processes/activate/1" in page
    made = post(operator, "/modeler/drafts", kind="process", name="Mine", document=ACTIVATE, baseVersion=1).json
    page = operator.get("/modeler").text
    assert f"/modeler/drafts/{made['id']}" in page
    assert "from v1" in page


def test_a_page_holds_the_file_and_lets_no_script_in_but_ours(world: World, operator: Operator) -> None:
    for path in ("/modeler/new/process", "/modeler/new/decisions", "/modeler/new/form", "/modeler/processes/activate/1"):
        answer = operator.get(path)
        assert answer.status_code == 200
        assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
    assert "Visit the" in operator.get("/modeler/processes/activate/1").text
    assert operator.get("/modeler/new/song").status_code == 404
    assert operator.get("/modeler/drafts/none").status_code == 404


def test_what_is_drawn_is_checked_as_at_a_deployment(world: World, operator: Operator) -> None:
    unknown = ACTIVATE.replace("billing.start", "billing.begin")
    found = post(operator, "/modeler/check", document=unknown).json["findings"]
    assert [(each["severity"], each["elementId"]) for each in found if each["severity"] == "error"] == [("error", "bill")]
    assert post(operator, "/modeler/check", document="no XML").json["findings"][0]["code"] == "not_xml"
    form = json.dumps({"components": [{"type": "iframe", "url": "https://example.org"}]})
    assert post(operator, "/modeler/check", kind="form", document=form).json["findings"]
    assert post(operator, "/modeler/check-decisions", kind="decisions", document="<a/>").json["findings"]


def test_a_draft_is_deployed_with_a_reason_and_is_gone(world: World, operator: Operator) -> None:
    changed = ACTIVATE.replace("Start billing", "Begin to bill")
    draft = post(operator, "/modeler/drafts", kind="process", name="Mine", document=changed).json
    refused = post(operator, "/modeler/deploy", document=changed, draftId=draft["id"])
    assert (refused.status_code, refused.json["path"]) == (400, "$.reason")
    done = post(operator, "/modeler/deploy", document=changed, draftId=draft["id"], reason="Words").json
    assert (done["name"], done["version"], done["created"]) == ("activate", 2, True)
    with world.database.reading() as connection:
        view = queries.get_definition(connection, "activate", 2)
        assert store.listed(connection, None).items == []
    assert (view.deployed_by, view.reason) == ("Grace", "Words")


def test_what_somebody_saved_meanwhile_is_not_lost_by_a_deployment(world: World, operator: Operator) -> None:
    draft = post(operator, "/modeler/drafts", kind="process", name="Mine", document=ACTIVATE).json
    path = f"/modeler/drafts/{draft['id']}"
    post(operator, f"{path}/save", kind="process", name="Theirs", document=ACTIVATE, revision=1)
    changed = ACTIVATE.replace("Start billing", "Begin to bill")
    late = post(operator, "/modeler/deploy", document=changed, draftId=draft["id"], revision=1, reason="Words")
    assert (late.status_code, late.json["code"]) == (409, "SavedMeanwhile")
    with world.database.reading() as connection:
        assert queries.get_definition(connection, "activate", None).version == 1
        assert store.read(connection, draft["id"]).name == "Theirs"


def test_what_has_errors_is_refused_with_each_and_the_draft_stays(world: World, operator: Operator) -> None:
    wrong = ACTIVATE.replace("billing.start", "billing.begin")
    draft = post(operator, "/modeler/drafts", kind="process", name="Mine", document=wrong).json
    refused = post(operator, "/modeler/deploy", document=wrong, draftId=draft["id"], reason="Words")
    assert (refused.status_code, refused.json["findings"][0]["elementId"]) == (422, "bill")
    with world.database.reading() as connection:
        assert store.read(connection, draft["id"]).revision == 1


def test_a_draft_is_saved_by_its_revision_and_thrown_away(world: World, operator: Operator) -> None:
    draft = post(operator, "/modeler/drafts", kind="process", name="Mine", document=ACTIVATE).json
    path = f"/modeler/drafts/{draft['id']}"
    saved = post(operator, f"{path}/save", kind="process", name="Ours", document=ACTIVATE, revision=1).json
    assert saved["revision"] == 2
    late = post(operator, f"{path}/save", kind="process", name="Mine", document=ACTIVATE, revision=1)
    assert (late.status_code, late.json["code"]) == (409, "SavedMeanwhile")
    assert post(operator, f"{path}/remove").status_code == 200
    assert operator.get(path).status_code == 404


def test_the_picker_has_every_handler(world: World, operator: Operator) -> None:
    found = operator.get("/modeler/element-templates.json").json
    assert {each["id"] for each in found} == {f"turnup.{type}" for type in world.registry.types()}


def test_who_may_only_look_sees_what_is_drawn_and_can_keep_nothing(world: World) -> None:
    viewer = somebody(world, "Vera", "viewer")
    page = viewer.get("/modeler/processes/activate/1").text
    assert 'id="surface"' in page
    for button in ("save", "deploy", "try", "throw-away", "findings"):
        assert f'id="{button}"' not in page
    assert "you need <code>definition.deploy</code>" in viewer.get("/modeler").text
    refused = post(viewer, "/modeler/drafts", kind="process", name="Mine", document=ACTIVATE)
    assert refused.status_code == 403
    assert post(viewer, "/modeler/check", document=ACTIVATE).status_code == 403


def test_who_draws_one_process_opens_no_draft_of_another(world: World, operator: Operator) -> None:
    other = ACTIVATE.replace('process id="activate"', 'process id="other"').replace('"activate"', '"other"')
    draft = post(operator, "/modeler/drafts", kind="process", name="Theirs", document=other).json
    ada = somebody(world, "Ada", "author@activate")
    assert ada.get(f"/modeler/drafts/{draft['id']}").status_code == 403
    assert "Theirs" not in ada.get("/modeler").text
    path = f"/modeler/drafts/{draft['id']}"
    body = {"kind": "process", "name": "Mine", "document": ACTIVATE, "revision": 1}
    for answer in (post(ada, f"{path}/save", **body), post(ada, f"{path}/remove")):
        assert answer.status_code == 403
    gone = {"document": ACTIVATE.replace("Start billing", "Bill"), "draftId": draft["id"], "reason": "Words"}
    assert post(ada, "/modeler/deploy", **gone).status_code == 403
    with world.database.reading() as connection:
        assert store.read(connection, draft["id"]).name == "Theirs"


def test_a_draft_of_the_longest_size_arrives_however_json_writes_it(world: World, operator: Operator) -> None:
    longest = json.dumps({"components": [], "x": [""] * 333_000}, separators=(",", ":"))
    assert LIMIT_BYTES - 2000 < len(longest) <= LIMIT_BYTES
    assert post(operator, "/modeler/drafts", kind="form", name="Long", document=longest).status_code == 200
    longer = post(operator, "/modeler/drafts", kind="form", name="Long", document=longest + " " * 2000)
    assert (longer.status_code, longer.json["path"]) == (400, "$.document")


def test_who_deploys_decisions_alone_keeps_drafts_of_those_alone(world: World, operator: Operator) -> None:
    pam = somebody(world, "pam", "product_manager")
    made = post(pam, "/modeler/drafts", kind="decisions", name="Prices", document=blank(DraftKind.DECISIONS)).json
    path = f"/modeler/drafts/{made['id']}"
    page = pam.get(path).text
    assert 'id="save"' in page
    assert 'id="throw-away"' in page
    assert 'id="import"' in pam.get("/modeler").text
    saved = post(pam, f"{path}/save", kind="decisions", name="P", document=blank(DraftKind.DECISIONS), revision=1)
    assert saved.json["savedBy"] == "pam"
    assert 'id="save"' not in pam.get("/modeler/new/process").text
    theirs = post(operator, "/modeler/drafts", kind="process", name="Mine", document=ACTIVATE).json["id"]
    refused = [
        post(pam, "/modeler/drafts", kind="process", name="Mine", document=ACTIVATE),
        post(pam, "/modeler/drafts", kind="form", name="Mine", document=blank(DraftKind.FORM)),
        post(pam, f"/modeler/drafts/{theirs}/save", kind="decisions", name="X", document="<a/>", revision=1),
        post(pam, f"/modeler/drafts/{theirs}/remove"),
    ]
    assert [each.status_code for each in refused] == [403] * 4
    with world.database.reading() as connection:
        assert store.read(connection, theirs).name == "Mine"
    assert post(pam, f"{path}/remove").status_code == 200
