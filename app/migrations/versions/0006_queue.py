"""The queue of wake-ups, on PostgreSQL."""

from alembic import op

from app.migrations.queue import raise_queue

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    raise_queue(op.get_bind())
