"""`turnup secret`: values come in by a pipe and are in nothing that it says."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.cli.main import main as group
from app.core.db import Database
from app.core.settings import Settings, read_settings
from app.factory import read_outside
from app.identity.audit import search
from app.identity.audit.search import Wanted

VALUE = "a-value-of-a-test"
OLD, NEW = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))


class Shop:
    """A data directory, and `turnup secret` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def environ(self, **more: str) -> dict[str, str]:
        return {"TURNUP_DATA_DIR": str(self.folder), **more}

    def run(self, *arguments: str, stdin: str = "", **environ: str) -> Result:
        given: dict[str, str | None] = {"TURNUP_DATABASE_URL": None, **self.environ(**environ)}
        result = CliRunner().invoke(main, ["secret", *arguments], input=stdin, env=given)
        assert VALUE not in result.output
        return result

    def ask(self, name: str, **environ: str) -> str:
        """As a handler of a process that starts now is answered."""
        settings: Settings = read_settings(self.environ(**environ))
        database = Database(settings.database_url)
        try:
            return read_outside(settings, environ, database).secrets[name]
        finally:
            database.close()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "data")


def test_a_secret_that_is_set_is_what_handlers_get(shop: Shop) -> None:
    result = shop.run("set", "olt/lon-3", "--by", "ann", stdin=f"{VALUE}\n")
    assert result.exit_code == 0, result.output
    assert "olt/lon-3 is stored" in result.output
    assert shop.ask("olt/lon-3") == VALUE


def test_without_a_key_one_is_made_that_only_its_owner_reads(shop: Shop) -> None:
    shop.run("set", "key", stdin=VALUE)
    kept = shop.folder / "secrets-key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    before = kept.read_text()
    shop.run("set", "other", stdin=VALUE)
    assert kept.read_text() == before


def test_with_a_key_of_the_environment_none_is_made(shop: Shop) -> None:
    shop.run("set", "key", stdin=VALUE, TURNUP_SECRETS_KEY=OLD)
    assert not (shop.folder / "secrets-key").exists()
    assert shop.ask("key", TURNUP_SECRETS_KEY=OLD) == VALUE


def test_the_list_says_who_and_when_and_under_which_key(shop: Shop) -> None:
    assert "No secrets are stored" in shop.run("list").output
    shop.run("set", "olt/lon-3", "--by", "ann", stdin=VALUE, TURNUP_SECRETS_KEY=OLD)
    shown = shop.run("list", TURNUP_SECRETS_KEY=OLD).output
    assert "olt/lon-3" in shown
    assert "ann" in shown
    assert "the key that encrypts" in shown
    assert "does not have that key" in shop.run("list", TURNUP_SECRETS_KEY=NEW).output


def test_a_removed_secret_is_gone(shop: Shop) -> None:
    shop.run("set", "key", stdin=VALUE)
    assert shop.run("remove", "key").exit_code == 0
    assert "No secrets are stored" in shop.run("list").output
    again = shop.run("remove", "key")
    assert again.exit_code == 1
    assert "turnup secret list" in again.output


def test_who_set_and_removed_one_is_on_record_without_its_value(shop: Shop) -> None:
    shop.run("set", "key", "--by", "ann", stdin=VALUE)
    shop.run("remove", "key")
    database = Database(read_settings(shop.environ()).database_url)
    with database.reading() as connection:
        found = search.find(connection, Wanted(target="key"), 10, 0).items
    database.close()
    assert [entry.door for entry in found] == ["turnup secret remove", "turnup secret set"]
    assert found[1].by == "ann"
    assert VALUE not in str(found)


def test_keys_are_changed_without_a_moment_in_which_nothing_opens(shop: Shop, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    given = {"TURNUP_SECRETS_KEY_FILE": str(keys)}
    keys.write_text(OLD)
    shop.run("set", "key", stdin=VALUE, **given)
    keys.write_text(f"# of this year\n{NEW}\n{OLD}\n")
    assert shop.ask("key", **given) == VALUE
    assert "1 encrypted anew" in shop.run("rotate", **given).output
    assert "0 encrypted anew" in shop.run("rotate", **given).output
    keys.write_text(NEW)
    assert shop.ask("key", **given) == VALUE


def test_a_rotation_without_the_old_key_says_which_is_missing(shop: Shop) -> None:
    shop.run("set", "key", stdin=VALUE, TURNUP_SECRETS_KEY=OLD)
    result = shop.run("rotate", TURNUP_SECRETS_KEY=NEW)
    assert result.exit_code == 1
    assert "Add that key in TURNUP_SECRETS_KEY" in result.output


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("../x", VALUE, "no name of a secret"), ("pin", "1234\n", "fewer than 6 characters"), ("pin", "", "fewer than 6")],
)
def test_what_cannot_be_a_secret_is_refused(shop: Shop, name: str, value: str, said: str) -> None:
    result = shop.run("set", name, stdin=value)
    assert result.exit_code == 1
    assert said in result.output
    assert not (shop.folder / "secrets-key").exists()


def test_no_command_takes_a_value_as_an_argument() -> None:
    commands = group.commands["secret"].commands  # type: ignore[attr-defined]  # click types it as a plain command
    arguments = {name: [p.name for p in each.params if p.name != "by"] for name, each in commands.items()}
    assert arguments == {"set": ["name"], "list": [], "remove": ["name"], "rotate": []}
