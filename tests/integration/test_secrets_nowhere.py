"""A handler does its worst with its secrets, and after the run nothing that was stored, logged or shown holds one."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.core.clock import SystemClock
from app.core.db import Database
from app.core.log import get_logger
from app.core.settings import read_settings
from app.factory import House, build_house, secret_keys
from app.handling import Backoff, Done, HandlerFault, Refused, Waiting, Work, handles
from app.handling.registry import Registry
from app.identity.secrets import store
from app.watch.otel import OtelTracing
from tests.factories.diagrams import Diagram
from tests.factories.logs import captured
from tests.factories.people import PASSWORD, add_token, add_user
from tests.unit.dispatch.waiting import PATIENCE_S, until

TOKEN = "t"
VALUES = {
    "of/environment": 'Env-geheim/"wort"\\é',
    "of/file": "73201948266",  # digits: it may be told as a number
    "of/store": "stored-geheim+wort==",
}
NAMES = tuple(VALUES)
ONCE = Backoff(tries=1)
given_out: list[str] = []


def told(work: Work) -> str:
    """All of them, told to the log and the trace in every way there is; and as one text."""
    values = [work.secret(name) for name in NAMES]
    given_out.extend(values)
    text = " and ".join(values)
    work.logger.info(f"logging in with {text}", password=values[0], deep={"of": [values]}, pin=int(values[1]))
    logging.getLogger("some.library").warning("Authorization: Basic %s", base64.b64encode(text.encode()).decode())
    logging.getLogger("some.library").error("sent %r", {"headers": {"X-Key": text}})
    work.span.note({"password": text})
    try:
        with work.span.child(f"POST /?key={text}", {"url.query": text}, "client") as span:
            span.note({"answer": text})
            raise ConnectionError(f"no answer to {text}")
    except ConnectionError:
        work.logger.exception("calling failed", url=f"http://x/?{text}")
    return text


@handles("worst.done", retry=ONCE)
def give(work: Work) -> Done:
    text = told(work)
    pin = int(VALUES["of/file"])
    return Done(text=text, pin=pin, deep={"list": [text, {text: text}]}, again=json.dumps({"body": text}))


@handles("worst.refused", retry=ONCE)
def refuse(work: Work) -> Refused:
    text = told(work)
    return Refused("no_" + text[:40], f"refused {text}", {"sent": text, text: [text], "deep": {"more": (text,)}})


@handles("worst.raised", retry=ONCE)
def fail(work: Work) -> Done:
    text = told(work)
    try:
        raise KeyError(text)
    except KeyError as error:
        error.add_note(f"while using {text}")
        raise HandlerFault(f"failed with {text}", path=text, sent=text, deep={"list": [text, text.encode()]}) from error


@handles("worst.unforeseen", retry=ONCE)
def stumble(work: Work) -> Done:
    raise RuntimeError(told(work), {"of": told(work)})


@handles("worst.waiting", retry=ONCE)
def wait(work: Work) -> Waiting:
    text = told(work)
    return Waiting(text, text)


@handles("worst.result", retry=ONCE)
def give_what_no_handler_may(work: Work) -> Done:
    return told(work)  # type: ignore[return-value]  # on purpose


WORST = (give, refuse, fail, stumble, wait, give_what_no_handler_may)


@dataclass
class Run:
    """What came of it."""

    house: House
    client: FlaskClient
    instances: list[str]
    log: io.StringIO
    spans: InMemorySpanExporter
    folder: Path

    def get(self, path: str) -> str:
        answer = self.client.get(path, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return str(answer.text)


def assert_nowhere(text: str, what: str, *, marked: bool = True) -> None:
    """The values stand nowhere in the text, in no form; where they would is the mark."""
    plain = text.replace("&#34;", '"').replace("\\\\", "\\").replace("\\u00e9", "é").replace('\\"', '"')
    for name, value in VALUES.items():
        forms = (value, value[4:-1], repr(value)[1:-1], json.dumps(value)[1:-1], value.encode().hex())
        for form in forms:
            assert form not in text, f"{what} holds the secret {name}"
            assert form not in plain, f"{what} holds the secret {name}"
        assert not marked or f"[secret {name}]" in text, f"{what} does not hold its mark"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with captured("debug") as stream:
        yield stream


@pytest.fixture
def run(
    database_url: str, tmp_path: Path, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Run]]:
    spans = InMemorySpanExporter()
    monkeypatch.setattr("app.factory.open_tracing", lambda *_: OtelTracing(SimpleSpanProcessor(spans), "1"))
    monkeypatch.setattr("app.factory.Registry.scan", lambda: Registry(WORST))
    (tmp_path / "secrets/of").mkdir(parents=True)
    (tmp_path / "secrets/of/file").write_text(VALUES["of/file"])
    environ = {
        "TURNUP_DATABASE_URL": database_url,
        "TURNUP_DATA_DIR": str(tmp_path / "data"),
        "TURNUP_SECRET_OF_ENVIRONMENT": VALUES["of/environment"],
        "TURNUP_SECRETS_DIR": str(tmp_path / "secrets"),
        "TURNUP_SECRETS_KEY": base64.b64encode(os.urandom(32)).decode(),
    }
    settings = read_settings(environ)
    house = build_house(settings, environ, too_many_strays=lambda: None)
    with house.room.database.transaction() as tx:
        store.put(tx, secret_keys(settings), "of/store", VALUES["of/store"], "ann", SystemClock().now())
    add_token(house.room.database, TOKEN)
    add_user(house.room.identity, "Grace", "admin")
    given_out.clear()

    def to_the_end() -> Run:
        client = house.app.test_client()
        made = Run(house, client, [start(house, each.type) for each in WORST], log, spans, tmp_path)
        house.start()
        until(lambda: all(is_settled(house, each) for each in made.instances))
        house.dispatch.stop(PATIENCE_S)
        log_in(client)
        return made

    yield to_the_end
    house.tracing.close()
    house.room.close()


def start(house: House, handler: str) -> str:
    process_id = handler.replace(".", "_")
    diagram = Diagram(process_id).start("s").service("a", handler).user("u").end("e").chain("s", "a", "u", "e")
    client, headers = house.app.test_client(), {"Authorization": f"Bearer {TOKEN}"}
    client.post("/api/v1/process-definitions", data=diagram.xml(), content_type="application/xml", headers=headers)
    answer = client.post("/api/v1/process-instances", json={"processId": process_id}, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.get_json()["id"])


def is_settled(house: House, instance_id: str) -> bool:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    shown = house.app.test_client().get(f"/api/v1/process-instances/{instance_id}", headers=headers).get_json()
    kinds = {wait["kind"] for wait in shown["waits"]}
    return bool(kinds) and kinds <= {"user_task", "callback", "incident"}


def log_in(client: FlaskClient) -> None:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/login").text)
    assert found
    answer = client.post("/login", data={"csrf": found[1], "name": "Grace", "password": PASSWORD})
    assert answer.status_code == 303


def everything_stored(database: Database, folder: Path) -> str:
    """Each row of every table as text; of SQLite also the bytes of its files, whatever lies in them."""
    if database.is_sqlite:
        files = sorted(folder.glob("*.sqlite*"))
        assert files
        return "".join(file.read_bytes().decode("utf-8", "replace") for file in files)
    rows: list[str] = []
    with database.reading() as connection:
        tables = connection.execute(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars()
        for table in list(tables):
            rows += connection.execute(sa.text(f'SELECT t::text FROM "{table}" t')).scalars()
    return "\n".join(rows)


def test_after_a_run_no_secret_is_anywhere(run: Callable[[], Run]) -> None:
    made = run()
    assert set(given_out) == set(VALUES.values())  # the handlers had them

    assert_nowhere(everything_stored(made.house.room.database, made.folder), "the database")
    assert_nowhere(made.log.getvalue(), "the log")
    for span in made.spans.get_finished_spans():
        assert_nowhere(span.to_json(), f"the span {span.name}", marked=False)
    assert_nowhere("".join(span.to_json() for span in made.spans.get_finished_spans()), "the trace")

    paths = [
        "/api/v1/incidents?state=all",
        "/api/v1/user-tasks",
        "/api/v1/process-instances",
        "/api/v1/systems",
        "/api/v1/audit",
        "/api/v1/audit/export",
    ]
    pages = ["/", "/instances", "/incidents", "/tasks", "/systems", "/audit", "/audit/export.ndjson"]
    for each in made.instances:
        paths += [f"/api/v1/process-instances/{each}{what}" for what in ("", "/history", "/variables")]
        pages += [f"/instances/{each}{what}" for what in ("", "/live", "/elements/a", "/facts.json")]
    shown = {path: made.get(path) for path in (*paths, *pages, "/metrics")}
    for path, text in shown.items():
        assert_nowhere(text, path, marked=False)
    assert_nowhere("".join(shown[path] for path in paths), "the API")
    assert_nowhere("".join(shown[path] for path in pages), "the dashboard")


def test_each_way_of_telling_one_was_tried(run: Callable[[], Run]) -> None:
    """So that the test above cannot pass because nothing happened."""
    made = run()
    by_process = {row["processId"]: row for row in json.loads(made.get("/api/v1/incidents?state=all"))}
    assert {each.split("_")[1] for each in by_process} == {"refused", "raised", "unforeseen", "result"}
    assert "[secret of/store]" in by_process["worst_raised"]["message"]
    assert "[secret of/store]" in str(by_process["worst_raised"]["detail"]["deep"])
    assert "[secret of/store]" in str(by_process["worst_refused"]["detail"])
    outputs = json.loads(made.get(f"/api/v1/process-instances/{made.instances[0]}/variables"))["variables"]
    assert set(outputs) == {"text", "pin", "deep", "again"}
    assert outputs["pin"] == "[secret of/file]"
    events = [json.loads(line) for line in made.log.getvalue().splitlines()]
    assert any("[secret of/store]" in line.get("exception", "") for line in events)
    get_logger("a").info(VALUES["of/store"])
    assert "[secret of/store]" in made.log.getvalue().splitlines()[-1]
