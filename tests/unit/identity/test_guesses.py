from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.core.clock import FixedClock
from app.identity.doors import Identity
from app.identity.guesses import FREE, LONGEST_PAUSE, TooManyGuesses, pause_after
from app.identity.login import LoginRefused, Visitor
from tests.factories.people import PASSWORD, add_user


def guess(identity: Identity, name: str = "Grace", address: str = "192.0.2.1", password: str = "guess") -> str:
    return identity.login.enter(name, password, Visitor(address, "a program"))


@pytest.fixture
def guessed(identity: Identity) -> Identity:
    """Five wrong ones against Grace, and then her log-in pauses."""
    add_user(identity, "Grace", "operator")
    for _ in range(FREE["name"]):
        with pytest.raises(LoginRefused):
            guess(identity)
    return identity


def test_after_some_guesses_not_even_the_right_one_is_looked_at(guessed: Identity) -> None:
    with pytest.raises(TooManyGuesses, match="Try again in 1 second") as found:
        guess(guessed, password=PASSWORD)
    assert found.value.retry_after_s == 1
    with pytest.raises(TooManyGuesses):
        guess(guessed, "gRACE", "198.51.100.9", PASSWORD)


def test_after_the_pause_the_right_one_enters_and_the_count_begins_anew(guessed: Identity, clock: FixedClock) -> None:
    clock.advance(timedelta(seconds=1))
    assert guess(guessed, password=PASSWORD)
    for _ in range(FREE["name"]):
        with pytest.raises(LoginRefused):
            guess(guessed)


def test_each_further_guess_doubles_the_pause(guessed: Identity, clock: FixedClock) -> None:
    for seconds in (1, 2, 4, 8):
        with pytest.raises(TooManyGuesses) as found:
            guess(guessed)
        assert found.value.retry_after_s == seconds
        clock.advance(timedelta(seconds=seconds))
        with pytest.raises(LoginRefused):
            guess(guessed)


def test_pauses_have_an_end() -> None:
    assert pause_after("name", 1_000_000) == LONGEST_PAUSE


def test_other_names_are_let_in_meanwhile_and_unknown_ones_are_counted_alike(guessed: Identity) -> None:
    add_user(guessed, "Ada", "operator")
    assert guess(guessed, "Ada", password=PASSWORD)
    for _ in range(FREE["name"]):
        with pytest.raises(LoginRefused, match="do not belong together"):
            guess(guessed, "nobody")
    with pytest.raises(TooManyGuesses):
        guess(guessed, "nobody")


def test_an_address_that_tries_many_names_pauses(identity: Identity) -> None:
    add_user(identity, "Grace", "operator")
    for number in range(FREE["address"]):
        with pytest.raises(LoginRefused):
            guess(identity, f"user{number}")
    with pytest.raises(TooManyGuesses):
        guess(identity, password=PASSWORD)
    assert guess(identity, address="198.51.100.9", password=PASSWORD)


def test_guesses_are_forgotten_after_an_hour(guessed: Identity, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=1))
    for _ in range(FREE["name"]):
        with pytest.raises(LoginRefused):
            guess(guessed)


def test_guesses_at_once_are_counted_one_by_one(identity: Identity) -> None:
    add_user(identity, "Grace", "operator")

    def outcome(_: int) -> type[Exception]:
        try:
            guess(identity)
        except (LoginRefused, TooManyGuesses) as error:
            return type(error)
        raise AssertionError

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(outcome, range(16)))
    assert found.count(LoginRefused) == FREE["name"]


@pytest.mark.parametrize("name", ["a\x00b", "\x00", "x" * 5000, "' OR 1=1 --", "💥"])
def test_what_can_be_nobodys_name_is_refused_like_any_other_and_counted(identity: Identity, name: str) -> None:
    for _ in range(FREE["name"]):
        with pytest.raises(LoginRefused):
            guess(identity, name)
    with pytest.raises(TooManyGuesses):
        guess(identity, name)
