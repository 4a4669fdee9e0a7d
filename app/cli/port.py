"""Probes and figures on a port of their own, for a process that serves nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from app.cli.serve import check_port


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """A scrape every few seconds is no news."""


@contextmanager
def watched(app: Flask, host: str, port: int | None) -> Iterator[None]:
    """Serves the application meanwhile, a few callers at a time; without a port, nothing. Raises PortInUse."""
    if port is None:
        yield
        return
    check_port(host, port)
    server = make_server(host, port, app, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]  # of socketserver's mix-in: no scrape delays the end
    thread = threading.Thread(target=server.serve_forever, name="turnup-watch-port", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
