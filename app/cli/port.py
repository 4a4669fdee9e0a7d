"""Probes and figures on a port of their own, for a process that shares its port with others or serves nothing else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from app.core.errors import Conflict


class PortInUse(Conflict):
    """Another program listens where this process was to."""


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """A scrape every few seconds is no news."""


def check_port(host: str, port: int) -> None:
    """Raises PortInUse. The server shares its port with whoever else asks to share it, so it would not notice."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUse(
                f"Nothing can listen at {host}:{port}: {error.strerror}. "
                "Stop the program that does, or set TURNUP_PORT or TURNUP_HOST.",
            ) from error


@contextmanager
def watched(app: Flask, host: str, port: int | None, processes: int = 1) -> Iterator[None]:
    """Serves the application meanwhile, a few callers at a time; without a port, nothing.

    Of several `processes` that are given the same port each takes the next that is free. Raises PortInUse.
    """
    if port is None:
        yield
        return
    with _listen(host, range(port, port + processes)) as listening:
        server = make_server(
            host, listening.getsockname()[1], app, threaded=True, request_handler=_Quiet, fd=listening.fileno()
        )
        server.daemon_threads = True  # type: ignore[attr-defined]  # of socketserver's mix-in: no scrape delays the end
        thread = threading.Thread(target=server.serve_forever, name="turnup-watch-port", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _listen(host: str, ports: range) -> socket.socket:
    """Listening on the first that is free."""
    for port in ports:
        try:
            return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        except OSError:
            continue
    raise PortInUse(
        f"Nothing can listen at {host}:{ports[0]}{f' to {ports[-1]}' if len(ports) > 1 else ''}. "
        "Stop the program that does, or set another TURNUP_METRICS_PORT."
    )
