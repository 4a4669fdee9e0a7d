"""What an instance has done and could take back; read only when it is asked for.

Its tokens keep the names that they had. What an instance that was migrated has done says in `undo`, as `of`, what the
element is called by now; null where it has none: that is not taken back.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from app.core.types import to_microseconds
from app.engine.spiff.compensation import Past
from app.engine.spiff.index import COMPLETED
from app.engine.tables import token

_COLUMNS = "number inside call ended_at state element_id step_key undo".split()


def read_past(connection: sa.Connection, instance_id: str) -> list[Past]:
    """Finished tokens that hold what takes them back, and the finished ones around those, however far out."""
    rows = read_rows(connection, instance_id)
    return [_past(row) for row in rows if name_now(row) is not None]


def read_rows(connection: sa.Connection, instance_id: str) -> Sequence[sa.Row[Any]]:
    """The same as they are stored."""
    finished = sa.select(*(token.c[name] for name in _COLUMNS)).where(
        token.c.instance_id == instance_id, token.c.open == 0
    )
    rows = list(connection.execute(finished.where(token.c.undo.is_not(None))))
    known = {0, *(row.number for row in rows)}
    while around := {row.inside for row in rows} - known:
        rows += connection.execute(finished.where(token.c.number.in_(around)))
        known |= around
    return rows


def name_now(row: sa.Row[Any]) -> str | None:
    """What the version that the instance is on calls the element of a finished token."""
    name: str | None = (row.undo or {}).get("of", row.element_id)
    return name


def _past(row: sa.Row[Any]) -> Past:
    ended = (to_microseconds(row.ended_at), row.number)
    undo = {name: value for name, value in (row.undo or {}).items() if name != "of"}
    completed = row.state == COMPLETED
    return Past(row.number, row.inside, row.call, ended, completed, name_now(row) or "", row.step_key, undo)
