"""What somebody may do: grants, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.core.errors import Forbidden, InvalidInput
from app.identity.permissions import IN_WORDS, ROLES, WHOLE, Permission, Role, roles_with

Reach = frozenset[str] | None  # these processes; None: every one


class MissingPermission(Forbidden):
    """Nothing that the caller was granted permits it."""


@dataclass(frozen=True, order=True)
class Grant:
    """A role, or a single permission, everywhere or in one process."""

    gives: str
    process_id: str = ""

    @property
    def permissions(self) -> frozenset[Permission]:
        """Those it gives. One that this version does not know gives none."""
        if self.gives in ROLES:
            found = ROLES[Role(self.gives)]
        else:
            found = frozenset(each for each in Permission if each == self.gives)
        return found - WHOLE if self.process_id else found

    def __str__(self) -> str:
        return f"{self.gives}@{self.process_id}" if self.process_id else self.gives


def read_grant(text: str, *, roles_only: bool = False) -> Grant:
    """`operator`, `operator@ftth_activate`, and, for tokens, `instance.start`. InvalidInput says what there is."""
    gives, _, process_id = text.strip().partition("@")
    known = [*Role] if roles_only else [*Role, *Permission]
    if gives not in known:
        raise InvalidInput(f"There is no role {gives[:80]!r}. Known are: {', '.join(known)}.", path="$.grants")
    grant = Grant(gives, process_id.strip()[:255])
    if not grant.permissions:
        raise InvalidInput(f"{gives} is not for one process: what it permits concerns them all.", path="$.grants")
    return grant


class Authority:
    """What some grants come to together: for each permission the processes that it reaches."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        self.grants: Sequence[Grant] = tuple(sorted(set(grants)))
        self._reaches = _sum_up(self.grants)

    def within(self, other: Authority) -> Authority:
        """What both permit: a user's token reaches no further than the user."""
        made = Authority(())
        made.grants = self.grants
        shared = self._reaches.keys() & other._reaches.keys()
        reaches = {each: _meet(self._reaches[each], other._reaches[each]) for each in shared}
        made._reaches = {each: reach for each, reach in reaches.items() if reach is None or reach}
        return made

    def permits(self, permission: Permission) -> bool:
        """Whether at least somewhere."""
        return permission in self._reaches

    def reach(self, permission: Permission) -> Reach:
        """Where; nowhere is the empty set."""
        return self._reaches.get(permission, frozenset())


def _sum_up(grants: Iterable[Grant]) -> Mapping[Permission, Reach]:
    found: dict[Permission, Reach] = {}
    for grant in grants:
        for permission in grant.permissions:
            so_far = found.get(permission, frozenset())
            found[permission] = so_far | {grant.process_id} if grant.process_id and so_far is not None else None
    return found


def _meet(one: Reach, other: Reach) -> Reach:
    if one is None:
        return other
    return one if other is None else one & other


@dataclass(frozen=True)
class Person:
    """Who acts: a user at a page, or whoever holds a token. `name` stands in histories."""

    name: str
    authority: Authority
    kind: Literal["user", "token"] = "user"
    user_id: str | None = None  # None: a system's own token
    token_id: str | None = None
    groups: tuple[str, ...] = ()  # whose tasks are theirs to take

    def may(self, permission: Permission, process_id: str | None = None) -> bool:
        """Whether in that process; for None, whether anywhere."""
        reach = self.authority.reach(permission)
        return reach is None or (bool(reach) if process_id is None else process_id in reach)

    def reach(self, permission: Permission) -> Reach:
        """In which processes; MissingPermission if in none."""
        self.require_some(permission)
        return self.authority.reach(permission)

    def require_some(self, permission: Permission) -> None:
        """MissingPermission unless it is permitted at least somewhere."""
        if not self.authority.permits(permission):
            raise self._missing(permission, "")

    def require(self, permission: Permission, process_id: str | None) -> None:
        """MissingPermission unless it is permitted in that process; None: for what concerns more than one."""
        reach = self.reach(permission)
        if reach is not None and (process_id is None or process_id not in reach):
            where = f"for process '{process_id}'" if process_id else "for every process"
            raise self._missing(permission, where, process_id)

    def _missing(self, permission: Permission, where: str, process_id: str | None = None) -> MissingPermission:
        granted = ", ".join(map(str, self.authority.grants)) or "nothing"
        facts = {"process_id": process_id} if process_id else {}
        return MissingPermission(
            f"This needs the permission {permission}{' ' if where else ''}{where}: to {IN_WORDS[permission]}. "
            f"{self.name} has: {granted}. It comes with {_either(roles_with(permission))}; an administrator gives it.",
            permission=str(permission),
            granted=[str(grant) for grant in self.authority.grants],
            **facts,
        )


def _either(roles: Sequence[Role]) -> str:
    *others, last = (f"the role {role}" for role in roles)
    return f"{', '.join(others)} or {last}" if others else last
