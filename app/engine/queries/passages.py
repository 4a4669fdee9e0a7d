"""The path of an instance as its tokens took it: on which elements they stood, and from where each of them came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from app.engine.spiff.build_loops import ITERATION
from app.engine.spiff.index import COMPLETED
from app.engine.tables import token

MOST_PASSAGES = 20_000


@dataclass(frozen=True)
class PassageView:
    """One token's stay on an element. `came_from` is the element before it; None where it did not come by a flow.

    `call` is the call activity's token whose called process it is part of; 0: the instance's own.
    """

    number: int
    element_id: str
    came_from: str | None
    call: int
    state: Literal["open", "completed", "cancelled"]
    is_iteration: bool


def passages(
    connection: sa.Connection, instance_id: str, begun: Mapping[int, str] | None = None
) -> list[PassageView]:
    """In the order in which they began, those in called processes included; the first MOST_PASSAGES.

    `begun` is what app.engine.spiff.watch tells of activities with boundary events, from where each was come to by the
    number of its split: no row says that.
    """
    columns = (token.c[name] for name in ("number", "parent", "inside", "element_id", "call", "state", "open", "spec"))
    query = sa.select(*columns).where(token.c.instance_id == instance_id).order_by(token.c.number)
    rows = connection.execute(query.limit(MOST_PASSAGES)).all()
    places = {row.number: row for row in rows}
    return [_view(row, places, begun or {}) for row in rows if row.element_id is not None]


def _view(row: Any, places: Mapping[int, Any], begun: Mapping[int, str]) -> PassageView:
    before = places.get(row.parent)
    by_flow = before is not None and (before.inside, before.call) == (row.inside, row.call)
    came_from = before.element_id if before is not None and by_flow else begun.get(row.parent)
    state: Literal["open", "completed", "cancelled"] = (
        "open" if row.open else "completed" if row.state == COMPLETED else "cancelled"
    )
    return PassageView(row.number, row.element_id, came_from, row.call, state, row.spec.endswith(ITERATION))
