"""The environment is read once, and what is wrong with it is said."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.errors import InvalidSetting
from app.core.settings import read_settings, with_threads
from app.factory import read_provider


def test_an_empty_environment_gives_loopback_and_a_file_under_the_working_directory() -> None:
    settings = read_settings({})
    assert settings.database_url == f"sqlite:///{Path.cwd()}/var/turnup.sqlite"
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8080, 8)
    assert settings.lab_url == "http://127.0.0.1:8090"


def test_the_default_database_lies_in_the_data_directory() -> None:
    settings = read_settings({"TURNUP_DATA_DIR": "/srv/turnup"})
    assert settings.data_dir == Path("/srv/turnup")
    assert settings.database_url == "sqlite:////srv/turnup/turnup.sqlite"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_gets_the_driver_that_is_installed(scheme: str) -> None:
    settings = read_settings({"TURNUP_DATABASE_URL": f"{scheme}://me@db/turnup"})
    assert settings.database_url == "postgresql+psycopg://me@db/turnup"


@pytest.mark.parametrize(
    ("variable", "found", "expected"),
    [
        ("TURNUP_PORT", "http", "a whole number from 1 to 65535"),
        ("TURNUP_PORT", "70000", "a whole number from 1 to 65535"),
        ("TURNUP_PORT", "-1", "a whole number"),
        ("TURNUP_HANDLER_THREADS", "0", "a whole number from 1"),
        ("TURNUP_DATABASE_URL", "mysql://root@db/turnup", "postgresql://"),
        ("TURNUP_DATABASE_URL", "sqlite://", "sqlite:///<file>"),
        ("TURNUP_DATABASE_URL", "sqlite:///:memory:", "sqlite:///<file>"),
        ("TURNUP_LAB_URL", "lab:8090", "http://"),
        ("TURNUP_SESSION_IDLE_MIN", "0", "a whole number from 1 to 1440"),
        ("TURNUP_PROXIES", "many", "a whole number from 0 to 8"),
        ("TURNUP_TRUSTED_HOSTS", "https://turnup.example.net", "names such as turnup.example.net"),
        ("TURNUP_TRUSTED_HOSTS", "turnup.example.net:443", "without a port"),
        ("TURNUP_RATE_PER_S", "0", "a whole number from 1"),
    ],
)
def test_a_wrong_value_names_its_variable_and_what_is_expected(variable: str, found: str, expected: str) -> None:
    with pytest.raises(InvalidSetting) as raised:
        read_settings({variable: found})
    assert raised.value.facts == {"variable": variable}
    assert raised.value.message.startswith(f"{variable} is ")
    assert expected in raised.value.message


def test_only_a_shared_database_may_have_processes_that_run_nothing() -> None:
    shared = read_settings({"TURNUP_DATABASE_URL": "postgresql://db/turnup", "TURNUP_HANDLER_THREADS": "0"})
    assert (shared.is_shared, shared.workers) == (True, 0)
    assert with_threads(read_settings({"TURNUP_DATABASE_URL": "postgresql://db/turnup"}), 0).workers == 0
    assert with_threads(read_settings({}), None).workers == 8
    with pytest.raises(InvalidSetting, match="--threads is 0; expected a whole number from 1"):
        with_threads(read_settings({}), 0)


def test_a_session_lasts_an_hour_unused_and_half_a_day_at_most_unless_told_otherwise() -> None:
    settings = read_settings({})
    assert (settings.session_idle, settings.session_longest) == (timedelta(hours=1), timedelta(hours=12))
    told = read_settings({"TURNUP_SESSION_IDLE_MIN": "15", "TURNUP_SESSION_LONGEST_H": "8"})
    assert (told.session_idle, told.session_longest) == (timedelta(minutes=15), timedelta(hours=8))


OIDC = {
    "TURNUP_OIDC_ISSUER": "https://id.example",
    "TURNUP_OIDC_CLIENT_ID": "turnup",
    "TURNUP_OIDC_CLIENT_SECRET": "hush",
    "TURNUP_OIDC_ROLES": "noc=operator, ops=lead@ftth",
}


def test_a_provider_comes_with_roles_for_its_groups_and_keeps_its_secret() -> None:
    assert read_settings({}).oidc is None
    oidc = read_settings(OIDC).oidc
    assert oidc is not None
    assert oidc.roles == (("noc", "operator"), ("ops", "lead@ftth"))
    assert (oidc.groups_claim, oidc.scopes) == ("groups", "openid profile email")
    assert "hush" not in repr(oidc)


@pytest.mark.parametrize(
    ("variable", "found", "expected"),
    [
        ("TURNUP_OIDC_ISSUER", "http://id.example", "https://"),
        ("TURNUP_OIDC_CLIENT_SECRET", "", "because TURNUP_OIDC_ISSUER is set"),
        ("TURNUP_OIDC_ROLES", "noc", "<group>=<role>"),
    ],
)
def test_half_a_provider_is_refused(variable: str, found: str, expected: str) -> None:
    with pytest.raises(InvalidSetting, match=f"{variable} is .*{re.escape(expected)}"):
        read_settings({**OIDC, variable: found})


def test_a_group_with_a_role_that_there_is_not_is_refused_before_anybody_logs_in() -> None:
    with pytest.raises(InvalidSetting, match="TURNUP_OIDC_ROLES: There is no role 'boss'"):
        read_provider(read_settings({**OIDC, "TURNUP_OIDC_ROLES": "noc=boss"}).oidc)


def test_a_password_in_a_wrong_address_is_not_repeated() -> None:
    with pytest.raises(InvalidSetting) as raised:
        read_settings({"TURNUP_DATABASE_URL": "mysql://root:hunter2@db/turnup"})
    assert "hunter2" not in raised.value.message
