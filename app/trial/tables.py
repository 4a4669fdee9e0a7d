"""Trials that are open, as the processes that serve one address share them."""

import sqlalchemy as sa

from app.core.db import Instant, JsonText, metadata

trial = sa.Table(
    "trial",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("beginning", JsonText, nullable=False),  # diagrams, variables, who answers: all but what was done
    sa.Column("used_at", Instant, nullable=False),  # to the minute
    sa.Index("ix_trial_owner", "owner"),
)

trial_move = sa.Table(
    "trial_move",
    metadata,
    sa.Column("trial_id", sa.ForeignKey("trial.id"), nullable=False),
    sa.Column("number", sa.Integer, autoincrement=False, nullable=False),  # from 0: who writes one knows all before it
    sa.Column("move", JsonText, nullable=False),  # an answer or an event
    sa.PrimaryKeyConstraint("trial_id", "number"),
)
