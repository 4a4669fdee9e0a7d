"""By which names this server may be asked: addresses that it gives out, such as the way back from a log-in at a
provider, begin with the one that it was asked by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Flask, request
from werkzeug.sansio.utils import host_is_trusted

from app.core.errors import InvalidInput

# Probes and Prometheus ask by the address of a host or a container, and give out no address.
_ANYHOW: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class UnknownHost(InvalidInput):
    """A request for another server, or one whose Host header somebody made up."""


def install_hosts(app: Flask, names: Sequence[str]) -> None:
    """Refuse what is asked by another name, before anything else looks at it. `.example.net` stands for each name
    below it as well."""

    def check() -> None:
        if request.path not in _ANYHOW and not host_is_trusted(request.host.lower(), names):
            raise UnknownHost(
                f"This server does not go by the name {request.host!r}. "
                "Use one that TURNUP_TRUSTED_HOSTS lists, or add it there."
            )

    app.before_request(check)
