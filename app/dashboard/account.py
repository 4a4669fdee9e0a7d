"""One's own account: what one may do, where one is logged in, the password, and tokens for one's programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.core.errors import InvalidInput
from app.dashboard.access import person
from app.dashboard.cookies import session_cookie
from app.dashboard.login import visitor
from app.dashboard.pages import Pages
from app.identity import tokens, users
from app.identity.authority import Person, read_grant
from app.identity.login import LoginRefused
from app.identity.permissions import IN_WORDS, Permission
from app.identity.tokens import NewToken
from app.web.acting import Deed, act

DAYS = (7, 30, 90, 365)


class AccountPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/account", "account", self.show, methods=["GET"])
        blueprint.add_url_rule("/account/password", "change_password", self.change_password, methods=["POST"])
        blueprint.add_url_rule("/account/tokens", "make_token", self.make_token, methods=["POST"])
        blueprint.add_url_rule("/account/tokens/<token_id>/revoke", "revoke_token", self.revoke, methods=["POST"])

    def show(self, **facts: Any) -> str:
        with self.parts.database.reading() as connection:
            return self.page(connection, "account.html", **self._facts(connection), **facts)

    def _facts(self, connection: sa.Connection) -> dict[str, Any]:
        me = _me()
        reaches = {permission: me.authority.reach(permission) for permission in Permission}
        return {
            "user": users.get(connection, me.name),
            "permitted": [(IN_WORDS[each], reach) for each, reach in reaches.items() if reach is None or reach],
            "sessions": self.parts.identity.sessions.list_of(connection, str(me.user_id), session_cookie()),
            "tokens": tokens.list_tokens(connection, me.user_id),
            "days": DAYS,
        }

    def change_password(self) -> Response:
        """Ends every session, this one too, so that whoever knew the old one is out."""
        old, new = request.form.get("old", ""), request.form.get("password", "")
        if new != request.form.get("again", ""):
            raise InvalidInput("The two new passwords are not the same. Type it twice alike.", path="$.again")
        try:
            self.parts.identity.login.check(_me().name, old, visitor())
        except LoginRefused as error:
            raise InvalidInput("That is not the password you have now.", path="$.old") from error
        act(self.parts.database, lambda tx, deed: self.parts.identity.users.change_password(tx, deed.by, new))
        return redirect(url_for("dashboard.login"), 303)

    def make_token(self) -> str:
        """It is shown in this one answer and never again."""
        days = request.form.get("days", "")
        if days not in map(str, DAYS):
            raise InvalidInput(f"Choose one of {', '.join(map(str, DAYS))} days.", path="$.days")
        grants = [read_grant(text) for text in request.form.get("grants", "").split(",") if text.strip()]
        until = self.parts.clock.now() + timedelta(days=int(days))
        new = NewToken(request.form.get("name", "").strip(), grants, until, _me().user_id)

        def issue(tx: Transaction, deed: Deed) -> str:
            return self.parts.identity.tokens.issue(tx, new, deed.by)[1]

        return self.show(made=act(self.parts.database, issue), made_name=new.name)

    def revoke(self, token_id: str) -> Response:
        act(self.parts.database, lambda tx, _: self.parts.identity.tokens.revoke(tx, token_id, str(_me().user_id)))
        return redirect(url_for("dashboard.account"), 303)


def _me() -> Person:
    found = person()
    assert found is not None  # nosec B101  # states an invariant
    return found
