"""Logging in, with a password or by the provider, and out."""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.core.errors import Conflict, NotFound
from app.dashboard.access import local_path, person
from app.dashboard.cookies import (
    drop_session,
    is_from_elsewhere,
    keep_session,
    keep_visit,
    new_visit,
    session_cookie,
    visit_cookie,
)
from app.dashboard.parts import DashboardParts
from app.identity.guesses import TooManyGuesses
from app.identity.login import LoginRefused, Visitor
from app.identity.provider import ProviderRefused, ProviderSilent
from app.identity.visits import ProviderLogin
from app.web.acting import act


class LoginPages:
    """Open to strangers, all but the way out."""

    def __init__(self, parts: DashboardParts) -> None:
        self._database = parts.database
        self._identity = parts.identity
        self._rate = parts.rate

    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/login", "login", self.show, methods=["GET"])
        blueprint.add_url_rule("/login", "log_in", self.log_in, methods=["POST"])
        blueprint.add_url_rule("/login/provider", "log_in_by_provider", self.log_in_by_provider, methods=["GET"])
        blueprint.add_url_rule("/login/provider/back", "come_back", self.come_back, methods=["GET"])
        blueprint.add_url_rule("/logout", "log_out", self.log_out, methods=["POST"])
        blueprint.add_url_rule("/logout/everywhere", "log_out_everywhere", self.log_out_everywhere, methods=["POST"])

    def show(self) -> AnyResponse:
        target = local_path(request.args.get("next"))
        return redirect(target) if person() else self._form(target)

    def log_in(self) -> AnyResponse:
        target, name = local_path(request.form.get("next")), request.form.get("name", "").strip()
        try:
            cookie = self._identity.login.enter(name, request.form.get("password", ""), visitor())
        except LoginRefused as error:
            return self._form(target, error.message, 401)
        except TooManyGuesses as error:
            answer = self._form(target, error.message, 429)
            answer.headers["Retry-After"] = str(error.retry_after_s)
            return answer
        return self._let_in(cookie, target)

    def log_in_by_provider(self) -> AnyResponse:
        """Sends the browser to the provider; it is known again by its cookie.

        Another site's link leads to our own page first: nobody is logged in without having said so.
        """
        self._rate.take(f"log-in {request.remote_addr}")
        target = local_path(request.args.get("next"))
        if is_from_elsewhere():
            return redirect(url_for("dashboard.login", next=target))
        cookie = visit_cookie() or secrets.token_urlsafe(24)
        try:
            answer = redirect(self._provider().begin(cookie, url_for("dashboard.come_back", _external=True), target))
        except ProviderSilent as error:
            return self._form(target, error.message, 502)
        keep_visit(answer, cookie)
        return answer

    def come_back(self) -> AnyResponse:
        self._rate.take(f"log-in {request.remote_addr}")
        try:
            cookie, target = self._provider().finish(visit_cookie(), request.args, request.url, visitor())
        except (ProviderRefused, Conflict) as error:
            return self._form("/", error.message, 403)
        except ProviderSilent as error:
            return self._form("/", error.message, 502)
        return self._let_in(cookie, target)

    def _provider(self) -> ProviderLogin:
        if self._identity.provider_login is None:
            raise NotFound("Nobody is logged in by a provider here.")
        return self._identity.provider_login

    def _let_in(self, cookie: str, target: str) -> AnyResponse:
        """A session that the browser held before is closed: a log-in leaves none behind that somebody else may know."""
        if session_cookie():
            with self._database.transaction() as tx:
                self._identity.sessions.close(tx, session_cookie())
        answer = redirect(target, 303)
        keep_session(answer, cookie, round(self._identity.sessions.longest.total_seconds()))
        return answer

    def log_out(self) -> AnyResponse:
        act(self._database, lambda tx, _: self._identity.sessions.close(tx, session_cookie()))
        return _left()

    def log_out_everywhere(self) -> AnyResponse:
        act(self._database, lambda tx, deed: self._identity.sessions.close_all(tx, str(deed.who.user_id)))
        return _left()

    def _form(self, target: str, problem: str | None = None, status: int = 200) -> AnyResponse:
        """With a proof of its own: a stranger is given something to prove it by."""
        new = None
        if not session_cookie() and not visit_cookie():
            new = new_visit()
        by_provider = self._identity.provider_login
        page = render_template(
            "login.html",
            target=target,
            problem=problem,
            name=request.form.get("name", ""),
            provider=by_provider.provider.settings.name if by_provider else None,
        )
        answer = Response(page, status)
        if new is not None:
            keep_visit(answer, new)
        return answer


def visitor() -> Visitor:
    return Visitor(request.remote_addr or "", request.user_agent.string)


def _left() -> AnyResponse:
    answer = redirect(url_for("dashboard.login"), 303)
    drop_session(answer)
    return answer
