"""The diagrams, decision models and forms that a trial needs: what is tried, and all that it calls or shows."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from app.core.errors import NotFound
from app.engine import queries
from app.engine.decisions import Accepted, accept
from app.engine.definitions import UnknownProcess, examine
from app.engine.diagram import Binding, Diagram, DiagramRefused, FormLink
from app.engine.form_versions import AcceptedForm
from app.engine.form_versions import accept as accept_form
from app.engine.form_versions import find as find_form
from app.handling.registry import Registry

MOST_FORMS = 500  # where a task computes which it is shown with


class Library(Protocol):
    """Where what a diagram calls is found."""

    def process(self, process_id: str) -> bytes | None: ...

    def decision(self, decision_id: str) -> bytes | None: ...

    def form(self, form_id: str, version_tag: str | None) -> bytes | None: ...

    def processes(self) -> Iterable[str]:
        """The ids of all that there are: a called process may be computed."""
        ...

    def forms(self) -> Iterable[str]:
        """As `processes`."""
        ...


@dataclass(frozen=True)
class Needed:
    """Diagrams, what is tried first; each has been checked."""

    diagrams: tuple[Diagram, ...]
    decisions: tuple[Accepted, ...]
    forms: tuple[AcceptedForm, ...] = ()

    @property
    def tried(self) -> Diagram:
        return self.diagrams[0]

    def diagram(self, process_id: str) -> Diagram | None:
        return next((each for each in self.diagrams if each.process_id == process_id), None)


def gather(document: bytes, library: Library, registry: Registry) -> Needed:
    """What a document needs, as far as the library has it: what it has not falls out when it is called.

    DiagramRefused for what could not be deployed.
    """
    found: dict[str, Diagram] = {}
    decided: dict[str, bytes] = {}
    shown: dict[tuple[str, str | None], bytes] = {}
    ahead = [_checked(document, registry)]
    while ahead:
        diagram = ahead.pop(0)
        if diagram.process_id in found:
            continue
        found[diagram.process_id] = diagram
        for decision_id in _decisions_of(diagram):
            model = library.decision(decision_id)
            if model is not None:
                decided.setdefault(decision_id, model)
        for form_id, tag in _forms_of(diagram, library):
            form = library.form(form_id, tag)
            if form is not None:
                shown.setdefault((form_id, tag), form)
        called = [library.process(process_id) for process_id in _calls_of(diagram, library) if process_id not in found]
        ahead += [_checked(each, registry) for each in called if each is not None]
    models = {model: accept(model) for model in decided.values()}
    # The latest without a tag comes last: it is the latest in the store of the trial too
    forms = [accept_form(shown[each]) for each in sorted(shown, key=lambda each: each[1] is None)]
    return Needed(tuple(found.values()), tuple(models.values()), tuple(forms))


def gathered(documents: Sequence[str], models: Sequence[str], forms: Sequence[str], registry: Registry) -> Needed:
    """What was gathered before, once more."""
    diagrams = tuple(_checked(each.encode(), registry) for each in documents)
    decisions = tuple(accept(each.encode()) for each in models)
    return Needed(diagrams, decisions, tuple(accept_form(each.encode()) for each in forms))


def _checked(document: bytes, registry: Registry) -> Diagram:
    diagram, findings = examine(document, registry)
    if diagram is None:
        raise DiagramRefused(findings)
    return diagram


def _calls_of(diagram: Diagram, library: Library) -> Iterator[str]:
    for element in diagram.elements.values():
        if element.call is not None and element.call.process.strip().startswith("="):
            yield from library.processes()
        elif element.call is not None:
            yield element.call.process.strip()


def _decisions_of(diagram: Diagram) -> Iterator[str]:
    yield from (element.decision[0] for element in diagram.elements.values() if element.decision is not None)


def _forms_of(diagram: Diagram, library: Library) -> Iterator[tuple[str, str | None]]:
    for element in diagram.elements.values():
        if (link := element.linked_form) is not None:
            tag = link.version_tag if link.binding == "versionTag" else None
            computed = link.form_id.startswith("=")
            yield from ((each, tag) for each in (library.forms() if computed else [link.form_id]))


class Deployed:
    """The latest versions of what is deployed, as a snapshot has it; with `reach`, only of these processes."""

    def __init__(self, connection: sa.Connection, reach: Container[str] | None = None) -> None:
        self._connection = connection
        self._reach = reach

    def process(self, process_id: str) -> bytes | None:
        if self._reach is not None and process_id not in self._reach:
            return None
        try:
            found = queries.get_definition(self._connection, process_id)
        except UnknownProcess:
            return None
        return queries.definition_document(self._connection, found.id)

    def decision(self, decision_id: str) -> bytes | None:
        try:
            found = queries.get_decision(self._connection, decision_id)
        except NotFound:
            return None
        return queries.decision_document(self._connection, found.model_row_id)

    def form(self, form_id: str, version_tag: str | None) -> bytes | None:
        found = find_form(self._connection, form_id, FormLink(form_id, _binding(version_tag), version_tag), "")
        return None if found is None else queries.form_document(self._connection, found)

    def processes(self) -> Iterable[str]:
        return [view.process_id for view in queries.list_definitions(self._connection)]

    def forms(self) -> Iterable[str]:
        return [view.form_id for view in queries.list_forms(self._connection, limit=MOST_FORMS, offset=0).items]


def _binding(version_tag: str | None) -> Binding:
    return "latest" if version_tag is None else "versionTag"


class Folder:
    """The files under a folder: a diagram is found by its name, a decision in whichever model has it."""

    def __init__(self, root: Path) -> None:
        self._diagrams = {file.stem: file for file in sorted(root.rglob("*.bpmn"))}
        self._models = sorted(root.rglob("*.dmn"))
        self._decisions: dict[str, bytes] | None = None
        self._form_files = sorted(root.rglob("*.form"))
        self._forms: dict[str, AcceptedForm] | None = None

    def process(self, process_id: str) -> bytes | None:
        file = self._diagrams.get(process_id)
        return None if file is None else file.read_bytes()

    def decision(self, decision_id: str) -> bytes | None:
        if self._decisions is None:
            accepted = [accept(file.read_bytes()) for file in self._models]
            self._decisions = {one: each.document for each in accepted for one in each.model.decisions}
        return self._decisions.get(decision_id)

    def processes(self) -> Iterable[str]:
        return list(self._diagrams)

    def form(self, form_id: str, version_tag: str | None) -> bytes | None:
        found = self._read_forms().get(form_id)
        return None if found is None or version_tag not in (None, found.version_tag) else found.document

    def forms(self) -> Iterable[str]:
        return list(self._read_forms())

    def _read_forms(self) -> dict[str, AcceptedForm]:
        if self._forms is None:
            accepted = [accept_form(file.read_bytes()) for file in self._form_files]
            self._forms = {each.form_id: each for each in accepted}
        return self._forms
