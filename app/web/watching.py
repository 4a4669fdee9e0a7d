"""Every request gets an id, is counted and timed, and is traced and logged where that says something."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from flask import Flask, Response, g, request

from app.core.ids import new_id
from app.core.log import Logger, get_logger
from app.core.meters import Meters
from app.core.tracing import NO_SPAN, NO_TRACING, Span, Tracing

REQUEST_ID = "X-Request-Id"
_FIT_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNTRACED = frozenset({"static", "openapi"})
_PROBES = "health"  # the blueprint
_TURNED_AWAY = frozenset({401, 403, 429})


@dataclass(frozen=True)
class Seen:
    """The present request, as those who watch see it."""

    id: str
    began: float  # on the monotonic clock
    span: Span


class Watching:
    """Looks at the requests of one application."""

    def __init__(self, meters: Meters | None = None, tracing: Tracing = NO_TRACING) -> None:
        self._meters = meters or Meters()
        self._tracing = tracing
        self._logger: Logger = get_logger("turnup.requests")

    def install(self, app: Flask) -> None:
        app.before_request(self._begin)
        app.after_request(self._end)

    def _begin(self) -> None:
        sent = request.headers.get(REQUEST_ID, "")
        request_id = sent if _FIT_ID.fullmatch(sent) else new_id()
        g.turnup_seen = Seen(request_id, time.monotonic(), self._span(request_id))

    def _span(self, request_id: str) -> Span:
        if request.blueprint == _PROBES or request.endpoint in _UNTRACED:
            return NO_SPAN
        facts = {"http.request.method": _method(), "http.route": _route(), "turnup.request_id": request_id}
        return self._tracing.span(f"{_method()} {_route()}", request.headers.get("traceparent"), facts, "server")

    def _end(self, response: Response) -> Response:
        seen: Seen = g.turnup_seen
        seconds = time.monotonic() - seen.began
        response.headers[REQUEST_ID] = seen.id
        self._meters.answered(_method(), _route(), response.status_code, seconds)
        with seen.span as span:
            span.note({"http.response.status_code": response.status_code})
            if response.status_code >= 500:
                span.fail(response.status)
        failed = response.status_code >= 500 and request.blueprint != _PROBES
        if request.method not in ("GET", "HEAD") or failed or response.status_code in _TURNED_AWAY:
            self._log(seen, response, seconds)
        return response

    def _log(self, seen: Seen, response: Response, seconds: float) -> None:
        facts = {"method": _method(), "path": request.path, "status": response.status_code}
        facts |= {"seconds": round(seconds, 4), "address": request.remote_addr, **request_facts()}
        if "turnup_deed" in g:
            facts["by"] = g.turnup_deed.by
        if "Location" in response.headers:
            facts["location"] = response.headers["Location"]
        self._logger.info("request", **facts)


def request_facts() -> dict[str, str]:
    """What a log line about the present request carries."""
    seen: Seen | None = g.get("turnup_seen")
    if seen is None:
        return {}
    trace_id = seen.span.trace_id
    return {"request_id": seen.id} if trace_id is None else {"request_id": seen.id, "trace_id": trace_id}


def trace_parent() -> str | None:
    """What the present request's work is part of; None when it is not traced."""
    seen: Seen | None = g.get("turnup_seen")
    return None if seen is None else seen.span.traceparent


def _method() -> str:
    """Anybody may send a method of their own invention; none becomes a series."""
    return request.method if request.method in _METHODS else "other"


def _route() -> str:
    return request.url_rule.rule if request.url_rule is not None else "unknown"
