"""A laboratory, or any other WSGI app, served over HTTP for one test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from ssl import SSLContext
from typing import Any

import httpx
from werkzeug.serving import WSGIRequestHandler, make_server

from app.core.clock import Clock, SystemClock
from app.handling import Done, Refused, Waiting
from app.handling.registry import Registry
from app.lab.settings import LabSettings
from app.lab.web import Lab
from tests.factories import wires
from tests.factories.works import a_work


class Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing: hundreds of lines would bury what a failed test shows."""


@contextmanager
def serving(app: Any, port: int = 0, ssl_context: SSLContext | None = None) -> Iterator[str]:
    """The base URL of a WSGI app on a port of loopback, a free one unless told."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Quiet, ssl_context=ssl_context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@cache
def house_handlers() -> Registry:
    """Those of `handlers/`, looked at once: nobody changes them."""
    return Registry.scan("handlers", "none")


@dataclass(frozen=True)
class RunningLab:
    url: str
    client: httpx.Client
    registry: Registry

    def fault(self, kind: str, match: dict[str, str] | None = None, **more: Any) -> int:
        answer = self.client.post("/lab/faults", json={"kind": kind, "match": match or {}, **more})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def lift(self) -> None:
        self.client.delete("/lab/faults").raise_for_status()

    def calls(self, **wanted: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/lab/calls", params=wanted).json()
        return found

    def effects(self, **wanted: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/lab/effects", params=wanted).json()
        return found

    def summary(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = self.client.get("/lab/summary").json()
        return found

    def run(self, type_: str, inputs: dict[str, Any], **work: Any) -> Done | Waiting | Refused:
        """One attempt of a handler at this lab, as a worker makes it."""
        handler = self.registry.get(type_)
        assert handler is not None
        return handler.call(a_work(settings={"lab_url": self.url}, **work), handler.bind(inputs))


@contextmanager
def a_lab(folder: Path, clock: Clock | None = None, **settings: Any) -> Iterator[RunningLab]:
    lab = Lab(LabSettings(folder / "lab.sqlite", **settings), clock or SystemClock())
    try:
        with serving(lab.app) as url, wires.Client(base_url=url) as client:
            yield RunningLab(url, client, house_handlers())
    finally:
        lab.close()
