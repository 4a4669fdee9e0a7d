"""Diagrams as they are deployed: checked, numbered, kept as they came, and built once per process."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from app.core.clock import Clock
from app.core.db import Prepared, Transaction
from app.core.errors import Conflict, NotFound
from app.core.ids import new_id
from app.engine.diagram import Diagram, DiagramRefused, Finding
from app.engine.kept import Kept
from app.engine.lint.house import House
from app.engine.locks import lock
from app.engine.spiff.build import Program, build
from app.engine.spiff.dialect import check
from app.engine.spiff.dialect.read import read_diagram
from app.engine.spiff.xml import digest, read_xml
from app.engine.tables import process_definition
from app.handling.registry import Registry


class UnknownProcess(NotFound):
    """No process with that id, or not in that version, is deployed."""


class VersionWithdrawn(Conflict):
    """Nothing new starts on the version, or on any version of the process, until somebody puts it back."""


@dataclass(frozen=True)
class Deployment:
    """`created` is False when the latest version already has this content."""

    definition_id: str
    process_id: str
    version: int
    name: str
    created: bool
    findings: list[Finding]


@dataclass(frozen=True)
class Definition:
    """One version of a process; `variables_schema` is what its author declared, if anything.

    `none_start` is the start event without a trigger; without one, only events start it.
    """

    id: str
    version: int
    none_start: str | None
    variables_schema: dict[str, Any] | None


_VERSION = sa.bindparam("version_", type_=sa.Integer)  # below 0: the latest
_NAMES = ("id", "version", "none_start", "variables_schema", "withdrawn_at")
_OF_PROCESS = (
    sa.select(*(process_definition.c[name] for name in _NAMES))
    .where(process_definition.c.process_id == sa.bindparam("process_id_"))
    .order_by(process_definition.c.version.desc())
    .limit(sa.literal_column("1"))
)
_FIND = Prepared(
    _OF_PROCESS.where(sa.or_(sa.literal_column("0") > _VERSION, process_definition.c.version == _VERSION))
)
_IN_USE = Prepared(_OF_PROCESS.where(process_definition.c.withdrawn_at.is_(None)))


def examine(
    document: bytes, registry: Registry, file_name: str | None = None, house: House | None = None
) -> tuple[Diagram | None, list[Finding]]:
    """Everything wrong with a diagram; the diagram is None when there is an error among it.

    Without a `house`, what a diagram needs of others is not looked at.
    """
    diagram, _, findings = check(document, registry.get, registry.types(), house)
    if diagram is not None and file_name is not None and file_name.removesuffix(".bpmn") != diagram.process_id:
        findings.append(_misnamed(file_name, diagram))
    return diagram, findings


def _misnamed(file_name: str, diagram: Diagram) -> Finding:
    return Finding(
        "warning",
        diagram.process_id,
        "file_name_differs",
        f"The file is called '{file_name}', the process in it '{diagram.process_id}'.",
        f"Call the file '{diagram.process_id}.bpmn', so that people find it.",
        None,
    )


def _withdrawn(diagram: Diagram, version: int) -> Finding:
    return Finding(
        "warning",
        diagram.process_id,
        "withdrawn",
        f"Version {version} says the same and is withdrawn: nothing starts on it.",
        "Put it back, or change the diagram.",
        None,
    )


def deploy(
    tx: Transaction,
    diagram: Diagram,
    findings: list[Finding],
    clock: Clock,
    by: str | None = None,
    reason: str | None = None,
) -> Deployment:
    """Store a diagram as the next version of its process, unless the latest one is the same."""
    table = process_definition.c
    lock(tx, "versions", diagram.process_id)
    latest = tx.connection.execute(
        sa.select(table.id, table.version, table.name, table.digest, table.withdrawn_at)
        .where(table.process_id == diagram.process_id)
        .order_by(table.version.desc())
        .limit(1)
    ).first()
    if latest is not None and latest.digest == diagram.digest:
        if latest.withdrawn_at is not None:
            findings = [*findings, _withdrawn(diagram, latest.version)]
        return Deployment(latest.id, diagram.process_id, latest.version, latest.name, False, findings)
    definition_id, version = new_id(), 1 if latest is None else latest.version + 1
    tx.connection.execute(
        sa.insert(process_definition).values(
            id=definition_id,
            process_id=diagram.process_id,
            version=version,
            name=diagram.name,
            digest=diagram.digest,
            version_tag=diagram.version_tag,
            document=diagram.document,
            variables_schema=diagram.variables_schema,
            none_start=diagram.none_start,
            deployed_at=clock.now(),
            deployed_by=by,
            reason=reason,
        )
    )
    return Deployment(definition_id, diagram.process_id, version, diagram.name, True, findings)


def find(connection: sa.Connection, process_id: str, version: int | None = None) -> Definition:
    """A version, the latest if none is given; UnknownProcess."""
    rows = _FIND.rows(connection, {"process_id_": process_id, "version_": -1 if version is None else version})
    if not rows:
        table = process_definition.c
        wanted = f"version {version} of process '{process_id}'" if version is not None else f"a process '{process_id}'"
        known = [r[0] for r in connection.execute(sa.select(table.process_id).distinct().limit(20))]
        raise UnknownProcess(
            f"There is no {wanted}. Deployed are: {', '.join(sorted(known)) or 'none yet'}.",
            path="$.version" if version is not None else "$.processId",
        )
    return _definition(rows[0])


def find_in_use(connection: sa.Connection, process_id: str, version: int | None = None) -> Definition:
    """The version that something new starts on, the newest unless one is given; UnknownProcess, VersionWithdrawn."""
    if version is None:
        rows = _IN_USE.rows(connection, {"process_id_": process_id})
    else:
        rows = _FIND.rows(connection, {"process_id_": process_id, "version_": version})
    if rows and rows[0][4] is None:
        return _definition(rows[0])
    find(connection, process_id, version)
    if version is None:
        message = f"Every version of process '{process_id}' is withdrawn. Put one back, or deploy another."
        raise VersionWithdrawn(message, path="$.processId")
    message = f"Version {version} of process '{process_id}' is withdrawn. Start another, or put it back."
    raise VersionWithdrawn(message, path="$.version")


def _definition(row: Sequence[Any]) -> Definition:
    definition_id, version, none_start, schema, _ = row
    return Definition(definition_id, version, none_start, None if schema is None else orjson.loads(schema))


class Programs:
    """Built specs by definition id, kept for this process; safe to use from many threads."""

    def __init__(self, size: int = 256) -> None:
        self._kept: Kept[Program] = Kept(size)

    def program(self, connection: sa.Connection, definition_id: str) -> Program:
        """The specs of a definition; built from its document the first time."""
        return self._kept.get(definition_id, lambda: _build(connection, definition_id))


def read(document: bytes) -> Diagram:
    """The diagram of a document, whatever else is wrong with it; DiagramRefused when it holds none."""
    root = read_xml(document)
    diagram, findings = read_diagram(root, document, digest(root))
    if diagram is None:
        raise DiagramRefused(findings)
    return diagram


def _build(connection: sa.Connection, definition_id: str) -> Program:
    table = process_definition.c
    row = connection.execute(
        sa.select(table.document, table.digest, table.version).where(table.id == definition_id)
    ).one()
    diagram, findings = read_diagram(read_xml(row.document), row.document, row.digest)
    if diagram is None:
        raise DiagramRefused(findings)
    return build(diagram, definition_id, row.version)
