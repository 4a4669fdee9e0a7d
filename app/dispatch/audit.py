"""Claims that the database holds for this worker although no thread of it runs them.

A commit whose answer was lost on the way (the network, a database restart) looks failed to the worker, and the steps it
claimed belong to a worker that is alive: nobody would take them over. So what the database says is compared with what
runs; a claim missing twice in a row is lost, and its attempt fails like any other.
"""

from __future__ import annotations

import sqlalchemy as sa

from app.dispatch.lanes import Lanes
from app.engine.tables import token

Claim = tuple[str, int, int]  # instance, number, attempt


class Audit:
    """For one thread."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._suspected: set[Claim] = set()

    def lost(self, connection: sa.Connection, owner: str) -> list[Claim]:
        """Once is no proof: a claim may be committed a moment before its thread has noted it."""
        rows = connection.execute(
            sa.select(token.c.instance_id, token.c.number, token.c.attempt).where(
                token.c.kind == "claim", token.c.claimed_by == owner, token.c.open == 1
            )
        )
        claims: list[Claim] = [(row.instance_id, row.number, row.attempt) for row in rows]
        missing = {claim for claim in claims if not self._lanes.is_running(claim[0], (claim[1], claim[2]))}
        lost = missing & self._suspected
        self._suspected = missing - lost
        return sorted(lost)
