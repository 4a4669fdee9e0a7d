"""Whatever is sent: a clear 4xx in JSON, nothing stored, the server answers the next request."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.core.clock import FixedClock
from app.core.db import Database
from tests.api.conftest import XML, Caller, application
from tests.conftest import NOON
from tests.factories.diagrams import Diagram, definitions
from tests.factories.engines import Bench
from tests.factories.markup import tag
from tests.factories.steps import HANDLERS

Stored = Callable[[], dict[str, int]]

XXE = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><definitions>&x;</definitions>'
BOMB = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><definitions>&b;&b;</definitions>'


@pytest.fixture(scope="module")
def bench(migrated_sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One for all: whatever was sent before, it stands."""
    file = shutil.copy(migrated_sqlite_file, tmp_path_factory.mktemp("bad") / "turnup.sqlite")
    database = Database(f"sqlite:///{file}")
    yield Bench(database, FixedClock(NOON), HANDLERS)
    database.close()


@pytest.fixture(scope="module")
def api(bench: Bench) -> Caller:
    return Caller(application(bench).test_client())


@pytest.fixture
def nothing_changes(api: Caller, stored: Stored) -> Iterator[None]:
    """One process is there; after the test the tables hold what they held, and the server does its work."""
    api.deploy(Diagram("p").start().end().chain("s", "e"))
    before = stored()
    yield
    assert stored() == before
    assert api.start("p").status_code == 202


def python_script() -> bytes:
    script = "import os; os.system('id')"
    return Diagram("q").start().script("a", script, "x").end().chain("s", "a", "e").xml()


def stock_script() -> bytes:
    body = tag("bpmn:script", {}, "__import__('os').system('id')")
    step = tag("bpmn:scriptTask", {"id": "a", "scriptFormat": "python"}, body)
    return Diagram("q").start().raw(step).end().chain("s", "a", "e").xml()


def unknown_handler() -> bytes:
    return Diagram("q").start().service("a", "t.nmae").end().chain("s", "a", "e").xml()


DIAGRAMS = {
    "external entity": (XXE, "doctype"),
    "entity bomb": (BOMB, "doctype"),
    "nothing": (b"", "empty"),
    "not XML": (b"%PDF-1.7", "not_xml"),
    "another vocabulary": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "wrong_root"),
    "another encoding": ("<?xml version='1.0' encoding='UTF-16'?><a/>".encode("utf-16"), "encoding"),
    "too deep": (b"<a>" * 5000 + b"</a>" * 5000, "too_deep"),
    "no process": (definitions([]), None),
    "unknown handler": (unknown_handler(), None),
    "Python in a FEEL script": (python_script(), None),
    "Python in a stock script": (stock_script(), None),
}


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_bad_diagram_is_refused_with_findings(api: Caller, name: str) -> None:
    document, code = DIAGRAMS[name]
    answer = api.deploy(document)
    assert (answer.status_code, answer.json["code"]) == (422, "DiagramRefused")
    errors = [finding for finding in answer.json["findings"] if finding["severity"] == "error"]
    assert all(finding["message"] and finding["remedy"] for finding in errors)
    assert errors
    if code is not None:
        assert errors[0]["code"] == code
    assert "root:" not in answer.text


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("content_type", [XML, "multipart/form-data; boundary=x"])
def test_fifty_megabytes_of_diagram_are_refused_before_they_are_read(api: Caller, content_type: str) -> None:
    reader = Unread()
    answer = api.post("/process-definitions", **reader.sent(content_type, {"CONTENT_LENGTH": "50000000"}))
    assert_refused(answer, 413, "TooLarge")
    assert "found 50,000,000" in answer.json["message"]
    assert reader.bytes_read == 0


@pytest.mark.usefixtures("nothing_changes")
def test_ten_megabytes_of_variables_are_refused_before_they_are_read(api: Caller) -> None:
    reader = Unread()
    answer = api.post("/process-instances", **reader.sent("application/json", {"CONTENT_LENGTH": "10000000"}))
    assert_refused(answer, 413, "TooLarge")
    assert reader.bytes_read == 0


@pytest.mark.usefixtures("nothing_changes")
def test_a_body_of_unknown_length_is_read_no_further_than_the_limit(api: Caller) -> None:
    reader = Unread()
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    answer = api.post("/process-instances", **reader.sent("application/json", chunked))
    assert_refused(answer, 413, "TooLarge")
    assert reader.bytes_read <= 2_000_000


@pytest.mark.usefixtures("nothing_changes")
def test_variables_of_over_a_megabyte_are_refused_with_their_path(api: Caller) -> None:
    answer = api.start(variables={"note": "x" * 1_100_000})
    assert_refused(answer, 413, "TooLarge", "$.variables.note")


