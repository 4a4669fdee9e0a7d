"""For whom tasks are, and by when."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "user_task",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("groups", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("follow_up_at", sa.BigInteger),
        sa.Column("form_row_id", sa.String(36)),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_user_task_instance_id"),
        sa.PrimaryKeyConstraint("instance_id", "number", name="pk_user_task"),
        sqlite_with_rowid=False,
    )
