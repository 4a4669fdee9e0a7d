"""Child processes that never outlive their parent's block."""

from __future__ import annotations

import os
import signal
import socket
import subprocess  # nosec B404  # programs are started by name, with lists
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event

import click

END_WITHIN_S = 35
READY_WITHIN_S = 60
POLL_S = 0.1


class Child:
    """`turnup <arguments>` in a process group of its own, its output in `log`."""

    def __init__(self, name: str, arguments: list[str], environ: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # nosec B603  # a list of our own, no shell
                [sys.executable, "-m", "app.cli", *arguments],
                env=dict(environ),
                cwd=Path(__file__).parent.parent.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Until it holds; the log's end is shown if the child dies first or takes too long."""
        pause = Event()
        for _ in range(int(READY_WITHIN_S / POLL_S)):
            if ready():
                return
            if self._process.poll() is not None:
                break
            pause.wait(POLL_S)
        raise click.ClickException(f"The {self.name} did not start. Its log ends with:\n{self.last_lines()}")

    def last_lines(self, count: int = 20) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])

    def end(self) -> None:
        """SIGTERM, and SIGKILL to whatever of its group is left."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                click.echo(f"The {self.name} does not end and is killed.", err=True)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def children() -> Iterator[list[Child]]:
    """Every child that is added to the list is ended with the block, the last one first."""
    started: list[Child] = []
    try:
        yield started
    finally:
        for child in reversed(started):
            child.end()


def free_port(wanted: int) -> int:
    """The wanted port, or any other if that one is taken."""
    for port in (wanted, 0):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise click.ClickException("No port is free on 127.0.0.1.")
