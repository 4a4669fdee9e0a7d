"""Plays a day: orders are submitted, systems go away and come back, and every order is followed until it settles."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from threading import Event
from typing import Any

import click
import httpx

from app.cli.day import OUTAGES, Day
from app.cli.samples import Order, Sample

SETTLE_WITHIN_S = 150  # after the last order has come
PAUSE_S = 0.1
LOOKS = 6  # orders looked at between two pauses
Happening = tuple[float, str, dict[str, Any] | None]  # second, what is said, the fault that begins


class Director:
    """`orders` are those that have come, in their order."""

    def __init__(self, api: httpx.Client, lab: httpx.Client, day: Day) -> None:
        self._api = api
        self._lab = lab
        self._day = day
        self.orders: list[Order] = []
        self._open: deque[Order] = deque()
        self._began = 0.0

    def play(self) -> list[Order]:
        """Until each order is where it should be, or has had its time."""
        self._began = time.monotonic()
        coming, happenings, pause = deque(self._day.orders), deque(self._happenings()), Event()
        until_s = max(self._day.length_s, *(second for second, _ in coming), 0) + SETTLE_WITHIN_S
        while coming or happenings or (self._open and self._now() < until_s):
            while happenings and happenings[0][0] <= self._now():
                self._happen(*happenings.popleft())
            while coming and coming[0][0] <= self._now():
                self._take_in(coming.popleft()[1])
            for _ in range(min(LOOKS, len(self._open))):
                self._look_at_one()
            pause.wait(PAUSE_S)
        for order in self.orders:
            self._read(order)  # none of them has moved on since it was seen
        return self.orders

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _happenings(self) -> Iterator[Happening]:
        day, found = self._day, list[Happening]()
        for outage in OUTAGES:
            fault = outage.fault(day.length_s)
            begins = day.second(outage.begins)
            found.append((begins, f"{outage.what} is down", fault))
            found.append((begins + fault["for_s"], f"{outage.what} is back", None))
        for hour in range(1, 11):
            found.append((day.second(hour / 10), "", None))
        yield from sorted(found, key=lambda happening: happening[0])

    def _happen(self, second: float, what: str, fault: dict[str, Any] | None) -> None:
        if fault is not None:
            checked(self._lab.post("/lab/faults", json=fault))
        self._say(second, what or self._tally(), bold=bool(what))

    def _tally(self) -> str:
        found = Counter(order.state for order in self.orders)
        running = len(self.orders) - found["completed"] - found["waiting"] - found["fallen_out"]
        return (
            f"{len(self.orders)} orders are in: {found['completed']} done, {found['waiting']} wait, "
            f"{found['fallen_out']} fell out, {running} run"
        )

    def _take_in(self, sample: Sample) -> None:
        for call in sample.before:
            checked(self._lab.post(call["path"], json=call["body"]))
        for fault in sample.faults:
            checked(self._lab.post("/lab/faults", json=fault))
        answer = checked(
            self._api.post(
                "/api/v1/process-instances", json=sample.request, headers={"Idempotency-Key": f"demo-{sample.name}"}
            )
        )
        order = Order(sample, answer.json()["id"])
        self.orders.append(order)
        self._open.append(order)

    def _look_at_one(self) -> None:
        """Whose turn it is; it comes again, unless it has settled."""
        order = self._open.popleft()
        self._read(order)
        if not order.is_where_expected and order.state != "completed":
            self._open.append(order)
        elif order.state != "completed":
            sample, what = order.sample, "waits" if order.state == "waiting" else "fell out"
            where = f"{sample.element} ({order.places.get(str(sample.element), '')})"
            self._say(self._now(), f"{sample.request['businessKey']} {what} at {where}: {sample.title}")

    def _read(self, order: Order) -> None:
        order.seen = checked(self._api.get(f"/api/v1/process-instances/{order.id}")).json()

    def _say(self, second: float, what: str, *, bold: bool = False) -> None:
        click.echo(f"{self._day.clock(second)}  {click.style(what, bold=bold)}")


def checked(answer: httpx.Response) -> httpx.Response:
    """A ClickException for what was refused: the demo cannot go on."""
    if answer.is_error:
        asked = answer.request
        raise click.ClickException(f"{asked.method} {asked.url} answered {answer.status_code}: {answer.text[:2000]}")
    return answer
