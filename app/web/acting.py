"""Who does what by which permission: the one way by which a request is let in, and by which it changes anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from flask import g, request

from app.core.db import Database, Transaction
from app.core.errors import Forbidden, NotFound
from app.core.jobs import views
from app.engine import queries
from app.identity.authority import Person, Reach
from app.identity.permissions import Permission
from app.web.commits import commit
from app.web.doors import DOORS, Door, Leads

Result = TypeVar("Result")


class ShutDoor(Forbidden):
    """A route that the table of doors does not know."""


class Deed:
    """What a person does with a request: by which permission, to what. What is not permitted does not become one."""

    def __init__(self, who: Person, door: Door, target: str | None) -> None:
        self.who = who
        self.needs = door.needs
        self.leads: Leads = door.leads
        self.target = target  # the id that the path names
        self.process_id: str | None = None  # where it is known
        self.is_told = False

    @property
    def by(self) -> str:
        """Who stands in histories."""
        return self.who.name

    @property
    def reach(self) -> Reach:
        """In which processes it is permitted; None: in every one."""
        assert self.needs is not None
        return self.who.reach(self.needs)

    def concerns(self, process_id: str | None) -> None:
        """It is done to this process and no other; None: to more than one. MissingPermission."""
        if self.needs is not None:
            self.who.require(self.needs, process_id)
        self.process_id = process_id
        self.is_told = True

    def needs_too(self, connection: sa.Connection, permission: Permission) -> None:
        """What it comes to needs this as well; MissingPermission."""
        if self.who.reach(permission) is not None:
            self.who.require(permission, self.process_id or _process_of(connection, self.leads, str(self.target)))


def enter(who: Person, database: Database) -> None:
    """Let somebody through the door that the present request stands at. MissingPermission, or whatever is not there."""
    door = door_here()
    deed = Deed(who, door, _target(door.leads))
    if door.needs is not None:
        _permit(deed, database)
    g.turnup_deed = deed


def door_here() -> Door:
    """That of the present request; ShutDoor if it was forgotten in the table."""
    door = DOORS.get(request.endpoint or "")
    if door is None:
        raise ShutDoor("Nobody may come in here: the table of doors does not know it.")
    return door


def deed() -> Deed:
    """The present request's."""
    found: Deed = g.turnup_deed
    return found


def act(database: Database, work: Callable[[Transaction, Deed], Result]) -> Result:
    """Do what the present request was let in for, in a transaction, and return once it is stored; see `commit`.

    Every change that a person makes passes here.
    """
    here = deed()

    def permitted(tx: Transaction) -> Result:
        result = work(tx, here)
        if here.leads == "told" and not here.is_told:
            raise RuntimeError(f"{request.endpoint} has not said which process it concerns")
        return result

    return commit(database, permitted)


def _permit(deed: Deed, database: Database) -> None:
    """Nothing is read for somebody who may do it everywhere."""
    reach = deed.reach
    if reach is None or deed.leads in ("told", "some"):
        return
    if deed.leads == "whole" or deed.target is None:
        deed.concerns(None)
    if not str(deed.target).isprintable():  # PostgreSQL takes no NUL
        raise NotFound("There is nothing with such an id.")
    with database.reading() as connection:
        deed.concerns(_process_of(connection, deed.leads, str(deed.target)))


def _target(leads: Leads) -> str | None:
    """As the API names it in paths, or the dashboard."""
    values = request.view_args or {}
    found = values.get(f"{leads}Id", values.get(f"{leads}_id"))
    return None if found is None else str(found)


def _process_of(connection: sa.Connection, leads: Leads, target: str) -> str | None:
    """An instance's process stays what it is, so this holds until the request is done. NotFound."""
    if leads == "incident":
        return queries.get_incident(connection, target).process_id
    if leads == "job":
        found = views.read(connection, target).parameters.get("process_id")
        return None if found is None else str(found)
    if leads == "process":
        return target
    instance_id = target.rpartition(":")[0] if leads == "task" else target
    return queries.get_instance(connection, instance_id, waits=False).process_id
