"""Forms in files of their own, as they are deployed."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "form",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("form_id", sa.String(255), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("version_tag", sa.String(255)),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("deployed_at", sa.BigInteger, nullable=False),
        sa.Column("deployed_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_form"),
        sa.UniqueConstraint("form_id", "version", name="uq_form_form_id_version"),
    )
