"""What happens to a flow from outside while it is tried: time, messages, people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from app.core.errors import InvalidInput

KINDS: Final = ("wait", "message", "signal", "complete", "retry", "skip")
NEXT = "next"
_WITH_VARIABLES = frozenset({"message", "signal", "complete", "skip"})
_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)


@dataclass(frozen=True)
class Event:
    """`name` is a message's or signal's, the place of a task or incident, or how long to wait (`next`: until the next
    time that something is due). `meanwhile` is the step whose answer has not come yet when it happens. `notice` is the
    laboratory's number of what it told; no scenario has it.
    """

    kind: str
    name: str
    key: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    meanwhile: str | None = None
    notice: int | None = None

    @property
    def lasts(self) -> timedelta | None:
        return _duration(self.name) if self.kind == "wait" and self.name != NEXT else None

    def during(self, place: str | None) -> Event:
        return replace(self, meanwhile=place)

    def written(self) -> dict[str, Any]:
        """As `read_event` reads it."""
        found: dict[str, Any] = {self.kind: self.name}
        if self.kind == "message":
            found["key"] = self.key
        if self.variables:
            found["variables"] = dict(self.variables)
        return found if self.meanwhile is None else {**found, "meanwhile": self.meanwhile}


def wait_for(lasts: timedelta) -> Event:
    return Event("wait", _DURATION.dump_python(lasts, mode="json"))


def read_event(written: Any, path: str) -> Event:
    """`{message: ont_online, key: ORD-1, variables: {}}`, `{wait: P28D}`, `{wait: next}`, `{complete: check_bill}`."""
    kinds = [kind for kind in KINDS if isinstance(written, Mapping) and kind in written]
    if len(kinds) != 1:
        raise InvalidInput(f"{path}: expected one of {', '.join(KINDS)}, such as `wait: PT5M`.", path=path)
    kind = kinds[0]
    known = {kind, "meanwhile"} | ({"variables"} if kind in _WITH_VARIABLES else set())
    known |= {"key"} if kind == "message" else set()
    if unknown := sorted(set(written) - known):
        raise InvalidInput(f"{path}: {', '.join(unknown)} is nothing that `{kind}` has.", path=path)
    name, key, meanwhile = written[kind], written.get("key", ""), written.get("meanwhile")
    for field_, text in ((kind, name), ("key", key), ("meanwhile", meanwhile or "")):
        if not isinstance(text, str) or (field_ == kind and not text):
            raise InvalidInput(f"{path}.{field_}: expected a text, found {text!r}.", path=f"{path}.{field_}")
    variables = written.get("variables") or {}
    if not isinstance(variables, Mapping):
        raise InvalidInput(f"{path}.variables: expected names and values.", path=f"{path}.variables")
    event = Event(kind, name, key, dict(variables), meanwhile)
    if kind == "wait" and name != NEXT and _duration(name) is None:
        raise InvalidInput(f"{path}.wait: expected `next` or a time such as PT5M, found {name!r}.", path=f"{path}.wait")
    return event


def _duration(text: str) -> timedelta | None:
    if not text.startswith("P"):
        return None
    try:
        found = _DURATION.validate_strings(text)
    except ValidationError:
        return None
    return found if timedelta(0) <= found <= timedelta(days=3660) else None
