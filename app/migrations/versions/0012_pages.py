"""What ended in the last hours is counted from an index; what handlers' calls came to, hour by hour."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_index(
        "ix_process_instance_ended_at",
        "process_instance",
        ["ended_at", "state"],
        sqlite_where=sa.text("ended_at IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NOT NULL"),
    )
    op.create_table(
        "handler_hour",
        sa.Column("hour", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("handler", sa.String(255), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("step", sa.SmallInteger, autoincrement=False, nullable=False),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("hour", "handler", "outcome", "step", name="pk_handler_hour"),
        sqlite_with_rowid=False,
    )
