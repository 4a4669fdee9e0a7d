"""A flow of a test's own, tried out in a store that is thrown away with the test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from app.handling import Backoff, Done, Refused, Waiting, Work, handles
from app.handling.registry import Registry
from app.trial.answering import Answering, Stubs, Written
from app.trial.answers import Answer
from app.trial.documents import gather
from app.trial.scratch import Stores, open_scratch
from app.trial.trial import Trial
from tests.factories.diagrams import Diagram

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
STORES = Stores()


class Never(Exception):
    """A trial has called a handler."""


@handles("net.activate", retry=Backoff(first_s=60, factor=1, tries=2))
def activate(work: Work, serial: str, speed_mbps: int = 100) -> Done | Refused | Waiting:
    """Puts a line in service.

    Outputs  ont_id (str)
             level_dbm (float): what the node measures
             ports (list[str])
             tries (int | None)
             mode (Literal["bridge", "router"])
    Raises   Refused("port_taken") if another has the port
    """
    raise Never


@activate.undo
def deactivate(work: Work, serial: str) -> Done:
    raise Never


@handles("net.quiet")
def quiet(work: Work) -> Done:
    """Has no outputs."""
    raise Never


REGISTRY = Registry([activate, quiet])


class Shelf:
    """A library of diagrams, by their process ids, and of forms."""

    def __init__(self, *diagrams: Diagram, forms: Mapping[str, bytes] | None = None) -> None:
        self._documents = {each.process_id: each.xml() for each in diagrams}
        self._forms = dict(forms or {})

    def process(self, process_id: str) -> bytes | None:
        return self._documents.get(process_id)

    def decision(self, decision_id: str) -> bytes | None:
        return None

    def form(self, form_id: str, version_tag: str | None) -> bytes | None:
        return self._forms.get(form_id)

    def processes(self) -> list[str]:
        return list(self._documents)

    def forms(self) -> list[str]:
        return list(self._forms)


@contextmanager
def trying(
    diagram: Diagram, *called: Diagram, answering: Answering | None = None, results: Mapping[str, Any] | None = None
) -> Iterator[Trial]:
    """`results` are answers by place; what they do not name is made up."""
    needed = gather(diagram.xml(), Shelf(*called), REGISTRY)
    written = {place: [given] if isinstance(given, Answer) else given for place, given in (results or {}).items()}
    trial = Trial(open_scratch(needed, REGISTRY, NOON, STORES), answering or Written(written, Stubs()))
    try:
        yield trial
    finally:
        trial.close()
