"""A request as an entry of the audit: who asked what of which door, and why."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from flask import g, request

from app.core.errors import TurnupError
from app.identity.audit.entries import Entry
from app.identity.authority import Person
from app.web.doors import Door

# What no record says: what it is kept for, and what nobody else may know.
_UNSAID = frozenset({"csrf", "reason", "by"})
_SECRET = frozenset({"password", "old", "new", "again", "token", "secret"})
_FILES = frozenset({"document"})


def entry_of(
    who: Person,
    door: Door,
    at: datetime,
    *,
    target: str | None,
    process_id: str | None = None,
    before: Any = None,
    second: str | None = None,
    refused: TurnupError | None = None,
) -> Entry:
    """Of the present request, done or refused."""
    asked, reason = asked_here()
    return Entry(
        at=at,
        by=who.name,
        second=second,
        via=who.kind,
        user_id=who.user_id,
        token_id=who.token_id,
        action=str(door.needs or request.endpoint),
        door=str(request.endpoint),
        kind=_kind(door),
        target=target_here(target),
        process_id=process_id,
        result="done" if refused is None else "refused",
        code=None if refused is None else refused.code,
        request_id=g.turnup_seen.id if "turnup_seen" in g else None,
        reason=reason,
        before=before,
        after=asked or None,
        address=request.remote_addr,
    )


def _kind(door: Door) -> str | None:
    """What the target is."""
    if door.leads in ("instance", "incident", "task", "job", "process"):
        return door.leads
    return str(door.needs).partition(".")[0] if door.needs is not None else None


def target_here(told: str | None) -> str | None:
    """What the door was told, or the path names."""
    named = told if told is not None else next(iter((request.view_args or {}).values()), None)
    return None if named is None else str(named)[:255]


def asked_here() -> tuple[dict[str, Any], str | None]:
    """What the present request asks for, without what is secret; and why, in the URL where the body is a file."""
    asked = _asked()
    reason = asked.get("reason", request.args.get("reason"))
    said = {name: value for name, value in asked.items() if name not in _UNSAID}
    return said, reason if isinstance(reason, str) else None


def digest_here(target: str | None) -> str:
    """Equal for the same request sent again, whatever reason it gives, and by files as a whole."""
    asked, _ = asked_here()
    files = {name: hashlib.sha256(file.stream.read()).hexdigest() for name, file in request.files.items()}
    for file in request.files.values():
        file.stream.seek(0)
    body = "" if request.form or request.files else hashlib.sha256(request.get_data(cache=True)).hexdigest()
    plain = "" if request.is_json else body
    told = [request.endpoint, request.view_args, target, asked, files, plain]
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


def _asked() -> dict[str, Any]:
    """The body: fields of a form or of a JSON object; of a file its size and name."""
    found: dict[str, Any] = {}
    if request.form or request.files:
        found |= {name: values if len(values) > 1 else values[0] for name, values in request.form.lists()}
        found |= {name: {"file": file.filename} for name, file in request.files.items()}
    elif request.is_json:
        found |= _object(request.get_data(cache=True))
    elif request.content_length:
        found["body"] = {"type": request.mimetype, "bytes": request.content_length}
    return {name: _said(name, value) for name, value in found.items()}


def _said(name: str, value: Any) -> Any:
    """A whole file by its digest: the record is not the place to keep it."""
    if name in _SECRET:
        return "•••"
    if name in _FILES and isinstance(value, str):
        content = value.encode(errors="surrogatepass")
        return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return value


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
