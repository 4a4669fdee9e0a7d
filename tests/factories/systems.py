"""Handlers that call systems with gates, for tests: `olt=<olt>` trips after three calls that find it down."""

from __future__ import annotations

from typing import Any

from app.handling import Backoff, Done, Limit, Refused, System, SystemSilent, Work, handles

OLT = System("olt={olt}", trips_after=3, rest_s=10)


class Network:
    """`down` holds the OLTs that do not answer."""

    def __init__(self) -> None:
        self.down: set[str] = set()

    def handlers(self, olt: System = OLT, own: Limit | None = None) -> list[Any]:
        @handles("net.call", retry=Backoff(first_s=1, factor=1, tries=2), system=olt, limit=own or Limit())
        def call(work: Work, olt: str) -> Done | Refused:
            if olt in self.down:
                raise SystemSilent(f"{olt} gave no answer")
            return Refused("no_port") if olt == "full" else Done(via=work.element_id)

        @handles("net.other", limit=Limit(concurrent=1))
        def other(work: Work) -> Done:
            return Done()

        return [call, other]
