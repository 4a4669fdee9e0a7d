"""Who does what by which permission: the one way by which a request is let in, and by which it changes anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import g, request

from app.core.db import Database, Transaction
from app.core.errors import Forbidden, NotFound, TurnupError
from app.core.jobs import views
from app.engine import queries
from app.identity.approvals import Asked
from app.identity.audit import entries
from app.identity.authority import Person, Reach
from app.identity.doors import Identity
from app.identity.permissions import Permission
from app.web.commits import commit
from app.web.doors import DOORS, Door, Leads
from app.web.recording import asked_here, digest_here, entry_of, target_here

Result = TypeVar("Result")


# Doors whose paths name what belongs to one process
_NAMED = ("instance", "incident", "task", "job", "process")


class _NotSeconded(Exception):
    """It needs a second person; ends the transaction in which it was to be done."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked)
        self.asked = asked


class ShutDoor(Forbidden):
    """A route that the table of doors does not know."""


class Deed:
    """What a person does with a request: by which permission, to what. What is not permitted does not become one."""

    def __init__(self, who: Person, door: Door, target: str | None, identity: Identity) -> None:
        self.who = who
        self.door = door
        self._identity = identity
        self._is_being_done = False
        self._second: str | None = None  # who has seconded it
        self.needs = door.needs
        self.leads: Leads = door.leads
        self.target = target  # the id that the path names
        self.process_id: str | None = None  # where it is known
        self.before: Any = None  # JSON: what is changed, as it was, where that is worth a record
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

    def turns_to(self, permission: Permission) -> None:
        """It is what this permission is for, of the two that open the door; MissingPermission."""
        self.needs = permission
        try:
            self.who.require_some(permission)
        except Forbidden as error:
            self.record_refusal(error)
            raise

    def concerns(self, process_id: str | None) -> None:
        """It is done to this process and no other; None: to more than one. MissingPermission."""
        try:
            if self.needs is not None:
                self.who.require(self.needs, process_id)
        except Forbidden as error:
            if not self._is_being_done:
                self.record_refusal(error)
            raise
        self.process_id = process_id
        self.is_told = True

    def needs_too(self, tx: Transaction, permission: Permission) -> None:
        """What it comes to needs this as well, and perhaps a second person for that; MissingPermission."""
        if self.who.reach(permission) is not None:
            self.who.require(permission, self.process_id or _process_of(tx.connection, self.leads, str(self.target)))
        self._second = self._seconded(tx, permission) or self._second

    def do(self, database: Database, work: Callable[[Transaction, Deed], Result]) -> Result:
        """In a transaction, which holds the record of it too; what is not permitted after all is on record alone."""

        def permitted(tx: Transaction) -> Result:
            is_seconded = self.needs is not None and not self.door.only_plans
            self._second = self._seconded(tx, self.needs) if self.needs is not None and is_seconded else None
            result = work(tx, self)
            if self.leads == "told" and not self.is_told:
                raise RuntimeError(f"{request.endpoint} has not said which process it concerns")
            if self.process_id is None and self.leads in _NAMED:
                self.process_id = _process_of(tx.connection, self.leads, str(self.target))
            self._record(tx)
            return result

        self._is_being_done = True
        try:
            return commit(database, permitted)
        except Forbidden as error:
            self.record_refusal(error)
            raise
        except _NotSeconded as error:
            with database.transaction() as tx:
                told = self._identity.approvals.ask(tx, error.asked)
            raise told from None
        finally:
            self._is_being_done = False

    def _seconded(self, tx: Transaction, permission: Permission) -> str | None:
        """By whom, where a second person is needed; their word is used up with this transaction."""
        approvals = self._identity.approvals
        if permission not in approvals.needed:
            return None
        process_id = self.process_id
        if process_id is None and self.leads in _NAMED:
            process_id = _process_of(tx.connection, self.leads, str(self.target))
        body, reason = asked_here()
        target = target_here(self.target)
        digest = digest_here(target)
        asked = Asked(self.who, permission, str(request.endpoint), target, process_id, reason, body, digest)
        second = approvals.use(tx, asked)
        if second is None:
            raise _NotSeconded(asked)
        return second

    def record_refusal(self, error: TurnupError) -> None:
        """That somebody wanted to change what they may not; who only looked leaves no record."""
        if request.method not in ("GET", "HEAD"):
            with self._identity.database.transaction() as tx:
                self._record(tx, error)

    def _record(self, tx: Transaction, refused: TurnupError | None = None) -> None:
        facts = {"target": self.target, "process_id": self.process_id, "before": self.before, "second": self._second}
        door = replace(self.door, needs=self.needs)
        entries.write(tx, entry_of(self.who, door, self._identity.clock.now(), **facts, refused=refused))


def enter(who: Person, identity: Identity) -> None:
    """Let somebody through the door that the present request stands at. MissingPermission, or whatever is not there.

    Whoever was to change something and may not is on record.
    """
    door = door_here()
    g.turnup_deed = deed = Deed(who, door, _target(door.leads), identity)
    try:
        if door.needs is not None and not (door.instead is not None and who.authority.permits(door.instead)):
            who.require_some(door.needs)
    except Forbidden as error:
        deed.record_refusal(error)
        raise
    if door.needs is not None:
        _permit(deed, identity.database)


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


def may_see_personal(process_id: str) -> bool:
    """Whether whoever asks may see what is personal in that process; with no id, in whatever concerns every one."""
    reach = deed().who.authority.reach(Permission.READ_PERSONAL)
    return reach is None or process_id in reach


def act(database: Database, work: Callable[[Transaction, Deed], Result]) -> Result:
    """Do what the present request was let in for, in a transaction, and return once it is stored; see `commit`.

    Every change that a person makes passes here, and is on record.
    """
    return deed().do(database, work)


def _permit(deed: Deed, database: Database) -> None:
    """Nothing is read for somebody who may do it everywhere."""
    if deed.leads in ("told", "some") or deed.reach is None:
        return
    if deed.leads == "whole" or deed.target is None:
        deed.concerns(None)
    if not str(deed.target).isprintable():  # PostgreSQL takes no NUL
        raise NotFound("There is nothing with such an id.")
    with database.reading() as connection:
        process_id = _process_of(connection, deed.leads, str(deed.target))
    deed.concerns(process_id)


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
