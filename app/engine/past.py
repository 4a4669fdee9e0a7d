"""What an instance has done and could take back; read only when it is asked for."""

import sqlalchemy as sa

from app.core.types import to_microseconds
from app.engine.spiff.compensation import Past
from app.engine.spiff.index import COMPLETED
from app.engine.tables import token

_COLUMNS = "number inside call ended_at state element_id step_key undo".split()


def read_past(connection: sa.Connection, instance_id: str) -> list[Past]:
    """Finished tokens that hold what takes them back, and the finished ones around those, however far out."""
    finished = sa.select(*(token.c[name] for name in _COLUMNS)).where(
        token.c.instance_id == instance_id, token.c.open == 0
    )
    rows = list(connection.execute(finished.where(token.c.undo.is_not(None))))
    known = {0, *(row.number for row in rows)}
    while around := {row.inside for row in rows} - known:
        rows += connection.execute(finished.where(token.c.number.in_(around)))
        known |= around
    return [_past(row) for row in rows]


def _past(row: sa.Row[tuple[object, ...]]) -> Past:
    ended = (to_microseconds(row.ended_at), row.number)
    return Past(
        row.number, row.inside, row.call, ended, row.state == COMPLETED, row.element_id, row.step_key, row.undo or {}
    )
