"""The operator's systems behind the one address that the installation names for them (`TURNUP_LAB_URL`)."""

from __future__ import annotations

from typing import Any

from app.handling import Done, Refused, Work
from handlers.clients.http import call


def ask(work: Work, method: str, path: str, **parts: Any) -> dict[str, Any] | Refused:
    """A system's JSON answer, or its refusal; `parts`, and what is raised, are those of `call`."""
    return call(work, work.setting("lab_url"), method, path, **parts)


def done_unless(answer: dict[str, Any] | Refused, gone: str) -> Done | Refused:
    """What an undo says of an answer: done, also when the system refuses with `gone`, as nothing is left."""
    return answer if isinstance(answer, Refused) and answer.code != gone else Done()
