"""What a caller reads when something goes wrong: the system's own words, where it has some for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.lab.faults import KINDS, Fault
from app.lab.systems import LabSystem


@dataclass(frozen=True)
class Reply:
    status: int
    body: dict[str, Any]


def failed(system: LabSystem, fault: Fault, subject: Mapping[str, Any]) -> Reply:
    """An injected fault, as the system would have told it."""
    kind = KINDS[fault.kind]
    code = fault.code or kind.code
    if code is not None and (failure := system.failures.get(code)) is not None:
        refusal = failure.refusal(code, subject)
        body = refusal.body if fault.message is None else {**refusal.body, "message": fault.message}
        return Reply(fault.status or refusal.status, body)
    body = {"message": fault.message or system.outages.get(fault.kind) or kind.message}
    return Reply(fault.status or kind.status or 500, {**body, "code": code} if code else body)
