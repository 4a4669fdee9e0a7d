"""What needs a second person."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("door", sa.String(80), nullable=False),
        sa.Column("target", sa.String(255)),
        sa.Column("process_id", sa.String(255)),
        sa.Column("reason", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("asker", sa.String(64), nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("seconded_by", sa.Text),
        sa.Column("seconded_at", sa.BigInteger),
        sa.Column("refused_by", sa.Text),
        sa.Column("refused_at", sa.BigInteger),
        sa.Column("done_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_approval"),
    )
    op.create_index("ix_approval_digest", "approval", ["digest"])
    op.create_index("ix_approval_action", "approval", ["action", "id"])
