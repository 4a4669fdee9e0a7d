"""Forms that are deployed by themselves: drawn, deployed, listed by version, exported."""

from __future__ import annotations

import json
from typing import Any

from app.drafts import store
from app.engine import queries
from tests.factories.dashboards import World
from tests.factories.task_forms import VISIT
from tests.unit.dashboard.conftest import Operator, somebody

FORM = {"id": "visit_form", **VISIT}


def post(operator: Operator, path: str, **body: Any) -> Any:
    return operator.client.post(path, json=body, headers={"X-CSRF-Token": operator.csrf})


def deploy(operator: Operator, form: Any = FORM, **facts: Any) -> Any:
    document = json.dumps(form)
    return post(operator, "/modeler/deploy-form", kind="form", document=document, reason="Visits", **facts)


def test_a_form_is_deployed_from_its_draft_and_listed_with_who_and_why(world: World, operator: Operator) -> None:
    assert "No form is deployed by itself yet" in operator.get("/forms").text
    draft = post(operator, "/modeler/drafts", kind="form", name="Visit", document=json.dumps(FORM)).json
    done = deploy(operator, draftId=draft["id"], revision=1)
    assert (done.json["version"], done.json["href"]) == (1, "/forms/visit_form")
    with world.database.reading() as connection:
        assert store.listed(connection, None).items == []
        assert queries.get_form(connection, "visit_form").deployed_by == "Grace"
    assert 'href="/forms/visit_form"' in operator.get("/forms").text
    page = operator.get("/forms/visit_form").text
    assert "Visits" in page
    assert "Grace" in page
    assert json.loads(operator.get("/forms/visit_form/1.form").data) == FORM
    assert "Outcome" in operator.get("/modeler/forms/visit_form/1").text
    assert operator.get("/forms/none").status_code == 404


def test_a_form_that_no_task_could_name_is_refused_and_its_draft_stays(world: World, operator: Operator) -> None:
    draft = post(operator, "/modeler/drafts", kind="form", name="Visit", document=json.dumps(VISIT)).json
    checked = post(operator, "/modeler/check", kind="form", document=json.dumps(VISIT)).json
    assert [each["code"] for each in checked["findings"]] == ["form_id"]
    refused = deploy(operator, VISIT, draftId=draft["id"], revision=1)
    assert (refused.status_code, refused.json["findings"][0]["code"]) == (422, "form_id")
    with world.database.reading() as connection:
        assert store.read(connection, draft["id"]).revision == 1


def test_who_draws_one_process_deploys_no_form_for_every_one(world: World) -> None:
    ada = somebody(world, "ada", "author@activate")
    assert deploy(ada).status_code == 403
    assert ada.get("/forms").status_code == 200
