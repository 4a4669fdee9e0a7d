"""What the HTTP client makes of every kind of answer."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.handling import Refused, SystemFailed, SystemSilent, UnexpectedAnswer, Work
from app.handling.faults import BadParameter
from handlers.clients.http import ANSWER_LIMIT_BYTES, call, close_clients, segment
from tests.factories.labs import RunningLab, serving
from tests.factories.works import a_work

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def answering(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
    """`/<status>` answers that status with the request's own body; `/key` answers with the key it came with, `/bomb` with more than it weighs."""
    if environ["PATH_INFO"] == "/key":
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"key": environ.get("HTTP_IDEMPOTENCY_KEY")}).encode()]
    if environ["PATH_INFO"] == "/bomb":
        start("200 OK", [("Content-Type", "application/json"), ("Content-Encoding", "gzip")])
        return [gzip.compress(b" " * (ANSWER_LIMIT_BYTES + 1))]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start(f"{environ['PATH_INFO'][1:]} X", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def url() -> Iterator[str]:
    with serving(answering) as base_url:
        yield base_url
    close_clients()


def asks(base_url: str, **changes: Any) -> Work:
    """The address is one that the installation is configured with."""
    return a_work(settings={"system_url": base_url}, **changes)


def test_the_steps_key_travels_as_idempotency_key(url: str) -> None:
    assert call(asks(url, key="i-7:/order#1|a#1"), url, "GET", "/key") == {"key": "i-7:/order#1|a#1"}


def test_a_success_is_its_json(url: str) -> None:
    assert call(asks(url), url, "POST", "/201", body={"a": [1]}) == {"a": [1]}


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_4xx_with_a_code_is_a_refusal(url: str, status: int) -> None:
    answer = call(asks(url), url, "POST", f"/{status}", body={"code": "port_taken", "message": "by another"})
    assert answer == Refused("port_taken", "by another")


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (500, {"message": "oops"}, SystemFailed),
        (503, {"code": "down"}, SystemFailed),
        (504, {"message": "lost"}, SystemSilent),
        (408, {"code": "slow"}, SystemFailed),
        (429, {"code": "many"}, SystemFailed),
        (404, {"detail": "no code"}, UnexpectedAnswer),
        (401, None, UnexpectedAnswer),
        (302, {"code": "moved"}, UnexpectedAnswer),
        (200, ["a list"], UnexpectedAnswer),
        (204, None, UnexpectedAnswer),
    ],
)
def test_every_other_answer_is_a_fault_of_its_kind(url: str, status: int, body: Any, fault: type[Exception]) -> None:
    with pytest.raises(fault, match=f"answered {status}") as caught:
        call(asks(url), url, "POST", f"/{status}", body=body)
    assert type(caught.value) is fault


def test_nothing_listening_is_silence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SystemSilent, match="could not be reached"):
        call(asks(f"http://127.0.0.1:{port}"), f"http://127.0.0.1:{port}", "GET", "/")
    close_clients()


def test_a_system_that_takes_the_call_and_says_nothing_is_given_up_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        work = asks(url, deadline=datetime.now(UTC) + timedelta(seconds=0.2))
        with pytest.raises(SystemSilent, match=r"gave no answer within 0\.\d s"):
            call(work, url, "GET", "/")
    close_clients()


def test_past_its_deadline_a_call_is_not_even_sent(lab: RunningLab) -> None:
    with pytest.raises(SystemSilent, match="was not sent"):
        call(a_work(deadline=datetime.now(UTC)), lab.url, "POST", "/acs/pushes", body={})
    assert lab.calls() == []


def test_an_answer_that_unpacks_to_more_than_the_limit_is_given_up(url: str) -> None:
    with pytest.raises(UnexpectedAnswer, match="more than 10,000,000 bytes"):
        call(asks(url), url, "GET", "/bomb")


def test_a_system_that_answers_drop_by_drop_is_given_up_at_the_deadline() -> None:
    def dripping(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "application/json")])
        while not over.wait(0.02):
            yield b" "

    over = threading.Event()
    with serving(dripping) as base_url:
        try:
            with pytest.raises(SystemSilent, match="still answering"):
                call(asks(base_url, deadline=datetime.now(UTC) + timedelta(seconds=0.3)), base_url, "GET", "/")
        finally:
            over.set()
            close_clients()


@pytest.mark.parametrize("value", ["a/b", "../x", "?a=b", "#", "a b", "%2e", "\r\nX: y"])
def test_a_value_in_a_path_stays_one_part_of_it(value: str) -> None:
    assert not set(segment(value)) & set("/?# \r\n")


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_value_that_would_lead_to_another_path_is_refused(value: str) -> None:
    with pytest.raises(BadParameter, match="Correct the input"):
        segment(value)
