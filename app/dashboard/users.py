"""Users and everybody's tokens, for those who manage them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from app.core.db import Transaction
from app.dashboard.pages import Pages
from app.identity import tokens, users
from app.identity.authority import Grant, read_grant
from app.identity.passwords import made_up
from app.identity.permissions import Role
from app.web.acting import Deed, act, deed


class UserPages(Pages):
    def routes(self, blueprint: Blueprint) -> None:
        blueprint.add_url_rule("/users", "users", self.show, methods=["GET"])
        blueprint.add_url_rule("/users", "add_user", self.add, methods=["POST"])
        base = "/users/<name>"
        blueprint.add_url_rule(f"{base}/grants", "grant_user", self.grant, methods=["POST"])
        blueprint.add_url_rule(f"{base}/groups", "group_user", self.group, methods=["POST"])
        blueprint.add_url_rule(f"{base}/password", "reset_password", self.reset, methods=["POST"])
        blueprint.add_url_rule(f"{base}/disable", "disable_user", self.disable, methods=["POST"])
        blueprint.add_url_rule(f"{base}/enable", "enable_user", self.enable, methods=["POST"])
        blueprint.add_url_rule("/tokens/<token_id>/revoke", "revoke_any_token", self.revoke, methods=["POST"])

    def show(self, **facts: Any) -> str:
        with self.parts.database.reading() as connection:
            listed = users.list_users(connection)
            every = tokens.list_tokens(connection)
            return self.page(connection, "users.html", users=listed, tokens=every, roles=[*Role], **facts)

    def add(self) -> str:
        """With a password that nobody has thought of; it is shown in this one answer."""
        name, password, grants = request.form.get("name", "").strip(), made_up(), _read_grants()
        everybody = self.parts.identity.users
        deed().target = name[:255]
        act(self.parts.database, lambda tx, deed: everybody.add(tx, name, password, grants, deed.by))
        return self.show(made_for=name, made=password)

    def reset(self, name: str) -> str:
        password = made_up()
        everybody = self.parts.identity.users
        act(self.parts.database, lambda tx, _: everybody.change_password(tx, name, password))
        return self.show(made_for=name, made=password)

    def grant(self, name: str) -> Response:
        grants = _read_grants()

        def work(tx: Transaction, deed: Deed) -> None:
            deed.before = {"grants": sorted(map(str, users.get(tx.connection, name).grants))}
            self.parts.identity.users.grant(tx, name, grants)

        return self._act(work)

    def group(self, name: str) -> Response:
        groups = request.form.get("groups", "").split(",")

        def work(tx: Transaction, deed: Deed) -> None:
            deed.before = {"groups": list(users.get(tx.connection, name).groups)}
            self.parts.identity.users.put_in_groups(tx, name, groups)

        return self._act(work)

    def disable(self, name: str) -> Response:
        return self._act(lambda tx, _: self.parts.identity.users.disable(tx, name))

    def enable(self, name: str) -> Response:
        return self._act(lambda tx, _: self.parts.identity.users.enable(tx, name))

    def revoke(self, token_id: str) -> Response:
        return self._act(lambda tx, _: self.parts.identity.tokens.revoke(tx, token_id))

    def _act(self, work: Callable[[Transaction, Deed], None]) -> Response:
        act(self.parts.database, work)
        return redirect(url_for("dashboard.users"), 303)


def _read_grants() -> list[Grant]:
    """`operator, lead@ftth_activate`."""
    texts = request.form.get("grants", "").split(",")
    return [read_grant(text, roles_only=True) for text in texts if text.strip()]
