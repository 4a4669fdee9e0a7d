"""Nasty values in every field, query and path of every page, on both stores: no answer is a breakdown."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.core.settings import read_settings
from app.factory import House, build_house
from app.identity.authority import Grant
from app.identity.permissions import Role
from app.identity.sessions import proof_of
from tests.factories.people import PASSWORD, quick_passwords

ROUNDS = 8
FIELDS = (
    *("name", "reason", "grants", "process", "per_s", "password", "take", "key", "concurrent", "value", "target", "state"),
    *("result", "q", "outputs", "old", "next", "json", "inputs", "days", "by", "again", "action", "page", "since", "until"),
    *("incident", "version", "code", "error", "iss", "process_id", "input.serial", "history", "element", "call"),
)
NASTY = [
    *("", " ", "\x00", "a\x00b", "\ud83d", "💥", "x" * 3000, "%00", "%s%n", "'; drop table token;--", "../../etc/passwd", "-1"),
    *("0", "1", "1e400", "9" * 5000, "NaN", "-0", "[" * 20_000, '{"a": "\\ud800"}', '{"a": "\\u0000"}', '{"a": 1, "a": 2}'),
    *("<script>x</script>", "{{7*7}}", "a\r\nSet-Cookie: x=1", "//evil.example", "https://evil.example", "\u202eevil", "\uff11", "http://["),
    *('{"a": 123456789012345678901}', '{"": 1}', "admin@\x00", "2026-13-45T99:99:99Z", "0001-01-01T00:00:00+14:00"),
]
FILES = ["../../x.bpmn", 'a"b.dmn', "a\r\nX: y.bpmn", "\x00", "x" * 5000, "<b>.bpmn", "…\u202e.bpmn"]
HEADERS = ("User-Agent", "Origin", "Sec-Fetch-Site", "Cookie", "Range", "If-Modified-Since", "Referer", "X-Request-Id", "X-Forwarded-For", "HX-Current-URL", "If-None-Match", "Accept", "traceparent")


@pytest.fixture
def house(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    given = {"TURNUP_DATABASE_URL": database_url, "TURNUP_DATA_DIR": str(tmp_path / "data")}
    built = build_house(read_settings(given), given, too_many_strays=lambda: None)
    built.room.identity.users._passwords = built.room.identity.login._passwords = quick_passwords()
    yield built
    built.room.close()


def test_no_page_breaks_down_whatever_is_sent(house: House) -> None:
    assert walk(house, random.Random(11), ROUNDS) > 300


def walk(house: House, dice: random.Random, rounds: int) -> int:
    """Sends so many requests to each page, and holds their answers to what must be; how many there were."""
    walked = 0
    enter = a_door(house)
    rules = sorted(house.app.url_map.iter_rules(), key=lambda rule: (rule.endpoint, rule.rule))
    for rule in rules:
        if not rule.endpoint.startswith("dashboard."):
            continue
        for _ in range(rounds):
            walked += 1
            sent = drawn(dice, rule)
            answer = enter(dice.random() < 0.8).open(**sent)
            assert answer.status_code < 500, (sent, answer.text[:500])
            assert_harmless(answer.headers.to_wsgi_list(), answer.headers.get("Location"))
    return walked


@pytest.mark.parametrize("here", ["http://[", "//evil.example", "http://evil.example/x?y", "\xff"])
def test_a_stranger_is_sent_to_the_login_wherever_they_say_they_are(
    here: str, sqlite_databases: Callable[[], str], tmp_path: Path
) -> None:
    given = {"TURNUP_DATABASE_URL": sqlite_databases(), "TURNUP_DATA_DIR": str(tmp_path)}
    built = build_house(read_settings(given), given, too_many_strays=lambda: None)
    headers = {"HX-Request": "true", "HX-Current-URL": here}
    answer = built.app.test_client().get("/tasks", headers=headers)
    built.room.close()
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"].startswith("/login")
    assert "evil" not in answer.headers["HX-Redirect"]


def a_door(house: House) -> Callable[[bool], FlaskClient]:
    """Strangers, or clients with a session of an admin's, a new one for each request: some of the doors close it."""
    identity = house.room.identity
    with house.room.database.transaction() as tx:
        user_id = identity.users.add(tx, "root", PASSWORD, [Grant(Role.ADMIN)], "tests")

    def enter(is_known: bool) -> FlaskClient:
        client: Any = house.app.test_client()
        if not is_known:
            return client  # type: ignore[no-any-return]
        with house.room.database.transaction() as tx:
            cookie = identity.sessions.open(tx, user_id, "::1", "tests")
        client.set_cookie("turnup_session", cookie)
        client.environ_base["HTTP_X_CSRF_TOKEN"] = proof_of(cookie)
        return client  # type: ignore[no-any-return]

    return enter


def drawn(dice: random.Random, rule: Rule) -> dict[str, Any]:
    """A request for the rule, as werkzeug's client takes it."""
    values = [quote(dice.choice(NASTY[1:]), safe="", errors="replace")[:2000] for _ in rule.arguments]
    path = rule.rule
    for name, value in zip(sorted(rule.arguments), values, strict=True):
        converter = next(part for part in (f"<{name}>", f"<int:{name}>", f"<path:{name}>") if part in path)
        path = path.replace(converter, "1" if converter.startswith("<int") else value)
    method = "POST" if "POST" in (rule.methods or ()) else "GET"
    fields = {name: plain(dice.choice(NASTY)) for name in FIELDS if dice.random() < 0.7}
    query = "&".join(f"{name}={quote(value, safe='', errors='replace')}"[:3000] for name, value in fields.items())
    headers = {name: line(dice.choice(NASTY)) for name in HEADERS if dice.random() < 0.4}
    if dice.random() < 0.5:
        headers["HX-Request"] = "true"
    sent: dict[str, Any] = {"path": path, "method": method, "headers": headers}
    if method == "GET":
        return {**sent, "query_string": query}
    if "deploy" in rule.endpoint:
        upload = (io.BytesIO(plain(dice.choice(NASTY)).encode()), dice.choice(FILES))
        fields |= {"diagram": upload, "model": upload} if dice.random() < 0.9 else {}
    return {**sent, "data": fields}


def plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def line(text: str) -> str:
    """What a server lets through as a header's value."""
    return "".join(each for each in text if " " <= each < "\x7f" or "\xa0" <= each <= "\xff")


def assert_harmless(headers: list[tuple[str, str]], location: str | None) -> None:
    for name, value in headers:
        assert value.isprintable(), (name, value)
        assert (name, "x=1") != ("Set-Cookie", value)
    if location is not None:
        within = location.removeprefix("http://localhost")
        assert within.startswith("/"), location
        assert not within.startswith(("//", "/\\")), location
