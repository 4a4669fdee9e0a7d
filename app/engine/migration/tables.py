"""What surveys have found; each belongs to a job, and is forgotten when nobody can use it any more."""

import sqlalchemy as sa

from app.core.db import Instant, metadata

survey = sa.Table(
    "survey",
    metadata,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("job.id"), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),  # the one that is tried, or would be if it were deployed
    sa.Column("document", sa.LargeBinary),  # what is not deployed; NULL: the job names a version
    sa.Column("made_at", Instant, nullable=False),
    sa.Index("ix_survey_made_at", "made_at"),
)

survey_finding = sa.Table(
    "survey_finding",
    metadata,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("survey.job_id"), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),  # on which the instances are
    sa.Column("finding", sa.String(16), primary_key=True),  # unaffected | can_move | blocked
    sa.Column("instances", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

survey_reason = sa.Table(
    "survey_reason",
    metadata,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("survey.job_id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # from 1, in the order of finding
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("code", sa.String(32), nullable=False),
    sa.Column("element_id", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("instances", sa.Integer, nullable=False),  # those that it blocks; several reasons may block one
    sqlite_with_rowid=False,
)

survey_blocked = sa.Table(
    "survey_blocked",
    metadata,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("survey.job_id"), primary_key=True),
    sa.Column("reason", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("instance_id", sa.String(36), primary_key=True),
    sqlite_with_rowid=False,
)
