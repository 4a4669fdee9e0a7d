"""What secrets are called: `olt/lon-3`. The last part is the secret, what comes before says whose it is."""

from __future__ import annotations

import re

from app.core.secrecy import SHORTEST
from app.identity.secrets.faults import BadSecretName, UnfitSecret

LONGEST = 200
MOST = 64_000  # characters of a value: a key or a certificate, not a file store
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)


def check_name(name: str) -> str:
    """The name. BadSecretName for what could lead out of a directory, or be no name in the environment."""
    if not isinstance(name, str) or len(name) > LONGEST or not _NAME.fullmatch(name):
        raise BadSecretName(
            f"{str(name)[:LONGEST]!a} is no name of a secret. Expected up to {LONGEST} letters, digits, _ - and . in "
            "parts that do not begin with - or ., separated by /, such as olt/lon-3."
        )
    return name


def check_value(name: str, value: str) -> str:
    """The value. UnfitSecret for one that would deface other texts if it were taken out of them, or is too long."""
    if len(value.strip()) < SHORTEST:
        raise UnfitSecret(
            f"The secret {name!r} has fewer than {SHORTEST} characters: so short a text stands in too many others to "
            "be kept out of logs and histories. Give the system a longer one.",
            name=name,
        )
    if len(value) > MOST or value.encode("utf-8", "replace").decode() != value:
        raise UnfitSecret(f"The secret {name!r} is no text in UTF-8, or has more than {MOST} characters.", name=name)
    return value


def in_environment(name: str) -> str:
    """`olt/lon-3` -> `OLT_LON_3`."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())
