"""Why a secret cannot be given, or kept. None of these goes away by trying again."""

from __future__ import annotations

from typing import ClassVar

from app.core.errors import InvalidInput, TurnupError


class SecretFault(TurnupError):
    """A secret that is there and cannot be used."""

    retried: ClassVar[bool] = False


class BadSecretName(InvalidInput):
    """What cannot be the name of a secret."""

    retried: ClassVar[bool] = False


class UnfitSecret(SecretFault):
    """A value too short to be kept out of what is stored and logged, or too long to be a secret."""


class UnreadableSecret(SecretFault):
    """A file that is no secret: a folder, one that this process may not read, one outside the directory."""


class UnknownKey(SecretFault):
    """It is encrypted with a key that this process was not given, or there is no key at all."""


class ChangedSecret(SecretFault):
    """What is stored under that name was not encrypted under that name, or was changed since."""
