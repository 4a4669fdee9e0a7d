"""How much waits for a worker, as the store knows it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from app.core.pages import literal
from app.engine.tables import process_instance, token


def count_backlog(connection: sa.Connection, now: datetime, most: int) -> int:
    """Instances that wait for a look and steps that nobody has claimed; of either no more than `most` are counted."""
    look = sa.select(process_instance.c.id).where(process_instance.c.wake_at <= now)
    step = (
        sa.select(token.c.number)
        .join(process_instance, process_instance.c.id == token.c.instance_id)
        .where(token.c.kind == literal("job"), process_instance.c.state != "suspended")
    )
    counts = [sa.select(sa.func.count()).select_from(each.limit(most).subquery()) for each in (look, step)]
    return sum(connection.execute(count).scalar_one() for count in counts)
