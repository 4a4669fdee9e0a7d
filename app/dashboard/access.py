"""Who may see the pages: a session that a log-in opened, and a proof in every POST that one of our pages sent it."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.core.errors import Conflict, NotFound, TurnupError
from app.dashboard.parts import DashboardParts
from app.identity.authority import Person
from app.identity.guesses import TooManyGuesses
from app.identity.login import LoginRefused, Visitor
from app.identity.provider import ProviderRefused, ProviderSilent
from app.identity.sessions import proof_of
from app.identity.visits import ProviderLogin
from app.web.acting import act, door_here, enter

FORM_LIMIT_BYTES = 1_500_000
LOGIN_LIMIT_BYTES = 20_000
# A diagram or model of the largest size that is accepted, and its envelope.
UPLOAD_LIMITS = {
    "dashboard.deploy": 6_000_000,
    "dashboard.deploy_decisions": 6_000_000,
    "dashboard.log_in": LOGIN_LIMIT_BYTES,
}
# What a stranger holds, so that the form of the log-in has a proof too
_VISIT = "visit"
_SESSION = "session"


class ForgedRequest(TurnupError):
    """A POST without the proof that one of our own pages sent it."""

    status = 403


def local_path(target: str | None) -> str:
    """`target` when it leads to a page of this server, else the first page."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    if any(ord(character) < 32 for character in target):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc else target


def person() -> Person | None:
    """Who is logged in."""
    found: Person | None = g.get("turnup_person")
    return found


def operator() -> str:
    """Who acts."""
    found = person()
    assert found is not None
    return found.name


def session_cookie() -> str:
    """What the browser holds; empty for a stranger."""
    return _held(_SESSION)


def proof() -> str:
    """For the forms of the page that is answered."""
    held: str = session_cookie() or g.get("turnup_visit", "") or _held(_VISIT)
    return proof_of(held) if held else ""


def visitor() -> Visitor:
    return Visitor(request.remote_addr or "", request.user_agent.string)


class Access:
    """The log-in, and the guard before every page."""

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
        blueprint.before_request(self.guard)

    def guard(self) -> AnyResponse | None:
        """Turns strangers to the login page, and refuses POSTs that no page of ours sent, and what is not permitted."""
        request.max_content_length = UPLOAD_LIMITS.get(request.endpoint or "", FORM_LIMIT_BYTES)
        door = door_here()
        g.turnup_person = found = self._find()
        if found is None and not door.public:
            return self._to_login()
        if request.method == "POST":
            _check_proof()
        if found is not None and not door.public:
            self._rate.take(f"user {found.user_id}")
            enter(found, self._database, self._identity.clock)
        return None

    def _find(self) -> Person | None:
        """Whose session it is. A page that asks for its changes by itself does not keep one open."""
        cookie = session_cookie()
        if not cookie:
            return None
        with self._database.reading() as connection:
            found = self._identity.sessions.find(connection, cookie)
        if found is None:
            return None
        if found.is_due and not (request.method == "GET" and request.headers.get("HX-Request")):
            with self._database.transaction(synced=False) as tx:
                self._identity.sessions.note_use(tx, cookie)
        return found.person

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
        """Sends the browser to the provider; it is known again by its cookie."""
        self._rate.take(f"log-in {request.remote_addr}")
        cookie = _held(_VISIT) or secrets.token_urlsafe(24)
        target = local_path(request.args.get("next"))
        try:
            answer = redirect(self._provider().begin(cookie, url_for("dashboard.come_back", _external=True), target))
        except ProviderSilent as error:
            return self._form(target, error.message, 502)
        _hand_out(answer, _VISIT, cookie)
        return answer

    def come_back(self) -> AnyResponse:
        self._rate.take(f"log-in {request.remote_addr}")
        try:
            cookie, target = self._provider().finish(_held(_VISIT), request.args, request.url, visitor())
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
        _hand_out(answer, _SESSION, cookie, round(self._identity.sessions.longest.total_seconds()))
        _take_back(answer, _VISIT)
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
        if not session_cookie() and not _held(_VISIT):
            new = g.turnup_visit = secrets.token_urlsafe(24)
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
            _hand_out(answer, _VISIT, new)
        return answer

    def _to_login(self) -> AnyResponse:
        if request.headers.get("HX-Request"):
            # A fragment cannot show the login page: the browser is sent there as a whole.
            here = urlsplit(request.headers.get("HX-Current-URL", ""))
            back = local_path(f"{here.path}?{here.query}" if here.query else here.path)
            return Response(status=401, headers={"HX-Redirect": url_for("dashboard.login", next=back)})
        back = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(url_for("dashboard.login", next=back) if back != "/" else url_for("dashboard.login"))


def _check_proof() -> None:
    """ForgedRequest. Browsers say themselves when another site sends a form; the proof is for those that do not."""
    sent = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    held = proof()
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") or not held:
        raise ForgedRequest("This form came from another site, or its page is too old. Reload the page and try again.")
    if not hmac.compare_digest(sent.encode(), held.encode()):
        raise ForgedRequest("This form is no longer valid. Reload the page and send it again.")


def _name(kind: str) -> str:
    """Over TLS a name that browsers let nobody set but this host, and for all its paths."""
    return f"__Host-turnup-{kind}" if request.is_secure else f"turnup_{kind}"


def _held(kind: str) -> str:
    return request.cookies.get(_name(kind), "")[:100]


def _hand_out(answer: AnyResponse, kind: str, value: str, max_age_s: int | None = None) -> None:
    answer.set_cookie(
        _name(kind), value, max_age=max_age_s, secure=request.is_secure, httponly=True, samesite="Lax", path="/"
    )


def _take_back(answer: AnyResponse, kind: str) -> None:
    answer.delete_cookie(_name(kind), secure=request.is_secure, httponly=True, samesite="Lax", path="/")


def _left() -> AnyResponse:
    answer = redirect(url_for("dashboard.login"), 303)
    _take_back(answer, _SESSION)
    return answer
