"""What every page has in common: the parts, the frame round it, and which slice of a list is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import render_template, request

from app.dashboard.access import person
from app.dashboard.diagrams import Diagrams
from app.dashboard.parts import DashboardParts
from app.engine import queries
from app.identity import approvals
from app.identity.authority import Reach
from app.identity.permissions import Permission


class Pages:
    """A group of pages; its methods are views."""

    def __init__(self, parts: DashboardParts, diagrams: Diagrams) -> None:
        self.parts = parts
        self.diagrams = diagrams

    def page(self, connection: sa.Connection, template: str, **facts: Any) -> str:
        """A whole page, with its frame."""
        waiting = self._count_approvals(connection)
        facts |= {"open_incidents": _count_incidents(connection), "approvals_waiting": waiting}
        return self.fragment(template, **facts)

    def _count_approvals(self, connection: sa.Connection) -> int:
        """Requests that wait for whoever looks to second them; nothing is asked where nothing needs a second person."""
        found = person()
        if found is None or not self.parts.identity.approvals.needed:
            return 0
        return approvals.count_waiting(connection, found, self.parts.clock.now())

    def update(self, connection: sa.Connection, template: str, **facts: Any) -> str:
        """The part of a page that changes, and what changes in the frame."""
        return self.fragment("update.html", part=template, open_incidents=_count_incidents(connection), **facts)

    def fragment(self, template: str, **facts: Any) -> str:
        return render_template(template, now=self.parts.clock.now(), **facts)


def _count_incidents(connection: sa.Connection) -> int:
    """Those that whoever looks may see."""
    return queries.count_open_incidents(connection, seen(Permission.READ_INSTANCES))


def seen(permission: Permission) -> Reach:
    """Of which processes whoever looks may see something; None: of every one."""
    found = person()
    return frozenset() if found is None else found.authority.reach(permission)


def definitions_seen(connection: sa.Connection, *, latest_only: bool) -> list[queries.DefinitionView]:
    """Those that whoever looks may see."""
    reach = seen(Permission.READ_DEFINITIONS)
    found = queries.list_definitions(connection, latest_only=latest_only)
    return [view for view in found if reach is None or view.process_id in reach]


def wants_fragment() -> bool:
    return request.headers.get("HX-Request") == "true"


@dataclass(frozen=True)
class Slice:
    """Which part of a list is shown."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    def first(self, total: int) -> int:
        return min(self.offset + 1, total)

    def last(self, total: int) -> int:
        return min(self.offset + self.size, total)

    def pages(self, total: int) -> int:
        return max(1, -(-total // self.size))


def read_slice(size: int = 50) -> Slice:
    """From `?page=`; anything that is no page number is the first page."""
    text = request.args.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 1
    return Slice(max(1, number), size)
