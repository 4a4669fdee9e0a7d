"""Which version of a process a call activity calls."""

from typing import Protocol

import sqlalchemy as sa

from app.core.db import Prepared
from app.engine.diagram import Binding
from app.engine.spiff.build import Program
from app.engine.tables import process_definition


class ProgramSource(Protocol):
    """Who knows the specs of a definition."""

    def program(self, connection: sa.Connection, definition_id: str) -> Program: ...


_table = process_definition.c
_IDS = (
    sa.select(_table.id)
    .where(_table.process_id == sa.bindparam("process_id_"), _table.withdrawn_at.is_(None))
    .limit(sa.literal_column("1"))
)
_NEWEST = _IDS.order_by(_table.version.desc())
_CALLER = process_definition.alias("caller")
_DEPLOYED = sa.select(_CALLER.c.deployed_at).where(_CALLER.c.id == sa.bindparam("caller_")).scalar_subquery()
_FIND: dict[Binding, tuple[Prepared, ...]] = {  # the first that finds anything
    "latest": (Prepared(_NEWEST),),
    "deployment": (
        Prepared(_NEWEST.where(_table.deployed_at <= _DEPLOYED)),
        Prepared(_IDS.order_by(_table.version)),
    ),
    "versionTag": (Prepared(_NEWEST.where(_table.version_tag == sa.bindparam("version_tag_"))),),
}


class Callees:
    """Looks for callees within one transaction, for each process once; what is withdrawn is called no more."""

    def __init__(self, programs: ProgramSource, connection: sa.Connection) -> None:
        self._programs = programs
        self._connection = connection
        self._found: dict[tuple[str, Binding, str | None, str], str | None] = {}

    def program(self, definition_id: str) -> Program:
        """What was found before."""
        return self._programs.program(self._connection, definition_id)

    def find(self, process_id: str, binding: Binding, version_tag: str | None, caller: str) -> Program | None:
        """The version that the definition `caller` calls now; None if there is none.

        `deployment` is the newest that was deployed no later than the caller, or else the oldest.
        """
        key = (process_id, binding, version_tag, caller)
        if key not in self._found:
            asked = {"process_id_": process_id, "version_tag_": version_tag, "caller_": caller}
            ids = (row[0] for query in _FIND[binding] for row in query.rows(self._connection, asked))
            self._found[key] = next(ids, None)
        definition_id = self._found[key]
        return None if definition_id is None else self.program(definition_id)
