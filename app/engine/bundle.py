"""Several files that are checked together and deployed all or none: what a pipeline brings from a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

from app.core.clock import Clock, FixedClock
from app.core.db import Transaction
from app.core.errors import Unprocessable
from app.decisions.dmn import DmnRefused
from app.decisions.dmn import Finding as DmnFinding
from app.decisions.dmn.asked import asked_by
from app.engine import decisions, definitions, form_versions, triggers
from app.engine.diagram import Diagram, DiagramRefused, DiagramTooLarge, Finding
from app.engine.lint.house import House, Offer, offer_of
from app.handling.registry import Registry

FileKind = Literal["process", "decisions", "form"]
ENDINGS: Mapping[str, FileKind] = {".bpmn": "process", ".dmn": "decisions", ".form": "form"}
Findings = Sequence[Finding | DmnFinding]


@dataclass(frozen=True)
class File:
    """As it was sent; the name's ending says what it is."""

    name: str
    document: bytes

    @property
    def kind(self) -> FileKind:
        return next((kind for ending, kind in ENDINGS.items() if self.name.lower().endswith(ending)), "process")


@dataclass(frozen=True)
class Examined:
    """A file with everything that is wrong with it; `content` is None when an error is among it."""

    file: File
    findings: Findings
    content: Diagram | decisions.Accepted | form_versions.AcceptedForm | None


@dataclass(frozen=True)
class DeployedFile:
    """What came of one file; `created` is False when the latest version already said the same."""

    file: str
    kind: FileKind
    id: str
    version: int
    created: bool
    findings: Findings


class FilesRefused(Unprocessable):
    """At least one of the files cannot be deployed, so none of them was."""

    def __init__(self, examined: Sequence[Examined]) -> None:
        self.examined = tuple(examined)
        told = [(each.file.name, one) for each in examined for one in each.findings if one.severity == "error"]
        name, first = told[0]
        more = f" ({len(told) - 1} more)" if len(told) > 1 else ""
        place = f"{name}:{first.element_id}" if first.element_id else name
        message = f"None of the files was deployed. {place}: {first.message} {first.remedy}{more}"
        super().__init__(message, findings=[one.code for _, one in told])


def examine(files: Sequence[File], registry: Registry, house: House) -> list[Examined]:
    """In their order. What one file brings counts as there for the others."""
    others = {file: _EXAMINERS[file.kind](file) for file in files if file.kind in _EXAMINERS}
    offers = [_offer_of_other(each) for each in others.values()]
    offers += [_offer_of_diagram(file, registry) for file in files if file not in others]
    together = house.joined(offers)
    return [others.get(file) or _examine_diagram(file, registry, together) for file in files]


def _offer_of_diagram(file: File, registry: Registry) -> Offer:
    try:
        diagram = definitions.read(file.document)
    except (DiagramRefused, DiagramTooLarge):
        return Offer()
    return offer_of(diagram, registry.get)


def _offer_of_other(other: Examined) -> Offer:
    accepted = other.content
    if isinstance(accepted, form_versions.AcceptedForm):
        return Offer(forms=frozenset({accepted.form_id}))
    if not isinstance(accepted, decisions.Accepted):
        return Offer()
    ids = frozenset(accepted.model.decisions)
    return Offer(decisions=ids, asked={each: cache(partial(asked_by, accepted.model, each)) for each in ids})


def _examine_model(file: File) -> Examined:
    try:
        model, findings = decisions.examine(file.document)
    except DmnRefused as refused:
        return Examined(file, refused.findings, None)
    accepted = decisions.Accepted(file.document, model, findings)
    return Examined(file, findings, None if _has_errors(findings) else accepted)


def _examine_form(file: File) -> Examined:
    accepted, findings = form_versions.examine(file.document)
    return Examined(file, findings, accepted)


_EXAMINERS: Mapping[FileKind, Callable[[File], Examined]] = {"decisions": _examine_model, "form": _examine_form}


def _examine_diagram(file: File, registry: Registry, house: House) -> Examined:
    try:
        diagram, findings = definitions.examine(file.document, registry, file.name, house)
    except (DiagramRefused, DiagramTooLarge) as refused:
        return Examined(file, refused.findings, None)
    return Examined(file, findings, diagram)


def _has_errors(findings: Findings) -> bool:
    return any(finding.severity == "error" for finding in findings)


def accept(examined: Sequence[Examined]) -> Sequence[Examined]:
    """The same, if all of them may be deployed; FilesRefused."""
    if any(each.content is None for each in examined):
        raise FilesRefused(examined)
    return examined


def deploy(
    tx: Transaction, accepted: Sequence[Examined], clock: Clock, by: str | None, reason: str | None
) -> list[DeployedFile]:
    """Store them, decisions and forms before the diagrams that name them, all of one instant: those that call one
    another belong together."""
    one_instant = FixedClock(clock.now())
    # By name, as each locks the versions of its process or form: two deployments must not wait in a circle.
    in_order = sorted(accepted, key=lambda each: (_ORDER.index(each.file.kind), _id_of(each)))
    return [_deploy(tx, each, one_instant, by, reason) for each in in_order]


_ORDER: Sequence[FileKind] = ("decisions", "form", "process")


def _id_of(each: Examined) -> str:
    if isinstance(each.content, form_versions.AcceptedForm):
        return each.content.form_id
    return each.content.process_id if isinstance(each.content, Diagram) else each.file.name


def _deploy(tx: Transaction, each: Examined, clock: Clock, by: str | None, reason: str | None) -> DeployedFile:
    name, content = each.file.name, each.content
    if isinstance(content, decisions.Accepted):
        model = decisions.deploy(tx, content, clock)
        return DeployedFile(name, "decisions", model.model_id, model.version, model.created, each.findings)
    if isinstance(content, form_versions.AcceptedForm):
        form = form_versions.deploy(tx, content, clock, by, reason)
        return DeployedFile(name, "form", form.form_id, form.version, form.created, each.findings)
    if content is None:
        raise FilesRefused([each])
    made = definitions.deploy(tx, content, [], clock, by, reason)
    if made.created:
        triggers.replace(tx, content, made.definition_id, clock)
    return DeployedFile(
        name, "process", made.process_id, made.version, made.created, [*each.findings, *made.findings]
    )
