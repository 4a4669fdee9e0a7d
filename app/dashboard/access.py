"""Who may see the pages: whoever has a session, through the doors that their roles open."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from flask import Blueprint, Response, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.core.errors import InvalidInput, NotFound
from app.core.texts import as_text, is_text
from app.dashboard.cookies import check_proof, session_cookie
from app.dashboard.parts import DashboardParts
from app.identity.authority import Person
from app.web.acting import door_here, enter

FORM_LIMIT_BYTES = 1_500_000
LOGIN_LIMIT_BYTES = 20_000
_DRAWN = (
    *("check_drawn", "check_decisions", "make_draft", "save_draft"),
    *("deploy_drawn_form", "deploy_drawn", "deploy_drawn_decisions", "convert_drawn", "test_drawn"),
)
# A diagram or model of the largest size that is accepted, and its envelope.
UPLOAD_LIMITS = {
    "dashboard.deploy": 6_000_000,
    "dashboard.test_deployment": 6_000_000,
    "dashboard.deploy_decisions": 6_000_000,
    # Twice what a draft may have: JSON writes some of its characters as two
    **dict.fromkeys((f"dashboard.{name}" for name in _DRAWN), 2_100_000),
    "dashboard.log_in": LOGIN_LIMIT_BYTES,
}


def local_path(target: str | None) -> str:
    """`target` when it leads to a page of this server, else the first page."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    if any(ord(character) < 32 for character in target):
        return "/"
    parts = _parts(target)
    return "/" if parts.scheme or parts.netloc else target


def _parts(url: str) -> SplitResult:
    """Of nothing, where it is no URL: `http://[`."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def person() -> Person | None:
    """Who is logged in."""
    found: Person | None = g.get("turnup_person")
    return found


def operator() -> str:
    """Who acts."""
    found = person()
    assert found is not None
    return found.name


class Access:
    """The guard before every page."""

    def __init__(self, parts: DashboardParts) -> None:
        self._database = parts.database
        self._identity = parts.identity
        self._rate = parts.rate

    def routes(self, blueprint: Blueprint) -> None:
        blueprint.before_request(self.guard)

    def guard(self) -> AnyResponse | None:
        """Turns strangers to the login page, and refuses POSTs that no page of ours sent, and what is not permitted."""
        request.max_content_length = UPLOAD_LIMITS.get(request.endpoint or "", FORM_LIMIT_BYTES)
        door = door_here()
        g.turnup_person = found = self._find()
        if found is None and not door.public:
            return _to_login()
        if request.method == "POST":
            check_proof()
        _check_texts()
        if found is not None and not door.public:
            self._rate.take(f"user {found.user_id}")
            enter(found, self._identity)
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


def _check_texts() -> None:
    """Refuses what no store can hold as text, wherever it stands: nobody types it."""
    for name, values in (*request.args.lists(), *request.form.lists()):
        if not all(map(is_text, (name, *values))):
            path = f"$.{as_text(name)[:80]}"
            raise InvalidInput("There is a NUL character in what was sent. Leave it out.", path=path)
    if not all(is_text(str(value)) for value in (request.view_args or {}).values()):
        raise NotFound("There is nothing with such an id.")


def _to_login() -> AnyResponse:
    if request.headers.get("HX-Request"):
        # A fragment cannot show the login page: the browser is sent there as a whole.
        here = _parts(request.headers.get("HX-Current-URL", ""))
        back = local_path(f"{here.path}?{here.query}" if here.query else here.path)
        return Response(status=401, headers={"HX-Redirect": url_for("dashboard.login", next=back)})
    back = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect(url_for("dashboard.login", next=back) if back != "/" else url_for("dashboard.login"))
