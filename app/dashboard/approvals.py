"""What needs a second person: one's own requests, and those that one could second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.dashboard.access import person
from app.dashboard.pages import Pages, read_slice
from app.identity import approvals
from app.identity.authority import Person
from app.identity.permissions import IN_WORDS
from app.web.acting import act, deed


class ApprovalPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/approvals", "approvals", self.show, methods=["GET"])
        base = "/approvals/<approval_id>"
        blueprint.add_url_rule(f"{base}/second", "second", self.second, methods=["POST"])
        blueprint.add_url_rule(f"{base}/refuse", "refuse", self.refuse, methods=["POST"])

    def show(self) -> str:
        shown, me = read_slice(), person()
        with self.parts.database.reading() as connection:
            found = approvals.listed(connection, deed().who, shown.size, shown.offset)
            found = replace(found, items=[self.parts.personal.approval(each) for each in found.items])
            facts = {"found": found, "shown": shown, "me": me, "in_words": {str(k): v for k, v in IN_WORDS.items()}}
            needed = sorted(map(str, self.parts.identity.approvals.needed))
            return self.page(connection, "approvals.html", needed=needed, **facts)

    def second(self, approval_id: str) -> Response:
        return self._decide(lambda tx, who: self.parts.identity.approvals.second(tx, approval_id, who))

    def refuse(self, approval_id: str) -> Response:
        return self._decide(lambda tx, who: self.parts.identity.approvals.refuse(tx, approval_id, who))

    def _decide(self, decide: Callable[[Transaction, Person], object]) -> Response:
        act(self.parts.database, lambda tx, deed: decide(tx, deed.who))
        return redirect(url_for("dashboard.approvals"), 303)
