"""What starts instances by itself, and what is on its way to those that run."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "arrival",
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("revision", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("element_id", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("correlation", sa.Text),
        sa.Column("message_id", sa.String(36)),
        sa.Column("sent_id", sa.String(255)),
        sa.Column("variables", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_arrival_instance_id"),
        sa.PrimaryKeyConstraint("instance_id", "revision", "number", name="pk_arrival"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "start_trigger",
        sa.Column("process_id", sa.String(255), nullable=False),
        sa.Column("element_id", sa.String(255), nullable=False),
        sa.Column("definition_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("remaining", sa.Integer),
        sa.Column("cycle", sa.Text),
        sa.ForeignKeyConstraint(["definition_id"], ["process_definition.id"], name="fk_start_trigger_definition_id"),
        sa.PrimaryKeyConstraint("process_id", "element_id", name="pk_start_trigger"),
    )
    op.create_index(
        "ix_start_trigger_due_at",
        "start_trigger",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_start_trigger_name", "start_trigger", ["name", "kind"])
