"""`turnup user` and `turnup token`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.core.clock import SystemClock
from app.core.db import Database
from app.core.errors import Unauthorized
from app.identity import tokens
from app.identity.doors import build_identity
from app.identity.login import LoginRefused, Visitor
from app.identity.permissions import Permission

HERE = Visitor("192.0.2.1", "tests")


class Machine:
    """A command line, and the database that it works on."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def say(self, *arguments: str, stdin: str | None = None) -> Result:
        environ = {"TURNUP_DATA_DIR": str(self._data_dir), "TURNUP_DATABASE_URL": None}
        return CliRunner().invoke(main, arguments, env=environ, input=stdin)

    def do(self, *arguments: str, stdin: str | None = None) -> str:
        result = self.say(*arguments, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout

    def may_log_in(self, name: str, password: str) -> bool:
        database = Database(f"sqlite:///{self._data_dir / 'turnup.sqlite'}")
        try:
            return bool(build_identity(database, SystemClock()).login.enter(name, password, HERE))
        except LoginRefused:
            return False
        finally:
            database.close()

    def find(self, token: str) -> tokens.Known:
        database = Database(f"sqlite:///{self._data_dir / 'turnup.sqlite'}")
        try:
            with database.reading() as connection:
                return tokens.find(connection, token)
        finally:
            database.close()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "data")
    made.do("user", "add", "root", "--role", "admin", "--password-stdin", stdin="a password of root\n")
    return made


def test_a_user_is_added_with_a_password_that_is_made_up_and_said(machine: Machine) -> None:
    said = re.fullmatch(
        r"grace has the password (\S+)\n", machine.do("user", "add", "grace", "--role", "operator@ftth")
    )
    assert said
    assert machine.may_log_in("grace", said[1])
    assert re.search(r"grace\s+operator@ftth\s+last log-in \d{4}-", machine.do("user", "list"))


def test_a_password_that_is_given_is_not_repeated(machine: Machine) -> None:
    told = machine.do("user", "password", "root", "--password-stdin", stdin="another one, please\n")
    assert "please" not in told
    assert machine.may_log_in("root", "another one, please")
    assert not machine.may_log_in("root", "a password of root")


def test_roles_are_given_and_taken(machine: Machine) -> None:
    machine.do("user", "add", "grace", "--role", "viewer")
    told = machine.do("user", "role", "grace", "--give", "lead@ftth", "--give", "author", "--take", "viewer")
    assert told == "grace: author, lead@ftth\n"


def test_a_user_is_disabled_and_enabled(machine: Machine) -> None:
    machine.do("user", "add", "grace", "--role", "admin")
    machine.do("user", "disable", "root")
    assert "disabled" in machine.do("user", "list")
    assert not machine.may_log_in("root", "a password of root")
    machine.do("user", "enable", "root")
    assert machine.may_log_in("root", "a password of root")


def test_a_token_is_printed_once_and_opens_until_it_is_revoked(machine: Machine) -> None:
    token = machine.do("token", "add", "crm", "--role", "instance.start@ftth", "--days", "7").strip()
    assert machine.find(token).person.may(Permission.START_INSTANCE, "ftth")
    listed = machine.do("token", "list")
    assert re.search(r"crm\s+instance.start@ftth\s+until \d{4}-\S+, last used never", listed)
    assert token not in listed
    machine.do("token", "revoke", listed.split()[0])
    with pytest.raises(Unauthorized):
        machine.find(token)
    assert machine.do("token", "list") == ""


def test_a_users_token_is_theirs(machine: Machine) -> None:
    token = machine.do("token", "add", "ci", "--role", "admin", "--user", "ROOT").strip()
    assert machine.find(token).person.name == "root"
    assert "ci of root" in machine.do("token", "list")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["user", "add", "grace", "--role", "boss"], "Known are: viewer"),
        (["user", "add", "grace", "--role", "instance.start"], "Known are: viewer"),
        (["user", "add", "ROOT"], "There is a user 'ROOT' already"),
        (["user", "add", "grace hopper"], "is no name"),
        (["user", "disable", "root"], "Make another user admin first"),
        (["user", "role", "root", "--take", "admin"], "Make another user admin first"),
        (["user", "password", "nobody"], "There is no user 'nobody'"),
        (["token", "add", "crm", "--role", "boss"], "instance.start"),
        (["token", "add", "crm", "--role", "viewer", "--user", "nobody"], "There is no user"),
        (["token", "revoke", "gone"], "There is no token"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(machine: Machine, arguments: list[str], told: str) -> None:
    result = machine.say(*arguments)
    assert result.exit_code == 1
    assert told in result.output
    assert "Traceback" not in result.output
