"""Flows tried out over the API, and scenarios played on what is deployed."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

from tests.api.conftest import Caller, somebody
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import message

AT = "2026-03-02T12:00:00Z"


def line(process_id: str = "p") -> Diagram:
    made = Diagram(process_id).start().xor("g", default="slow").service("a", "t.name").catch("m", message("go", "=order"))
    made.timer("hour", "PT1H").end().end("out").chain("s", "g").flow("g", "a", "=speed > 100", id="fast")
    return made.flow("g", "out", id="slow").chain("a", "m", "hour", "e")


def begin(api: Caller, **body: object) -> str:
    answer = api.post("/trials", {"processId": "p", "variables": {"speed": 500, "order": "O-1"}, "at": AT, **body})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"/api/v1/trials/{answer.json['id']}"
    return str(answer.json["id"])


def test_a_version_is_tried_move_by_move_and_nothing_is_stored(api: Caller, bench: Bench) -> None:
    api.deploy(line())
    trial = begin(api)
    (pending,) = api.get(f"/trials/{trial}").json["pending"]
    assert (pending["place"], pending["handler"]) == ("a", "t.name")
    stepped = api.post(f"/trials/{trial}/step", {"answer": {"done": {"r": 7}}}).json
    assert stepped["variables"]["r"] == 7
    assert stepped["conditions"][0] | {"fault": None} == {
        "place": "g",
        "flowId": "fast",
        "condition": "=speed > 100",
        "read": {"speed": 500},
        "value": True,
        "fault": None,
    }
    waits = api.post(f"/trials/{trial}/events", {"event": {"message": "go", "key": "O-1"}}).json
    assert (waits["standing"][0]["kind"], waits["nextDue"]) == ("timer", "2026-03-02T13:00:00Z")
    over = api.post(f"/trials/{trial}/events", {"event": {"wait": "next"}}).json
    assert (over["state"], over["path"]) == ("completed", ["s", "g", "a", "m", "hour", "e"])
    assert "fast" in over["flows"]
    assert bench.instances() == []
    assert bench.calls == []


def test_what_was_done_is_kept_as_a_scenario_and_played_on_the_next_version(api: Caller) -> None:
    api.deploy(line())
    trial = begin(api)
    assert api.post(f"/trials/{trial}/run").json["state"] == "active"
    kept = api.get(f"/trials/{trial}/scenario", title="It waits")
    assert kept.headers["Content-Disposition"] == "attachment; filename=p.yaml"
    played = api.post("/scenarios", {"processId": "p", "scenario": kept.text}).json
    assert (played["passed"], played["differs"]) == (True, [])
    (coverage,) = played["coverage"]
    assert coverage["missed"] == ["e", "hour", "m", "out"]
    api.deploy(line().service("more", "t.quiet").chain("m", "more"))  # what is drawn wrong differs too
    assert api.post("/scenarios", {"processId": "p", "version": 1, "scenario": kept.text}).json["passed"] is True


def test_a_draft_is_tried_and_one_that_could_not_be_deployed_is_refused_with_its_findings(api: Caller) -> None:
    def draft(diagram: Diagram) -> str:
        body = {"kind": "process", "name": "Drawn", "document": diagram.xml().decode()}
        return str(api.post("/drafts", body).json["id"])

    assert begin(api, processId=None, draftId=draft(line()))
    bad = draft(Diagram("p").start().service("a", "t.nobody").end().chain("s", "a", "e"))
    refused = api.post("/trials", {"draftId": bad})
    assert (refused.status_code, refused.json["code"]) == (422, "DiagramRefused")
    assert [each["elementId"] for each in refused.json["findings"] if each["severity"] == "error"] == ["a"]


def test_what_is_asked_wrong_says_where(api: Caller) -> None:
    api.deploy(line())
    assert api.post("/trials", {}).json["path"] == "$.processId"
    assert api.post("/trials", {"processId": "q"}).status_code == 404
    assert api.post("/trials", {"processId": "p", "answers": "recorded"}).json["path"] == "$.instance"
    assert api.post("/trials", {"processId": "p", "answers": "laboratory"}).status_code == 409
    trial = begin(api)
    assert api.post(f"/trials/{trial}/step", {"answer": {"ok": 1}}).status_code == 400
    assert api.post(f"/trials/{trial}/events", {"event": {"complete": "u"}}).status_code == 404
    assert api.post("/scenarios", {"processId": "p", "scenario": "a: &x 1"}).status_code == 400


def test_a_trial_is_seen_by_whoever_began_it_alone(api: Caller, bench: Bench, olga: Caller) -> None:
    api.deploy(line())
    trial = begin(api)
    assert olga.get(f"/trials/{trial}").status_code == 404
    assert olga.post(f"/trials/{trial}/close").status_code == 404
    viewer = somebody(bench, api, "vic", "viewer")
    assert viewer.post("/trials", {"processId": "p"}).status_code == 403
    assert api.post(f"/trials/{trial}/close").json == {"id": trial}
    assert api.get(f"/trials/{trial}").status_code == 404


NASTY: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**18, 2**63, "", " ", "\x00", "a\x00b", "💥", "x" * 3000, "../..", "=1", "P1D", "next"),
    *({}, [], [1], {"a": None}, {"\x00": 1}, {"": 1}, {"a": [{"b": "\x00"}]}, {"a.b": 1}, {"done": 1}, {"wait": "P9999Y"}),
]
LIKELY: list[Any] = ["a", "go", "port_taken", "PT1M", "next", {}, {"r": 1}]
KINDS = ("done", "refused", "failed", "waiting", "wait", "message", "signal", "complete", "retry", "skip")


def test_nasty_values_are_refused_or_taken_and_break_nothing(api: Caller) -> None:
    """Seeded, everywhere at once: no answer is a 5xx."""
    draw = random.Random(8)
    api.deploy(line())
    trial = begin(api)
    answers = Counter[int]()

    def ask(path: str, body: Any) -> None:
        answer = api.post(path, body)
        assert answer.status_code < 500, (path, body, answer.text)
        answers[answer.status_code] += 1

    for _ in range(250):
        kind, value = draw.choice(KINDS), draw.choice(NASTY if draw.random() < 0.5 else LIKELY)
        said = {kind: value, **({name: draw.choice(NASTY)} if (name := draw.choice(["key", "variables", ""])) else {})}
        ask(f"/trials/{trial}/step", {"answer": draw.choice([said, {kind: value}])})
        ask(f"/trials/{trial}/events", {"event": draw.choice([said, {kind: value}])})
        field = draw.choice(["variables", "businessKey", "at", "answers", "instanceId", "version", "draftId", "processId"])
        if draw.random() < 0.2:
            ask("/trials", {"processId": "p", field: value})
        written = json.dumps({"process": "p", "title": "t", draw.choice(["results", "events", "expect", "start"]): value})
        ask("/scenarios", {"processId": "p", "scenario": draw.choice([written, str(value)])})
        seen = api.get(f"/trials/{trial}")
        if seen.status_code == 404 or seen.json["state"] != "active":
            trial = begin(api)
    assert all(answers[status] > 10 for status in (200, 400, 404, 409))
