"""Processes whose instances stand still, and begin so."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "suspended_process",
        sa.Column("process_id", sa.String(255), nullable=False),
        sa.Column("suspended_at", sa.BigInteger, nullable=False),
        sa.Column("suspended_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("process_id", name="pk_suspended_process"),
    )
