"""Forms in files of their own: numbered as they are deployed, and bound to a user task when it begins."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from app.engine import queries
from app.engine.bundle import File, FilesRefused
from app.engine.form_versions import FormRefused, UnknownForm, accept
from app.engine.schemas import VariablesRefused
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


def survey(label: str = "How was it?", **said: Any) -> dict[str, Any]:
    field = {"type": "textfield", "key": "answer", "label": label, "validate": {"required": True}}
    return {"id": "survey", "type": "default", "components": [field], **said}


def asking(process_id: str = "ask", name: str = "Ask", **said: str) -> Diagram:
    diagram = Diagram(process_id, name).start("s").user("a", linked={"formId": "survey", **said})
    return diagram.end("e").chain("s", "a", "e")


def label_of(bench: Bench, instance_id: str) -> str | None:
    with bench.database.reading() as connection:
        form = bench.engine.task_form(connection, bench.task(instance_id))
    return None if form is None else str(form.schema["components"][0]["label"])


def begun(bench: Bench, process_id: str = "ask") -> str:
    instance_id = bench.start(process_id)
    bench.advance(instance_id)
    return instance_id


def test_the_same_form_again_is_the_same_version_however_it_is_spaced(bench: Bench) -> None:
    assert bench.deploy_form(survey()).version == 1
    with bench.database.transaction() as tx:
        again = bench.engine.deploy_form(tx, accept(json.dumps(survey(), indent=4).encode()))
    assert (again.version, again.created) == (1, False)
    second = bench.deploy_form(survey("And the price?"), by="ann", reason="Prices")
    assert (second.version, second.created) == (2, True)
    with bench.database.reading() as connection:
        newest = queries.get_form(connection, "survey")
        assert (newest.version, newest.deployed_by, newest.reason) == (2, "ann", "Prices")
        assert [
            each.version for each in queries.list_form_versions(connection, "survey", limit=10, offset=0).items
        ] == [
            2,
            1,
        ]
        assert json.loads(queries.form_document(connection, newest.id)) == survey("And the price?")
        with pytest.raises(UnknownForm, match=r"version 3 of form 'survey'"):
            queries.get_form(connection, "survey", 3)


def test_a_task_keeps_the_form_that_was_the_latest_when_it_began(bench: Bench) -> None:
    bench.deploy_form(survey())
    bench.deploy(asking())
    first = begun(bench)
    bench.deploy_form(survey("And the price?"))
    second = begun(bench)
    bench.restart()
    assert (label_of(bench, first), label_of(bench, second)) == ("How was it?", "And the price?")
    with pytest.raises(VariablesRefused, match="And the price"):
        bench.complete(second)
    bench.complete(first, answer="well", unknown=1)
    assert bench.variables(first) == {"answer": "well"}


def test_a_task_may_be_bound_to_what_was_there_at_its_deployment_or_to_a_tag(bench: Bench) -> None:
    bench.deploy_form(survey("First", versionTag="v1"))
    bench.clock.advance(timedelta(seconds=1))
    bench.deploy(asking("fixed", bindingType="deployment"))
    bench.deploy(asking("tagged", bindingType="versionTag", versionTag="v1"))
    bench.clock.advance(timedelta(seconds=1))
    bench.deploy_form(survey("Second", versionTag="v2"))
    bench.deploy(asking("newest"))
    assert [label_of(bench, begun(bench, each)) for each in ("fixed", "tagged", "newest")] == [
        "First",
        "First",
        "Second",
    ]


def test_a_form_that_is_not_deployed_falls_out_and_is_shown_once_it_is(bench: Bench) -> None:
    bench.deploy(asking())
    instance_id = begun(bench)
    (incident,) = bench.incidents(instance_id)
    assert incident.code == "FormMissing"
    assert "Deploy its .form file and retry" in incident.message
    bench.deploy_form(survey())
    bench.act("retry", instance_id)
    bench.advance(instance_id)
    assert label_of(bench, instance_id) == "How was it?"


def test_files_that_come_together_know_one_another_and_belong_together(bench: Bench) -> None:
    diagram = File("ask.bpmn", asking(bindingType="deployment").xml())
    form = File("survey.form", json.dumps(survey()).encode())
    alone, together = bench.engine.examine_all([diagram]), bench.engine.examine_all([diagram, form])
    assert [finding.code for finding in alone[0].findings] == ["unknown_form"]
    assert [each.findings for each in together] == [[], []]
    with bench.database.transaction() as tx:
        done = bench.engine.deploy_all(tx, together, by="ann")
    assert [(each.kind, each.id, each.version) for each in done] == [("form", "survey", 1), ("process", "ask", 1)]
    assert label_of(bench, begun(bench)) == "How was it?"


def test_a_form_with_an_error_keeps_all_files_out(bench: Bench) -> None:
    files = [File("ask.bpmn", asking().xml()), File("survey.form", b'{"id": "survey", "components": [{"type": "x"}]}')]
    with pytest.raises(FilesRefused) as refused, bench.database.transaction() as tx:
        bench.engine.deploy_all(tx, bench.engine.examine_all(files))
    assert "survey.form" in refused.value.message
    with bench.database.reading() as connection, pytest.raises(UnknownForm):
        queries.get_form(connection, "survey")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"{", "form"),
        (b'{"components": []}', "form_id"),
        (b'{"components": [], "id": ""}', "form_id"),
        (b'{"components": [], "id": 5}', "form_id"),
        (b'{"components": [], "id": "a/b"}', "form_id"),
        (b'{"components": [], "id": "a", "versionTag": 5}', "form"),
        ('{"components": [], "id": "ä"}'.encode("latin-1"), "form"),
        (b'{"components": [], "id": "' + b"a" * 256 + b'"}', "form_id"),
    ],
)
def test_what_no_task_could_name_is_refused(document: bytes, code: str) -> None:
    with pytest.raises(FormRefused) as refused:
        accept(document)
    assert [finding.code for finding in refused.value.findings] == [code]
