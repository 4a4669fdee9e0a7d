"""Sample orders: what to start, how the laboratory network is to misbehave, and where the order must end up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import orjson


@dataclass(frozen=True)
class Sample:
    """A file of processes/samples. `state` is completed, waiting or fallen_out, the last two at `element`.

    `before` are calls of the laboratory (a path and a body to be posted there) that give the customer what the order is
    about: a line that is moved, a telephone that is suspended.
    """

    name: str
    title: str
    request: dict[str, Any]
    before: list[dict[str, Any]]
    faults: list[dict[str, Any]]
    state: str
    element: str | None
    incident_code: str | None

    @classmethod
    def read(cls, file: Path) -> Self:
        content = orjson.loads(file.read_bytes())
        request, expect = content["request"], content["expect"]
        return cls(
            name=file.stem,
            title=content["title"],
            request={
                "processId": request["process_id"],
                "businessKey": request["business_key"],
                "variables": request["variables"],
            },
            before=content.get("before", []),
            faults=content["lab"],
            state=expect["state"],
            element=expect.get("element"),
            incident_code=expect.get("incident_code"),
        )

    @property
    def never_answered(self) -> bool:
        """Does a system answer nothing of use to it until somebody mends that?"""
        return any(
            fault["kind"] in ("unavailable", "time_out") and not {"calls", "seconds", "for_s"} & set(fault)
            for fault in self.faults
        )

    @property
    def expected(self) -> str:
        place = f" at {self.element}" if self.element else ""
        return f"{self.state}{place}{f' ({self.incident_code})' if self.incident_code else ''}"


def read_samples(folder: Path) -> list[Sample]:
    return [Sample.read(file) for file in sorted(folder.glob("*.json"))]


@dataclass
class Order:
    """A submitted sample, and what the API last said of it."""

    sample: Sample
    id: str
    seen: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """`waiting`: active, and only something from outside can move it."""
        found = str(self.seen.get("state", "accepted"))
        waits = {wait["kind"] for wait in self.seen.get("waits", ())}
        return "waiting" if found == "active" and not waits & {"job", "claim", "retry"} else found

    @property
    def places(self) -> dict[str, str]:
        """Element -> why the order stands there: an incident's code, or what is waited for."""
        if self.seen.get("incidents"):
            return {str(incident["elementId"]): str(incident["code"]) for incident in self.seen["incidents"]}
        return {
            str(wait["elementId"]): str(wait["kind"])
            for wait in self.seen.get("waits", ())
            if wait["elementId"] and wait["kind"] not in ("attached", "child", "join")
        }

    @property
    def is_where_expected(self) -> bool:
        sample = self.sample
        if self.state != sample.state:
            return False
        if sample.element is not None and sample.element not in self.places:
            return False
        return sample.incident_code is None or self.places.get(str(sample.element)) == sample.incident_code

    @property
    def where(self) -> str:
        return ", ".join(f"{element} ({why})" for element, why in self.places.items())

    @property
    def found(self) -> str:
        return f"{self.state} at {self.where}" if self.where else self.state
