"""JSON over HTTP to a system that may be slow, down, or of another opinion."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import quote

import httpx

from app.handling import Refused, SystemFailed, SystemSilent, UnexpectedAnswer, Work
from app.handling.faults import BadParameter
from app.handling.net import GuardedTransport, origin, read_networks

LONGEST_CONNECT_S = 5.0
ANSWER_LIMIT_BYTES = 10_000_000
ALLOWED_NETWORKS = "allowed_networks"
# Refusals of this moment, not of this request: too early, too many, took too long.
PASSING = frozenset({408, 425, 429})
# By the system's URL, None for all that came with orders, and the networks that are allowed beside public ones
_clients: dict[tuple[str | None, str], httpx.Client] = {}
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
            BadParameter for what is no address over HTTP (not tried again)
            UnexpectedAnswer for more than 10 MB, or anything else that is neither success nor refusal (not tried again)
    """
    where = f"{method} {base_url}{path}"
    remaining_s = work.remaining_s()
    if remaining_s <= 0:
        raise SystemSilent(f"{where} was not sent: the attempt's time was over before it", key=work.key)
    system = base_url if _is_configured(work, base_url) else None
    url = f"{base_url.rstrip('/')}{path}" if system is None else path
    headers = {"Idempotency-Key": work.key}
    timeout = httpx.Timeout(remaining_s, connect=min(remaining_s, LONGEST_CONNECT_S))
    facts = {"http.request.method": method, "server.address": base_url, "url.path": path}
    with work.span.child(f"{method} {base_url}", facts, "client") as span:
        if span.traceparent is not None:
            headers["traceparent"] = span.traceparent
        try:
            parts = {"json": body, "params": params, "headers": headers, "timeout": timeout}
            with _client(work, system).stream(method, url, **parts) as answering:
                response = _whole(work, where, answering)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise BadParameter(f"{where} is no address over HTTP: {error}. Correct the input that has it.") from error
        except httpx.TimeoutException as error:
            raise SystemSilent(f"{where} gave no answer within {remaining_s:.1f} s", key=work.key) from error
        except httpx.TransportError as error:
            raise SystemSilent(f"{where} could not be reached, or broke off: {error}", key=work.key) from error
        span.note({"http.response.status_code": response.status_code})
    work.logger.info("system_answered", method=method, path=path, status=response.status_code)
    return _read(work, where, response)


def segment(value: str) -> str:
    """A value as one part of a path, whatever is in it. BadParameter for what would lead to another part."""
    if value in ("", ".", ".."):
        raise BadParameter(f"Expected a name that can stand in an address, found {value!r}. Correct the input.")
    return quote(value, safe="")


def close_clients() -> None:
    """Closes the pooled connections of this process; the next call opens new ones."""
    with _opening:
        while _clients:
            _clients.popitem()[1].close()


def _is_configured(work: Work, base_url: str) -> bool:
    """Is it a setting's value? Nothing that is no URL counts: a setting may be empty."""
    return "://" in base_url and base_url in work.settings.values()


def _client(work: Work, system: str | None) -> httpx.Client:
    """The process's client for this system, or for all that came with orders; it keeps a pool of connections."""
    networks = work.settings.get(ALLOWED_NETWORKS, "")
    with _opening:
        if (system, networks) not in _clients:
            transport = GuardedTransport(read_networks(networks), None if system is None else origin(system))
            # The environment's proxies are not for traffic inside the operator's network.
            client = httpx.Client(base_url=system or "", transport=transport, trust_env=False)
            _clients[system, networks] = client
        return _clients[system, networks]


def _whole(work: Work, where: str, response: httpx.Response) -> httpx.Response:
    """With its body, unpacked: read no further than its limit, and no longer than there is time."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > ANSWER_LIMIT_BYTES:
            raise UnexpectedAnswer(f"{where} answered more than {ANSWER_LIMIT_BYTES:,} bytes", key=work.key)
        if work.remaining_s() <= 0:
            raise SystemSilent(f"{where} was still answering when the attempt's time was over", key=work.key)
    return httpx.Response(response.status_code, content=bytes(body))


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
