"""What is to be done, how far it has come, and what came of each item."""

from enum import StrEnum

import sqlalchemy as sa

from app.core.db import Instant, JsonText, metadata
from app.core.states import StateTable


class JobState(StrEnum):
    PLANNED = "planned"  # its list is frozen, and nothing is done before somebody starts it
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"  # by somebody, or by too many failures: what is pending stays so
    COMPLETED = "completed"


class ItemState(StrEnum):
    PENDING = "pending"
    BEGUN = "begun"  # under way: what comes of it is not known yet
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"  # there was nothing to do to it


JOB_MOVES = StateTable(
    {
        JobState.PLANNED: {JobState.RUNNING, JobState.STOPPED},
        JobState.RUNNING: {JobState.PAUSED, JobState.STOPPED, JobState.COMPLETED},
        JobState.PAUSED: {JobState.RUNNING, JobState.STOPPED, JobState.COMPLETED},
        JobState.STOPPED: set[JobState](),
        JobState.COMPLETED: set[JobState](),
    }
)
ITEM_MOVES = StateTable(
    {
        ItemState.PENDING: {ItemState.BEGUN, ItemState.DONE, ItemState.FAILED, ItemState.SKIPPED},
        ItemState.BEGUN: {ItemState.DONE, ItemState.FAILED, ItemState.SKIPPED},
        ItemState.DONE: set[ItemState](),
        ItemState.FAILED: set[ItemState](),
        ItemState.SKIPPED: set[ItemState](),
    }
)

job = sa.Table(
    "job",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("parameters", JsonText, nullable=False),
    sa.Column("process_id", sa.String(255)),  # NULL: it concerns more than one
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("rate_per_s", sa.Float, nullable=False),
    sa.Column("stop_after_failures", sa.Integer),  # NULL: however many fail
    sa.Column("one_first", sa.SmallInteger, nullable=False),  # 1: until one has passed, no other is begun beside it
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("begun", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("skipped", sa.Integer, nullable=False),
    sa.Column("begins_at", Instant, nullable=False),  # no item is begun before: its rate
    sa.Column("next_at", Instant),  # when it is to be seen to; NULL: there is nothing to do
    sa.Column("changed_by", sa.Text),  # who paused, resumed or stopped it last; NULL with a reason: the job itself
    sa.Column("changed_reason", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    sa.Index("ix_job_listing", "state", "created_at"),
    sa.Index(
        "ix_job_next_at",
        "next_at",
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    ),
)

job_item = sa.Table(
    "job_item",
    metadata,
    sa.Column("job_id", sa.String(36), sa.ForeignKey("job.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("target", sa.String(255), nullable=False),  # the id of what it is done to
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due_at", Instant, nullable=False),  # when it is to be begun, tried again or looked at again
    sa.Column("begun_at", Instant),
    sa.Column("outcome", JsonText),  # what came of it; {"code", "message"} when it failed or could not be done yet
    sa.Column("at", Instant),
    sa.Index(
        "ix_job_item_pending",
        "job_id",
        "due_at",
        "position",
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    ),
    sa.Index(
        "ix_job_item_begun",
        "job_id",
        "due_at",
        "position",
        sqlite_where=sa.text("state = 'begun'"),
        postgresql_where=sa.text("state = 'begun'"),
    ),
    sa.Index(
        "ix_job_item_failed",
        "job_id",
        "position",
        sqlite_where=sa.text("state = 'failed'"),
        postgresql_where=sa.text("state = 'failed'"),
    ),
    sqlite_with_rowid=False,
)
