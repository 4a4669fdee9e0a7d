"""Who may see the pages: a token and a name at the door, a signed cookie after it, and a proof on every POST."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, redirect, render_template, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from werkzeug.wrappers import Response as AnyResponse

from app.core.clock import Clock
from app.core.errors import TurnupError

OPEN_ENDPOINTS = frozenset({"dashboard.login", "dashboard.log_in"})
NAME_LIMIT = 100
FORM_LIMIT_BYTES = 1_500_000
# A diagram or model of the largest size that is accepted, and its envelope.
UPLOAD_LIMITS = {"dashboard.deploy": 6_000_000, "dashboard.deploy_decisions": 6_000_000}
SESSION_LIFETIME = timedelta(hours=12)


class ForgedRequest(TurnupError):
    """A POST without the proof that one of our own pages sent it."""

    status = 403


class PageSessions(SecureCookieSessionInterface):
    """Cookies of a page that came over TLS never leave over anything else."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def local_path(target: str | None) -> str:
    """`target` when it leads to a page of this server, else the first page."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    if any(ord(character) < 32 for character in target):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc else target


def operator() -> str:
    """Who acts, as they named themselves at the door."""
    return str(session["by"])


class Access:
    """Lets those pass who know the token, until it expires. An empty token lets nobody pass."""

    def __init__(self, token: str, clock: Clock, expires_at: datetime | None = None) -> None:
        self._token = token.encode()
        self._clock = clock
        self._expires_at = expires_at
        # In the session, so that a new token ends the sessions that the old one opened.
        self._seal = hmac.digest(self._token, b"turnup dashboard session", "sha256").hex()

    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/login", "login", self.show, methods=["GET"])
        blueprint.add_url_rule("/login", "log_in", self.log_in, methods=["POST"])
        blueprint.add_url_rule("/logout", "log_out", self.log_out, methods=["POST"])
        blueprint.before_request(self.guard)

    def guard(self) -> AnyResponse | None:
        """Turns strangers to the login page and refuses POSTs that no page of ours sent."""
        request.max_content_length = UPLOAD_LIMITS.get(request.endpoint or "", FORM_LIMIT_BYTES)
        if request.endpoint not in OPEN_ENDPOINTS and not self.is_known():
            return self._to_login()
        if request.method == "POST":
            proof = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
            if not hmac.compare_digest(proof.encode(), str(session.get("csrf", "")).encode()) or not proof:
                raise ForgedRequest("This form is no longer valid. Reload the page and send it again.")
        return None

    def is_known(self) -> bool:
        return not self._is_over() and hmac.compare_digest(str(session.get("seal", "")), self._seal)

    def _is_over(self) -> bool:
        return not self._token or (self._expires_at is not None and self._clock.now() >= self._expires_at)

    def show(self) -> str | AnyResponse:
        target = local_path(request.args.get("next"))
        if self.is_known():
            return redirect(target)
        return self._form(target)

    def log_in(self) -> AnyResponse:
        target = local_path(request.form.get("next"))
        name = " ".join(request.form.get("name", "").split())
        if not 0 < len(name) <= NAME_LIMIT:
            problem = f"Say who you are, in up to {NAME_LIMIT} characters: it stands beside what you do."
            return Response(self._form(target, {"name": problem}), 400)
        if not self._token or not hmac.compare_digest(request.form.get("token", "").strip().encode(), self._token):
            problem = "That is not the token. It is the value of TURNUP_TOKEN that the server was started with."
            return Response(self._form(target, {"token": problem}), 401)
        if self._is_over():
            problem = "That token has expired. Start the server with a new TURNUP_TOKEN."
            return Response(self._form(target, {"token": problem}), 401)
        session.clear()
        session.permanent = True
        session.update(seal=self._seal, by=name, csrf=secrets.token_urlsafe(24))
        return redirect(target, 303)

    def log_out(self) -> AnyResponse:
        session.clear()
        return redirect(url_for("dashboard.login"), 303)

    def _form(self, target: str, problems: Mapping[str, str] | None = None) -> str:
        session.setdefault("csrf", secrets.token_urlsafe(24))
        return render_template("login.html", target=target, problems=problems or {}, name=request.form.get("name", ""))

    def _to_login(self) -> AnyResponse:
        if request.headers.get("HX-Request"):
            # A fragment cannot show the login page: the browser is sent there as a whole.
            here = urlsplit(request.headers.get("HX-Current-URL", ""))
            back = local_path(f"{here.path}?{here.query}" if here.query else here.path)
            return Response(status=401, headers={"HX-Redirect": url_for("dashboard.login", next=back)})
        back = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(url_for("dashboard.login", next=back) if back != "/" else url_for("dashboard.login"))
