"""What triggers an event of a diagram in a test: `d.catch("c", signal("go"))`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from tests.factories.markup import extensions, tag


@dataclass(frozen=True)
class Trigger:
    """An event definition; `root` is what it refers to: (kind, attributes, content), written beside the process."""

    kind: str
    content: str = ""
    attributes: Mapping[str, object | None] = field(default_factory=dict)
    root: tuple[str, Mapping[str, str], str] | None = None


def message(name: str, key: str | None = None) -> Trigger:
    """Waits for a message, or names the one that a handler sends; `key` is the correlation key, as `=order_id`."""
    subscription = "" if key is None else extensions(tag("zeebe:subscription", {"correlationKey": key}))
    return Trigger("message", root=("message", {"name": name}, subscription))


def publish(name: str, key: str | None = None, *, id: str | None = None, ttl: str | None = None) -> Trigger:
    """A message that is put into the inbox; `ttl` is its time to live, as PT1H."""
    published = tag("zeebe:publishMessage", {"correlationKey": key, "messageId": id, "timeToLive": ttl})
    return Trigger("message", extensions(published), root=("message", {"name": name}, ""))


def timer(text: str, kind: str = "timeDuration") -> Trigger:
    """`kind` is timeDuration, timeDate or timeCycle."""
    return Trigger("timer", tag(f"bpmn:{kind}", {"xsi:type": "bpmn:tFormalExpression"}, escape(text)))


def signal(name: str) -> Trigger:
    return Trigger("signal", root=("signal", {"name": name}, ""))


def error(code: str | None = None) -> Trigger:
    """Without a code it catches every error."""
    return Trigger("error", root=None if code is None else ("error", {"name": code, "errorCode": code}, ""))


def escalation(code: str | None = None) -> Trigger:
    """Without a code it catches every escalation."""
    found = None if code is None else ("escalation", {"name": code, "escalationCode": code}, "")
    return Trigger("escalation", root=found)


def conditional(condition: str) -> Trigger:
    """`condition` with its leading `=`."""
    return Trigger("conditional", tag("bpmn:condition", {"xsi:type": "bpmn:tFormalExpression"}, escape(condition)))


def link(name: str) -> Trigger:
    return Trigger("link", attributes={"name": name})


def compensate(activity: str | None = None) -> Trigger:
    """Thrown, it takes back one activity, or all of its scope."""
    return Trigger("compensate", attributes={"activityRef": activity})


def cancel() -> Trigger:
    return Trigger("cancel")


def terminate() -> Trigger:
    return Trigger("terminate")


def timer_definition(text: str, kind: str = "timeDuration") -> str:
    return tag("bpmn:timerEventDefinition", {}, timer(text, kind).content)
