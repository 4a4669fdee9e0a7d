"""Passwords: what is accepted as one, how it is stored, whether another is the same."""

from __future__ import annotations

import secrets
from functools import cached_property
from threading import BoundedSemaphore

import argon2

from app.core.errors import InvalidInput

SHORTEST, LONGEST = 12, 200
_AT_ONCE = 4  # hashing takes 64 MiB each


class WeakPassword(InvalidInput):
    """What was to be a password is guessed too easily."""


class Passwords:
    """Argon2id with the parameters that RFC 9106 recommends for small memory, unless a test asks for less."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2.PasswordHasher.from_parameters(argon2.profiles.RFC_9106_LOW_MEMORY)
        self._busy = BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        with self._busy:
            return self._hasher.hash(password)

    def is_right(self, stored: str | None, password: str) -> bool:
        """Takes its time also where nothing is stored, so that nobody learns by the clock which names there are."""
        may_be = stored is not None and len(password) <= LONGEST
        with self._busy:
            try:
                return self._hasher.verify(stored or self._nobodys, password[:LONGEST]) and may_be
            except argon2.exceptions.VerifyMismatchError:
                return False

    def is_dated(self, stored: str) -> bool:
        """Whether it was stored with other parameters than are used now."""
        return self._hasher.check_needs_rehash(stored)

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe(24))


def check_password(password: str, name: str) -> None:
    """WeakPassword says what is asked of one: length, and not one's own name. Nothing else helps against guessing."""
    if len(password) < SHORTEST:
        raise WeakPassword(
            f"A password has at least {SHORTEST} characters, this one {len(password)}. Some words in a row are good.",
            path="$.password",
        )
    if len(password) > LONGEST:
        raise WeakPassword(f"A password has at most {LONGEST} characters.", path="$.password")
    if len(set(password)) < 5 or password.lower().replace(name.lower(), "").strip("0123456789") == "":
        raise WeakPassword("That is guessed at once. Some words in a row are good.", path="$.password")


def made_up() -> str:
    """A password that nobody has thought of: 128 random bits."""
    return secrets.token_urlsafe(16)
