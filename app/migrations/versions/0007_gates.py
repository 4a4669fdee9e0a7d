"""Gates before systems and handlers: limits, circuit breakers, and the steps that they hold."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "gate",
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("concurrent", sa.Integer),
        sa.Column("per_s", sa.Float),
        sa.Column("set_by", sa.Text),
        sa.Column("set_reason", sa.Text),
        sa.Column("set_at", sa.BigInteger),
        sa.Column("breaker", sa.String(16), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("look_at", sa.BigInteger),
        sa.Column("rest_s", sa.Float),
        sa.Column("allowed", sa.Integer),
        sa.Column("spent_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_gate"),
    )
    op.create_table(
        "gate_pass",
        sa.Column("gate", sa.String(255), nullable=False),
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("given", sa.SmallInteger, nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("handler", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("gate", "instance_id", "number", name="pk_gate_pass"),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instance.id"], name="fk_gate_pass_instance_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_gate_pass_turn", "gate_pass", ["gate", "given", "priority", "since"])
    op.create_index("ix_gate_pass_step", "gate_pass", ["instance_id", "number"])
