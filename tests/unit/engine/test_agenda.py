"""What waits for a time is found without a look at what does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from app.engine.spiff.agenda import Agenda


def waiting(number: int, due_at: int | None) -> Any:
    return SimpleNamespace(id=number, wait=SimpleNamespace(due_at=due_at))


def agenda_of(*nodes: Any) -> tuple[Agenda, dict[int, Any]]:
    standing = {node.id: node for node in nodes}
    agenda = Agenda(standing)
    for node in nodes:
        agenda.add(node)
    return agenda, standing


def test_what_is_due_comes_in_the_order_of_its_times() -> None:
    agenda, _ = agenda_of(waiting(1, 30), waiting(2, 10), waiting(3, 20), waiting(4, 10))
    assert [node.id for node in agenda.take_due(20)] == [2, 4, 3]
    assert agenda.next_due() == 30


def test_a_token_that_has_gone_or_waits_for_another_time_is_passed_over() -> None:
    agenda, standing = agenda_of(waiting(1, 10), waiting(2, 20), waiting(3, 30))
    del standing[1]
    standing[2].wait.due_at = 40
    agenda.add(standing[2])
    assert agenda.next_due() == 30
    standing[3].wait = None
    assert agenda.next_due() == 40
    assert agenda.take_due(39) == []


def test_a_time_that_was_said_twice_comes_once() -> None:
    agenda, standing = agenda_of(waiting(1, 10))
    agenda.add(standing[1])
    assert [node.id for node in agenda.take_due(10)] == [1]
    assert agenda.next_due() is None
