"""Bulk work: what is planned, how far it has come, what came of each, and a hand on its brake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.core.jobs import ItemView, JobView
from app.core.jobs.tables import ItemState
from app.core.pages import Page
from app.dashboard.fields import read_reason
from app.dashboard.pages import Pages, read_slice, wants_fragment
from app.dashboard.surveys import found_by
from app.engine import queries
from app.engine.migration.doors import KIND as MIGRATE
from app.engine.migration.surveys import KIND as SURVEY
from app.engine.retries import KIND as RETRY
from app.web.acting import Deed, act, deed

Handle = Callable[[Transaction, str, str, str], None]


class JobPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/jobs", "jobs", self.index, methods=["GET"])
        base = "/jobs/<job_id>"
        blueprint.add_url_rule(base, "job", self.show, methods=["GET"])
        blueprint.add_url_rule(f"{base}/start", "start_job", self.start, methods=["POST"])
        blueprint.add_url_rule(f"{base}/pause", "pause_job", self.pause, methods=["POST"])
        blueprint.add_url_rule(f"{base}/resume", "resume_job", self.resume, methods=["POST"])
        blueprint.add_url_rule(f"{base}/stop", "stop_job", self.stop, methods=["POST"])

    def index(self) -> str:
        shown = read_slice()
        with self.parts.database.reading() as connection:
            items, total = self.parts.jobs.list_jobs(
                connection, among=deed().reach, limit=shown.size, offset=shown.offset
            )
            facts = {"found": Page(items, total), "shown": shown}
            if wants_fragment():
                return self.update(connection, "jobs_list.html", **facts)
            return self.page(connection, "jobs.html", **facts)

    def show(self, job_id: str) -> str:
        with self.parts.database.reading() as connection:
            facts = self._facts(connection, job_id)
            if wants_fragment():
                return self.update(connection, "job_live.html", **facts)
            return self.page(connection, "job.html", **facts)

    def start(self, job_id: str) -> str | Response:
        return self._act(job_id, lambda tx, deed: self.parts.jobs.start(tx, job_id, deed.by))

    def pause(self, job_id: str) -> str | Response:
        return self._handle(job_id, self.parts.jobs.pause)

    def resume(self, job_id: str) -> str | Response:
        return self._handle(job_id, self.parts.jobs.resume)

    def stop(self, job_id: str) -> str | Response:
        return self._handle(job_id, self.parts.jobs.stop)

    def _handle(self, job_id: str, handle: Handle) -> str | Response:
        reason = read_reason(request.form)
        return self._act(job_id, lambda tx, deed: handle(tx, job_id, deed.by, reason))

    def _act(self, job_id: str, work: Callable[[Transaction, Deed], None]) -> str | Response:
        act(self.parts.database, work)
        if not wants_fragment():
            return redirect(url_for("dashboard.job", job_id=job_id), 303)
        with self.parts.database.reading() as connection:
            return self.update(connection, "job_answer.html", **self._facts(connection, job_id))

    def _facts(self, connection: sa.Connection, job_id: str) -> dict[str, Any]:
        job, shown = self.parts.jobs.read(connection, job_id), read_slice()
        if job.kind == SURVEY:
            return found_by(connection, self.parts.jobs, job)
        state = next((state for state in ItemState if state == request.args.get("state")), None)
        items, total = self.parts.jobs.list_items(
            connection, job_id, state=state, limit=shown.size, offset=shown.offset
        )
        if job.kind == RETRY:
            items, _ = self.parts.personal.retries(connection, items)
        counts = {each: getattr(job, each) for each in ItemState}
        targets = self._targets(connection, job, items)
        under_way = [targets[item.target] for item in items if item.state == "begun" and item.target in targets]
        return {
            "job": job,
            "counts": counts,
            "state": state,
            "found": Page(items, total),
            "shown": shown,
            "targets": targets,
            "standing": queries.standing_of(connection, under_way),
        }

    def _targets(self, connection: sa.Connection, job: JobView, items: Sequence[ItemView]) -> dict[str, Any]:
        """What has an order behind it: `instance_id` and `business_key` by target."""
        ids = [item.target for item in items]
        if job.kind == RETRY:
            return dict(queries.incidents_of(connection, ids))
        if job.kind == MIGRATE:
            return {row.instance_id: row for row in queries.keys_of(connection, ids)}
        return {}
