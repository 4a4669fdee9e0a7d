"""Errors that no view foresaw are JSON too, and tell a caller nothing of the inside."""

from __future__ import annotations

import json
from io import StringIO
from typing import NoReturn

import pytest
import sqlalchemy as sa
import structlog

from app.core.log import configure
from app.engine.instances import StaleInstance
from tests.api.conftest import Caller
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


def raising(error: Exception) -> object:
    def start(*_: object) -> NoReturn:
        raise error

    return start


def test_an_unforeseen_error_gives_an_id_that_the_log_knows(
    api: Caller, bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench.engine, "start", raising(ZeroDivisionError("secret inside")))
    answer = api.start()
    assert (answer.status_code, answer.json["code"]) == (500, "InternalError")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    logged = capsys.readouterr()
    assert answer.json["errorId"] in logged.out + logged.err
    assert "secret inside" in logged.out + logged.err


def test_a_database_that_does_not_answer_is_said_to_be_tried_again(
    api: Caller, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = sa.exc.OperationalError("select", {}, Exception("database is locked"))
    monkeypatch.setattr(bench.engine, "start", raising(silent))
    answer = api.start()
    assert (answer.status_code, answer.json["code"]) == (503, "StoreUnavailable")
    assert answer.headers["Retry-After"] == "5"
    assert "select" not in answer.text


def test_a_transaction_is_done_again_when_another_writer_was_first(
    api: Caller, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.deploy(Diagram("p").start().end().chain("s", "e"))
    real, tries = bench.engine.start, []

    def late(tx: object, request: object) -> object:
        tries.append(request)
        if len(tries) < 3:
            raise StaleInstance("another writer was first")
        return real(tx, request)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.engine, "start", late)
    assert api.start().status_code == 202
    assert len(tries) == 3


def test_after_too_many_tries_the_caller_is_told(
    api: Caller, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.engine, "start", raising(StaleInstance("another writer was first")))
    answer = api.start()
    assert (answer.status_code, answer.json["code"]) == (409, "StaleInstance")


@pytest.mark.parametrize("path", ["/nope", "/api/v1/nope", "/api/v1/process-instances/x/nope"])
def test_what_is_nowhere_is_not_found(api: Caller, path: str) -> None:
    answer = api.client.get(path, headers=api.headers)
    assert (answer.status_code, answer.json["code"]) == (404, "NoSuchPage")


def test_another_method_is_told_which_there_are(api: Caller) -> None:
    answer = api.client.delete("/api/v1/process-instances", headers=api.headers)
    assert (answer.status_code, answer.json["code"]) == (405, "MethodNotAllowed")
    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "POST"}


def test_the_log_of_an_error_is_one_line_of_json(
    api: Caller, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = StringIO()
    configure("info", out)
    try:
        monkeypatch.setattr(bench.engine, "start", raising(ZeroDivisionError("inside")))
        error_id = api.start().json["errorId"]
    finally:
        structlog.reset_defaults()
    (line,) = [json.loads(text) for text in out.getvalue().splitlines()]
    assert (line["event"], line["error_id"], line["path"]) == ("request_failed", error_id, "/api/v1/process-instances")
