"""Open instances move to another version: the mapping drawn on two diagrams, tested on each of them, then a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.core.jobs.doors import MOST_PER_S, SLOWEST_PER_S
from app.dashboard.causes import leave_for
from app.dashboard.diagrams import Diagrams
from app.dashboard.fields import read_number, read_reason
from app.dashboard.mapping import Given, read_mapping, rows_of
from app.dashboard.pages import Pages, wants_fragment
from app.dashboard.parts import DashboardParts
from app.dashboard.versions import Marks, choices_of, marks_of, read_pair
from app.engine import queries
from app.engine.difference import difference, label
from app.engine.migration.doors import Migrations, Order, Verdict
from app.engine.migration.outlook import Outlook, Outlooks
from app.engine.migration.plan import MappingRefused, Plan, path_of
from app.engine.migration.suggest import suggest
from app.web.acting import Deed, act

MOST_LISTED = 200
FIRST_TESTED = 50  # with the page itself: it is there at once, however many are open
MOST_MOVED = 20_000


@dataclass(frozen=True)
class Asked:
    """`only`: the instance that somebody came from; `ticked` None: all that can move."""

    given: Given
    only: str | None
    ticked: frozenset[str] | None
    added: tuple[str, ...] = ()


class MigrationPages(Pages):
    def __init__(self, parts: DashboardParts, diagrams: Diagrams) -> None:
        super().__init__(parts, diagrams)
        self._outlooks = Outlooks(parts.engine, parts.most_tested)
        self._migrations = Migrations(parts.engine)

    def routes(self, blueprint: Blueprint) -> None:
        base = "/processes/<process_id>/migrate"
        blueprint.add_url_rule(base, "plan_migration", self.plan, methods=["GET"])
        blueprint.add_url_rule(f"{base}/test", "test_migration", self.test, methods=["POST"])
        blueprint.add_url_rule(base, "migrate_instances", self.migrate, methods=["POST"])

    def plan(self, process_id: str) -> str:
        """The page as it is first seen: with a mapping of what looks alike, for somebody to look at.

        It is shown with some tested, and asks for what became of the others once it is there.
        """
        with self.parts.database.reading() as connection:
            old, new = read_pair(connection, process_id)
            given: Given = dict(self._suggested(connection, process_id, old.version, new.version))
            asked = Asked(given, request.args.get("instance"), None)
            if wants_fragment():
                return self.fragment("migrate_tested.html", **self._facts(connection, process_id, asked))
            most = min(FIRST_TESTED, self._outlooks.most_tested)
            return self.page(connection, "migrate.html", **self._facts(connection, process_id, asked, most))

    def test(self, process_id: str) -> str:
        """The same with the mapping that the form holds; nothing is changed."""
        with self.parts.database.reading() as connection:
            facts = self._facts(connection, process_id, _read_asked())
            if wants_fragment():
                return self.fragment("migrate_plan.html", **facts)
            return self.page(connection, "migrate.html", **facts)

    def migrate(self, process_id: str) -> Response:
        """The job that moves those that were chosen; what is blocked when its turn comes stays as it is."""
        asked, reason = _read_asked(), read_reason(request.form)
        rate = read_number(request.form, "rate", SLOWEST_PER_S, MOST_PER_S, whole=False) or 10
        stop = read_number(request.form, "stop_after", 1, MOST_MOVED, whole=True)

        def work(tx: Transaction, deed: Deed) -> str:
            old, new = read_pair(tx.connection, process_id)
            plan = self._migrations.plan(tx.connection, process_id, old.version, new.version, asked.given)
            order = Order(plan, self._chosen(tx.connection, plan, asked), deed.by, reason, rate, stop)
            return self._migrations.order(tx, self.parts.jobs, order)

        return leave_for(url_for("dashboard.job", job_id=act(self.parts.database, work)))

    def _chosen(self, connection: sa.Connection, plan: Plan, asked: Asked) -> Sequence[str] | None:
        """None: everything that is open, where a request does not test which can move."""
        if asked.only is not None:
            return [asked.only]
        if asked.ticked is not None:
            if not asked.ticked:
                raise InvalidInput("Tick the instances that are to move, or choose all that can.", path="$.which")
            return sorted(asked.ticked)
        if self._outlooks.count(connection, plan) > self._outlooks.most_tested:
            return None
        verdicts = self._outlooks.between(connection, plan).verdicts
        chosen = [verdict.instance_id for verdict in verdicts if not verdict.obstacles]
        if not chosen:
            raise InvalidInput("None of them can move as the mapping is. See why, and map more.", path="$.which")
        return chosen

    def _suggested(self, connection: sa.Connection, process_id: str, old: int, new: int) -> Mapping[str, str]:
        """Only what the plan takes."""
        programs = [self._outlooks.program(connection, process_id, version) for version in (old, new)]
        found = suggest(programs[0].diagram, programs[1].diagram)
        if not found:
            return {}
        _, problems = self._plan(connection, process_id, old, new, dict(found))
        return {one: other for one, other in found.items() if one not in problems}

    def _plan(
        self, connection: sa.Connection, process_id: str, old: int, new: int, given: Given
    ) -> tuple[Plan, dict[str, str]]:
        """With the mapping, but for those of its entries that cannot be, which are told."""
        try:
            return self._migrations.plan(connection, process_id, old, new, given), {}
        except MappingRefused as refused:
            told = dict(refused.problems)
        problems = {old_id: told[path_of(old_id)] for old_id in given if path_of(old_id) in told}
        kept = {old_id: goes_to for old_id, goes_to in given.items() if old_id not in problems}
        try:
            return self._migrations.plan(connection, process_id, old, new, kept), problems
        except MappingRefused:
            return self._migrations.plan(connection, process_id, old, new, {}), problems

    def _facts(
        self, connection: sa.Connection, process_id: str, asked: Asked, most: int | None = None
    ) -> dict[str, Any]:
        old, new = read_pair(connection, process_id)
        versions = choices_of(connection, process_id, old, new)
        facts = {"process_id": process_id, "versions": versions, "old": old, "new": new, "asked": asked}
        if old.version == new.version:
            return {**facts, "outlook": None, "marks": {"old": {}, "new": {}}}
        plan, problems = self._plan(connection, process_id, old.version, new.version, asked.given)
        outlook = self._outlooks.between(connection, plan, asked.only, most)
        tokens = queries.count_at(connection, process_id, old.version)
        suggested = suggest(plan.source.diagram, plan.target.diagram)
        shown = _shown(outlook.verdicts)
        ids = [verdict.instance_id for verdict in shown]
        return {
            **facts,
            "outlook": outlook,
            "tests": min(outlook.open, self._outlooks.most_tested),
            "rows": rows_of(plan, asked.given, tokens, problems, suggested, asked.added),
            "verdicts": shown,
            "keys": {row.instance_id: row.business_key for row in queries.keys_of(connection, ids)},
            "places": queries.places_of(connection, ids),
            "marks": _marks(outlook, tokens),
            "label": label,
        }


def _shown(verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """What is blocked first."""
    order = {"blocked": 0, "can_move": 1, "unaffected": 2}
    return sorted(verdicts, key=lambda verdict: order[verdict.finding])[:MOST_LISTED]


def _marks(outlook: Outlook, tokens: Mapping[str, int]) -> Marks:
    plan = outlook.plan
    marks = marks_of(difference(plan.source.diagram, plan.target.diagram))
    for element_id, number in tokens.items():
        marks["old"].setdefault(element_id, {}).update(tokens=number, stuck=element_id not in plan.elements)
    for old_id, new_id in {**plan.elements, **plan.flows}.items():
        if old_id != new_id:
            marks["old"].setdefault(old_id, {})["to"] = new_id
            marks["new"].setdefault(new_id, {})["mapped"] = True
    return marks


def _read_asked() -> Asked:
    form = request.form
    added = tuple(value for value in form.getlist("add") if value)
    ticked = frozenset(form.getlist("tick")) if form.get("which") == "chosen" else None
    return Asked(read_mapping(form), form.get("instance") or None, ticked, added)
