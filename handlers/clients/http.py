"""JSON over HTTP to a system that may be slow, down, or of another opinion."""

from __future__ import annotations

import threading
from typing import Any

import httpx

from app.handling import Refused, SystemFailed, SystemSilent, UnexpectedAnswer, Work
from app.handling.net import GuardedTransport, read_networks

LONGEST_CONNECT_S = 5.0
# Refusals of this moment, not of this request: too early, too many, took too long.
ALLOWED_NETWORKS = "allowed_networks"
PASSING = frozenset({408, 425, 429})
_clients: dict[str, httpx.Client] = {}
_strangers: dict[str, httpx.Client] = {}  # by the networks that are allowed beside public ones
_opening = threading.Lock()


def call(
    work: Work, base_url: str, method: str, path: str, *, body: Any = None, params: dict[str, Any] | None = None
) -> dict[str, Any] | Refused:
    """The system's JSON answer, or its business refusal: a 4xx whose body has a `code`.

    The request carries `work.key` as Idempotency-Key and is given up at `work.deadline`. A `base_url` that is none of
    the installation's settings, but came with the order, reaches public addresses only (`app.handling.net`).
    Raises  SystemSilent if no answer came in time (504 counts as such), or no connection
            SystemFailed for 5xx and for 408, 425 and 429
            AddressRefused for an address that is not public (not tried again)
            UnexpectedAnswer for anything else that is neither success nor refusal (not tried again)
    """
    where = f"{method} {base_url}{path}"
    remaining_s = work.remaining_s()
    if remaining_s <= 0:
        raise SystemSilent(f"{where} was not sent: the attempt's time was over before it", key=work.key)
    url = path if base_url in work.settings.values() else f"{base_url.rstrip('/')}{path}"
    headers = {"Idempotency-Key": work.key}
    timeout = httpx.Timeout(remaining_s, connect=min(remaining_s, LONGEST_CONNECT_S))
    facts = {"http.request.method": method, "server.address": base_url, "url.path": path}
    with work.span.child(f"{method} {base_url}", facts, "client") as span:
        if span.traceparent is not None:
            headers["traceparent"] = span.traceparent
        try:
            response = _client(work, base_url).request(
                method, url, json=body, params=params, headers=headers, timeout=timeout
            )
        except httpx.TimeoutException as error:
            raise SystemSilent(f"{where} gave no answer within {remaining_s:.1f} s", key=work.key) from error
        except httpx.TransportError as error:
            raise SystemSilent(f"{where} could not be reached, or broke off: {error}", key=work.key) from error
        span.note({"http.response.status_code": response.status_code})
    work.logger.info("system_answered", method=method, path=path, status=response.status_code)
    return _read(work, where, response)


def close_clients() -> None:
    """Closes the pooled connections of this process; the next call opens new ones."""
    with _opening:
        for clients in (_clients, _strangers):
            while clients:
                clients.popitem()[1].close()


def _client(work: Work, base_url: str) -> httpx.Client:
    """The process's client for this system, which keeps a pool of connections to it."""
    if base_url not in work.settings.values():
        return _stranger(work)
    with _opening:
        if base_url not in _clients:
            # The environment's proxies are not for traffic inside the operator's network.
            _clients[base_url] = httpx.Client(base_url=base_url, trust_env=False)
        return _clients[base_url]


def _stranger(work: Work) -> httpx.Client:
    """The client for all addresses that came with an order."""
    networks = work.settings.get(ALLOWED_NETWORKS, "")
    with _opening:
        if networks not in _strangers:
            _strangers[networks] = httpx.Client(transport=GuardedTransport(read_networks(networks)), trust_env=False)
        return _strangers[networks]


def _read(work: Work, where: str, response: httpx.Response) -> dict[str, Any] | Refused:
    status = response.status_code
    content = _json_object(response)
    if response.is_success and content is not None:
        return content
    said = f"{where} answered {status}: {_said(content, response)}"
    if status == 504:
        raise SystemSilent(said, key=work.key, status=status)
    if status >= 500 or status in PASSING:
        raise SystemFailed(said, key=work.key, status=status)
    if status >= 400 and content is not None and isinstance(content.get("code"), str):
        return Refused(content["code"], str(content.get("message", "")))
    raise UnexpectedAnswer(
        f"{said}. Expected a JSON object, or a refusal with a code: check the address and the credentials.",
        key=work.key,
        status=status,
    )


def _json_object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        content = response.json()
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _said(content: dict[str, Any] | None, response: httpx.Response) -> str:
    if content is not None and "message" in content:
        return str(content["message"])
    return response.text[:200] or "an empty body"
