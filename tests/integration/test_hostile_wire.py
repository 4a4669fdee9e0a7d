"""What no client library sends, written to the real server's port byte by byte."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator

import psutil
import pytest

from tests.factories.servers import TOKEN, Server

GROWN_LIMIT_BYTES = 60_000_000
START = b"POST /api/v1/process-instances HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("wire")) as running:
        yield running


def start(server: Server) -> bytes:
    return START % TOKEN.encode()


def said(server: Server, *parts: bytes) -> bytes:
    """The answer's beginning; nothing, where the connection is closed without one."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered already, and reads no further
        try:
            return connection.recv(65_536)
        except ConnectionResetError:
            return b""


def grown(server: Server) -> int:
    return sum(each.memory_info().rss for each in [psutil.Process(server.pid), *psutil.Process(server.pid).children(True)])


def assert_refused(server: Server, answer: bytes, *statuses: int) -> None:
    assert not answer or int(answer.split()[1]) in statuses, answer[:300]
    assert server.is_ready()


@pytest.mark.parametrize(
    ("name", "value"),
    [(b"X-Request-Id", b"a\r\nSet-Cookie: x=1"), (b"X-Request-Id", b"a\x00b"), (b"X-Request-Id", b"\xff\xfe"), (b"Host", b"evil.example/\x00")],
)
def test_what_a_header_carries_comes_back_as_no_other_header(server: Server, name: bytes, value: bytes) -> None:
    host = b"" if name == b"Host" else b"Host: a\r\n"
    answer = said(server, b"GET /healthz HTTP/1.1\r\n" + host + name + b": " + value + b"\r\nConnection: close\r\n\r\n")
    assert b"set-cookie" not in answer.lower()
    assert b"evil" not in answer
    assert_refused(server, answer, 200, 400)


@pytest.mark.parametrize("path", [b"/healthz\x00", b"/%00", b"/%ff%fe", b"/" + b"a" * 200_000, b"/..%2f..%2fetc/passwd", b"/static/../../setup.cfg", b"/static/%2e%2e/%2e%2e/setup.cfg"])
def test_an_odd_path_leads_nowhere(server: Server, path: bytes) -> None:
    answer = said(server, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nConnection: close\r\n\r\n")
    assert b"root:" not in answer
    assert b"[metadata]" not in answer
    assert_refused(server, answer, 302, 303, 400, 401, 404, 414, 431)


def test_a_thousand_headers_and_a_huge_one_are_refused(server: Server) -> None:
    many = b"".join(b"X-%d: a\r\n" % number for number in range(5000))
    for headers in (many, b"X-Long: " + b"a" * 2_000_000 + b"\r\n"):
        answer = said(server, b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n")
        assert_refused(server, answer, 400, 413, 431)


def test_ten_megabytes_without_a_length_are_refused_and_not_kept(server: Server) -> None:
    before = grown(server)
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    answer = said(server, start(server) + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 160, b"0\r\n\r\n")
    assert_refused(server, answer, 413)
    assert grown(server) - before < GROWN_LIMIT_BYTES


def test_a_bomb_is_not_unpacked(server: Server) -> None:
    before = grown(server)
    body = gzip.compress(b" " * 200_000_000)
    answer = said(server, start(server) + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body), body)
    assert_refused(server, answer, 415)
    assert grown(server) - before < GROWN_LIMIT_BYTES


@pytest.mark.parametrize("length", [b"-1", b"1e9", b"99999999999999999999", b"5, 6", b"5\r\nTransfer-Encoding: chunked"])
def test_a_length_that_is_none_or_two_is_refused(server: Server, length: bytes) -> None:
    answer = said(server, start(server) + b"Content-Length: " + length + b"\r\n\r\n0\r\n\r\n")
    assert_refused(server, answer, 400, 413)
