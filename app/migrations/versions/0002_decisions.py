"""Decision models and the decisions in them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "decision_model",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("model_id", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("deployed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_decision_model"),
        sa.UniqueConstraint("model_id", "version", name="uq_decision_model_model_id_version"),
    )
    op.create_table(
        "decision",
        sa.Column("decision_model_id", sa.String(36), nullable=False),
        sa.Column("decision_id", sa.String(255), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("decision_model_id", "decision_id", name="pk_decision"),
        sa.ForeignKeyConstraint(["decision_model_id"], ["decision_model.id"], name="fk_decision_decision_model_id"),
    )
    op.create_index("ix_decision_decision_id", "decision", ["decision_id"])
