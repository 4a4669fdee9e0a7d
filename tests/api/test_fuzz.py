"""Nasty values everywhere at once, seeded: whatever comes, the answer is no 5xx and says what is wrong."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from app.core.clock import FixedClock
from app.core.db import Database
from tests.api.conftest import Caller, application, leave_open
from tests.factories.engines import Bench
from tests.factories.steps import HANDLERS

REQUESTS = 400
GOOD: dict[str, Any] = {"processId": "p", "fromVersion": 1, "toVersion": 2, "instanceIds": ["x"], "name": "n", "correlationKey": "k", "reason": "r", "take": "new"}
NASTY: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**18, 2**63, 2**64, -(2**63) - 1, 1e308),
    *("", "a", " ", "\x00", "a\x00b", "\ud83d", "💥", "x" * 300, "%00", "%", "'; drop table token;--", "../..", "all"),
    *({}, [], [1], {"a": None}, {"\x00": 1}, {"": 1}, {"a": "\x00"}, {"a": [{"b": "\x00"}]}, {"a": 2**63}, {"a.b": 1}),
]
QUERIES = {
    "/process-instances": ("state", "processId", "businessKey", "search", "limit", "offset"),
    "/process-definitions": ("limit", "allVersions"),
    "/process-definitions/p": ("version",),
    "/user-tasks": ("assignee", "processId", "instanceId", "limit"),
    "/incidents": ("state", "processId", "instanceId", "handler", "cause", "offset"),
    "/causes": ("processId", "handler", "limit", "offset"),
    "/jobs": ("state", "kind", "limit"),
}
MOVES = {
    "cancel": ("reason",),
    "suspend": ("reason",),
    "resume": ("reason",),
    "rewind": ("reason", "elementId", "token", "undo"),
    "move": ("reason", "token", "elementId"),
    "tokens/2/complete": ("reason", "outputs"),
    "messages": ("reason", "name", "correlationKey", "variables", "timeToLiveSeconds"),
    "messages/m/resend": ("reason",),
}
PATHS = (
    "/process-instances/{}",
    "/process-instances/{}/history",
    "/process-instances/{}/rewind-plan?elementId=u",
    "/processes/{}",
    "/process-definitions/{}",
    "/process-definitions/{}/1/diagram",
    "/process-definitions/p/{}/diagram",
    "/user-tasks/{}",
    "/incidents/{}",
    "/causes/{}",
    "/jobs/{}",
    "/jobs/{}/items",
)


@pytest.fixture
def api(database: Database, clock: FixedClock) -> Caller:
    """With an open user task, and an open incident behind another one."""
    bench = Bench(database, clock, HANDLERS)
    leave_open(bench)
    return Caller(application(bench).test_client())


def bodies(api: Caller) -> dict[str, tuple[str, ...]]:
    task, incident = api.get("/user-tasks").json[0]["id"], api.get("/incidents").json[0]["id"]
    instance = task.partition(":")[0]
    return {
        "/process-instances": ("processId", "version", "businessKey", "variables"),
        "/messages": ("name", "correlationKey", "variables", "messageId", "timeToLiveSeconds"),
        "/signals": ("name", "variables"),
        f"/user-tasks/{task}/claim": (),
        f"/user-tasks/{task}/complete": ("variables",),
        f"/incidents/{incident}/retry": ("reason", "inputs"),
        f"/incidents/{incident}/skip": ("reason", "outputs"),
        f"/incidents/{incident}/choose": ("reason", "take"),
        "/migrations/plan": ("processId", "fromVersion", "toVersion", "mapping", "instanceIds"),
        "/migrations": ("processId", "fromVersion", "toVersion", "mapping", "instanceIds", "ratePerSecond", "reason"),
        f"/causes/{api.get('/causes').json[0]['id']}/retry": (
            *("reason", "processId", "most", "ratePerSecond", "stopAfterFailures", "oneFirst"),
        ),
        "/jobs/gone/start": (),
        "/jobs/gone/pause": ("reason",),
        "/processes/p/suspend": ("reason",),
        "/processes/p/resume": ("reason",),
        **{f"/process-instances/{instance}/{move}": fields for move, fields in MOVES.items()},
    }


def posted(api: Caller, dice: random.Random, path: str, fields: tuple[str, ...]) -> TestResponse:
    body = {name: GOOD[name] if name in GOOD and dice.random() < 0.5 else dice.choice(NASTY) for name in fields}
    return api.post(path, data=json.dumps(body), content_type="application/json")


def got(api: Caller, dice: random.Random) -> TestResponse:
    if dice.random() < 0.5:
        path = dice.choice(list(QUERIES))
        return api.get(path, **{name: sent(dice) for name in QUERIES[path] if dice.random() < 0.5})
    return api.get(dice.choice(PATHS).format(quote(sent(dice), safe="")))


def sent(dice: random.Random) -> str:
    return str(dice.choice(NASTY)).encode("utf-8", "replace").decode()


@pytest.mark.parametrize("seed", [5])
def test_nothing_that_is_sent_makes_the_server_fail(api: Caller, seed: int) -> None:
    dice = random.Random(seed)
    posts = bodies(api)
    for number in range(REQUESTS):
        path = dice.choice(list(posts))
        answer = posted(api, dice, path, posts[path]) if dice.random() < 0.7 else got(api, dice)
        assert answer.status_code < 500, (number, answer.request.path, answer.text)
        if answer.status_code >= 400:
            assert answer.json["message"], (number, answer.request.path)
            assert answer.json["status"] == answer.status_code
