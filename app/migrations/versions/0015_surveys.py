"""What a version would mean to everything that is open, as jobs find it."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "survey",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", sa.LargeBinary),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name="fk_survey_job_id"),
        sa.PrimaryKeyConstraint("job_id", name="pk_survey"),
    )
    op.create_index("ix_survey_made_at", "survey", ["made_at"])
    op.create_table(
        "survey_finding",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("finding", sa.String(16), nullable=False),
        sa.Column("instances", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["survey.job_id"], name="fk_survey_finding_job_id"),
        sa.PrimaryKeyConstraint("job_id", "version", "finding", name="pk_survey_finding"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "survey_reason",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("element_id", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("instances", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["survey.job_id"], name="fk_survey_reason_job_id"),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_survey_reason"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "survey_blocked",
        sa.Column("job_id", sa.String(36), nullable=False),
        sa.Column("reason", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("instance_id", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["survey.job_id"], name="fk_survey_blocked_job_id"),
        sa.PrimaryKeyConstraint("job_id", "reason", "instance_id", name="pk_survey_blocked"),
        sqlite_with_rowid=False,
    )
