"""More orders of a sample's kind: other customers, ports, numbers and accounts, and the same end."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from app.cli.samples import Sample
from app.lab.homes import OLTS
from app.lab.porting import BOUND, UNWILLING, account_of

FIRST_NAMES = "Amira Bruno Chidi Dana Elif Farid Greta Hiro Ines Jamal Katya Luis Mei Noor Oskar Priya".split()
LAST_NAMES = "Abbott Bianchi Costa Dubois Eriksen Fischer Gupta Hughes Ivanova Jansen Khan Lopez Moreau Novak".split()
# Whoever may be one of many; other flows are about lines that the laboratory has once.
VARIED = frozenset({"ftth_activate", "voice_activate", "voice_port_in", "visit_customer", "suspend_for_debt", "resume"})
SLOTS = (5, 6, 7)  # beyond those that the samples name
GOOD_PORTS = 14
MOST = 300  # orders of one day


class Variations:
    """Draws from samples by lot. No two of its orders share what only one customer can have."""

    def __init__(self, samples: list[Sample], draw: random.Random) -> None:
        varied = [sample for sample in samples if _can_be_varied(sample)]
        self._smooth = [each for each in varied if each.state == "completed" and not each.faults]
        self._rough = [each for each in varied if each not in self._smooth]
        self._draw = draw
        self._orders = iter(range(1, MOST + 1))
        self._ports = {olt: iter(_ports(draw)) for olt in OLTS}
        self._numbers = {str(sample.request["variables"].get("number")) for sample in samples}

    def __bool__(self) -> bool:
        return bool(self._smooth or self._rough)

    def one(self, smooth_part: float, olt: str | None = None) -> Sample:
        """`smooth_part` of them (0 to 1) meet no trouble. What needs a port is on `olt`, if one is named."""
        kinds = self._smooth if self._draw.random() < smooth_part else self._rough
        sample, order = self._draw.choice(kinds or self._smooth or self._rough), next(self._orders)
        changes = dict(self._changes(sample, order))
        variables = _replaced(sample.request["variables"], changes)
        if "port" in variables:
            variables |= self._place(variables["port"], olt or self._draw.choice(OLTS))
        return replace(
            sample,
            name=f"{sample.name}-{order}",
            request={**sample.request, "businessKey": variables["order_id"], "variables": variables},
            before=_replaced(sample.before, changes),
            faults=_replaced(sample.faults, changes),
        )

    def _changes(self, sample: Sample, order: int) -> Iterator[tuple[str, str]]:
        """What a text of the sample becomes in this order."""
        variables = sample.request["variables"]
        yield variables["order_id"], f"ORD-{5000 + order}"
        yield variables["customer"]["name"], f"{self._draw.choice(FIRST_NAMES)} {self._draw.choice(LAST_NAMES)}"
        for serial in {str(variables.get("serial", "")), *_serials(sample.before)} - {""}:
            yield serial, f"{serial[:4]}{0xF000 + order:08X}"
        if "subscription_id" in variables:
            yield variables["subscription_id"].removeprefix("sub-"), f"ORD-{4000 + order}"
        number = variables.get("number")
        if number:
            yield number, self._number(number)
        if sample.request["processId"] == "voice_port_in":
            given, right = variables["account"], account_of(number)
            yield given, account_of(self._last_number) if given == right else f"{given[:3]}0000"
        elif "account" in variables:
            yield variables["account"], f"ACC-{5000 + order}"

    def _number(self, like: str) -> str:
        """Another one of the same hundred, so of the same operator; without the endings that mean a no."""
        free = (f"{like[:-2]}{each:02d}" for each in range(90))
        self._last_number = next(number for number in free if number not in self._numbers)
        self._numbers.add(self._last_number)
        return self._last_number

    def _place(self, port: str, olt: str) -> dict[str, str]:
        """A port that nobody has, or one with the same trouble: those with its last number are alike on every node."""
        found, last = next(self._ports[olt]), int(port.rpartition("/")[2])
        return {"olt": olt, "port": found if last <= GOOD_PORTS else f"{found.rpartition('/')[0]}/{last}"}


def _can_be_varied(sample: Sample) -> bool:
    """Not what never answers: several of those would trip a breaker, and be held in place of falling out."""
    number = str(sample.request["variables"].get("number", ""))
    is_alike = sample.request["processId"] in VARIED and not number.endswith((BOUND, UNWILLING))
    return is_alike and not sample.never_answered


def _ports(draw: random.Random) -> list[str]:
    every = [f"1/{slot}/{port}" for slot in SLOTS for port in range(1, GOOD_PORTS + 1)]
    draw.shuffle(every)
    return every


def _serials(before: list[dict[str, Any]]) -> set[str]:
    return {call["body"]["serial"] for call in before if "serial" in call["body"]}


def _replaced(value: Any, changes: dict[str, str]) -> Any:
    """With every text changed, wherever it stands."""
    if isinstance(value, dict):
        return {name: _replaced(inner, changes) for name, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner, changes) for inner in value]
    if isinstance(value, str):
        for old, new in changes.items():
            value = value.replace(old, new)
    return value
