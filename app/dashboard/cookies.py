"""What a browser holds: a session's cookie, or a stranger's; and the proof made from it that a form is one of ours."""

from __future__ import annotations

import hmac
import secrets

from flask import g, request
from werkzeug.wrappers import Response

from app.core.errors import TurnupError
from app.identity.sessions import proof_of

_SESSION = "session"
_VISIT = "visit"  # a stranger's, so that the form of the log-in has a proof too


class ForgedRequest(TurnupError):
    """A POST without the proof that one of our own pages sent it."""

    status = 403


def session_cookie() -> str:
    """What the browser holds; empty for a stranger."""
    return _held(_SESSION)


def proof() -> str:
    """For the forms of the page that is answered."""
    held: str = session_cookie() or g.get("turnup_visit", "") or visit_cookie()
    return proof_of(held) if held else ""


def visit_cookie() -> str:
    """What a stranger's browser holds; empty before its first visit."""
    return _held(_VISIT)


def new_visit() -> str:
    """For a stranger's first visit: the page that is answered makes its proof from it."""
    g.turnup_visit = secrets.token_urlsafe(24)
    return str(g.turnup_visit)


def check_proof() -> None:
    """ForgedRequest. Browsers say themselves when another site sends a form; the proof is for those that do not."""
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    held = proof()
    if is_from_elsewhere() or not held:
        raise ForgedRequest("This form came from another site, or its page is too old. Reload the page and try again.")
    if not hmac.compare_digest(sent.encode(), held.encode()):
        raise ForgedRequest("This form is no longer valid. Reload the page and send it again.")


def is_from_elsewhere() -> bool:
    """Whether the browser says that another site sent it here."""
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")


def keep_session(answer: Response, cookie: str, max_age_s: int) -> None:
    """The browser is to hold it, and no stranger's any more."""
    _hand_out(answer, _SESSION, cookie, max_age_s)
    _take_back(answer, _VISIT)


def keep_visit(answer: Response, cookie: str) -> None:
    _hand_out(answer, _VISIT, cookie)


def drop_session(answer: Response) -> None:
    _take_back(answer, _SESSION)


def _name(kind: str) -> str:
    """Over TLS a name that browsers let nobody set but this host, and for all its paths."""
    return f"__Host-turnup-{kind}" if request.is_secure else f"turnup_{kind}"


def _held(kind: str) -> str:
    return request.cookies.get(_name(kind), "")[:100]


def _hand_out(answer: Response, kind: str, value: str, max_age_s: int | None = None) -> None:
    answer.set_cookie(
        _name(kind), value, max_age=max_age_s, secure=request.is_secure, httponly=True, samesite="Lax", path="/"
    )


def _take_back(answer: Response, kind: str) -> None:
    answer.delete_cookie(_name(kind), secure=request.is_secure, httponly=True, samesite="Lax", path="/")