BODIES: dict[str, tuple[str, str]] = {
    "nothing": ("", "$"),
    "not JSON": ("{'processId': 'p'}", "$"),
    "half of it": ('{"processId": "p"', "$"),
    "an array": ('["p"]', "$"),
    "a string that holds JSON": ('"{\\"processId\\": \\"p\\"}"', "$"),
    "a name twice": ('{"processId": "p", "variables": {"a": [{"b": 1, "b": 2}]}}', "$.variables.a[0].b"),
    "not a number": ('{"processId": "p", "variables": {"a": NaN}}', "$"),
    "infinity": ('{"processId": "p", "variables": {"a": 1e999}}', "$"),
    "a number beyond 64 bits": ('{"processId": "p", "variables": {"a": 123456789012345678901}}', "$.variables.a"),
    "half a character": ('{"processId": "p", "variables": {"a": "\\ud800"}}', "$"),
    "too deep": ('{"processId": "p", "variables": {"a": ' + "[" * 70 + "]" * 70 + "}}", "$.variables.a[0][0][0][0][0][0]"),
    "far too deep": ('{"processId": "p", "variables": {"a": ' + "[" * 9000 + "]" * 9000 + "}}", "$"),
    "no process": ('{"variables": {}}', "$.processId"),
    "a number for a name": ('{"processId": 7}', "$.processId"),
    "a process of null": ('{"processId": null}', "$.processId"),
    "an empty name": ('{"processId": ""}', "$.processId"),
    "a NUL in a key": ('{"processId": "p", "businessKey": "a\\u0000b"}', "$.businessKey"),
    "a long key": ('{"processId": "p", "businessKey": "' + "x" * 256 + '"}', "$.businessKey"),
    "a version in words": ('{"processId": "p", "version": "1"}', "$.version"),
    "version nought": ('{"processId": "p", "version": 0}', "$.version"),
    "a version beyond the store's": ('{"processId": "p", "version": 99999999999}', "$.version"),
    "half a version": ('{"processId": "p", "version": 1.5}', "$.version"),
    "a list of variables": ('{"processId": "p", "variables": [1]}', "$.variables"),
    "variables of null": ('{"processId": "p", "variables": null}', "$.variables"),
    "a name with a space": ('{"processId": "p", "variables": {"a b": 1}}', "$.variables['a b']"),
    "a field too many": ('{"processId": "p", "bussinesKey": "x"}', "$.bussinesKey"),
}


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("name", BODIES)
def test_a_bad_start_is_refused_with_the_path(api: Caller, name: str) -> None:
    body, path = BODIES[name]
    answer = api.post("/process-instances", data=body.encode(), content_type="application/json")
    assert answer.status_code == 400
    assert answer.json["path"] == path
    assert answer.json["message"]


@pytest.mark.usefixtures("nothing_changes")
def test_an_unknown_process_is_not_found_and_tells_which_there_are(api: Caller) -> None:
    answer = api.start("q")
    assert_refused(answer, 404, "UnknownProcess", "$.processId")
    assert "Deployed are: p" in answer.json["message"]


def test_a_misspelt_field_is_told_its_right_name(api: Caller) -> None:
    answer = api.post("/process-instances", {"process_id": "p", "bussinesKey": "x", "foo": 1})
    told = {each["path"]: each["message"] for each in answer.json["errors"]}
    assert "Did you mean 'processId'?" in told["$.process_id"]
    assert "Did you mean 'businessKey'?" in told["$.bussinesKey"]
    assert "Known are: processId, version, businessKey, priority, variables" in told["$.foo"]
    assert told["$.processId"] == "'processId' is required."


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("key", ["", "x" * 256, "naïve"])
def test_a_bad_idempotency_key_is_refused(api: Caller, key: str) -> None:
    assert_refused(api.start(key=key), 400, "InvalidRequest", "header.Idempotency-Key")


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({"limit": 0}, "query.limit"),
        ({"limit": 201}, "query.limit"),
        ({"limit": "many"}, "query.limit"),
        ({"offset": -1}, "query.offset"),
        ({"offset": 10**30}, "query.offset"),
        ({"state": "stuck"}, "query.state"),
        ({"search": "a\x00"}, "query.search"),
        ({"limt": 5}, "query.limt"),
    ],
)
def test_a_bad_query_is_refused_with_its_parameter(api: Caller, query: dict[str, Any], path: str) -> None:
    assert_refused(api.get("/process-instances", **query), 400, "InvalidRequest", path)


@pytest.mark.parametrize("path", ["/process-instances/a%00b", "/process-instances/" + "x" * 90, "/process-definitions/%07"])
def test_a_bad_name_in_a_path_is_refused(api: Caller, path: str) -> None:
    answer = api.get(path)
    assert (answer.status_code, answer.json["code"]) == (400, "InvalidRequest")


@pytest.mark.usefixtures("nothing_changes")
def test_a_body_that_is_not_declared_as_json_or_is_compressed_is_not_read(api: Caller) -> None:
    body = json.dumps({"processId": "p"})
    answer = api.post("/process-instances", data=body, content_type="text/plain")
    assert_refused(answer, 415, "UnsupportedMediaType")
    packed = {"Content-Encoding": "gzip"}
    answer = api.post("/process-instances", data=body, content_type="application/json", headers=packed)
    assert_refused(answer, 415, "EncodedBody")


class Unread:
    """A body that counts what is read of it; there is no end to it."""

    def __init__(self) -> None:
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        assert size > 0, "read without a limit"
        self.bytes_read += size
        return b" " * size

    def readinto(self, buffer: bytearray) -> int:
        buffer[:] = self.read(len(buffer))
        return len(buffer)

    def sent(self, content_type: str, environ: dict[str, Any]) -> dict[str, Any]:
        """What makes werkzeug's client send this body."""
        return {"environ_overrides": {"wsgi.input": self, "CONTENT_TYPE": content_type, **environ}}


def assert_refused(answer: TestResponse, status: int, code: str, path: str | None = None) -> None:
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert (answer.json["code"], answer.json["path"], answer.json["status"]) == (code, path, status)
