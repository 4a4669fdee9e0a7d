"""The page of the systems that handlers call."""

from __future__ import annotations

import pytest

from app.engine.outcomes import Failed
from app.handling import System
from tests.factories.dashboards import World
from tests.unit.dashboard.conftest import Operator

KEY = "olt=lon-3"


def find_down(world: World) -> None:
    for _ in range(2):
        with world.database.transaction() as tx:
            down = Failed("SystemSilent", "lon-3 gave <no> answer", system_down=True)
            world.engine.gates.tell(tx, System(KEY, trips_after=2), KEY, down, 1_795_435_200_000_000)


def test_one_that_begins_to_fail_does_not_look_as_if_all_were_well(world: World, operator: Operator) -> None:
    with world.database.transaction() as tx:
        down = Failed("SystemSilent", "no answer", system_down=True)
        world.engine.gates.tell(tx, System(KEY), KEY, down, 1_795_435_200_000_000)
    page = operator.get("/systems").text
    assert '<span class="badge breaker-failing">Failing</span>' in page
    assert "Called" not in page


def test_an_empty_page_says_what_would_stand_there(operator: Operator) -> None:
    page = operator.get("/systems").text
    assert "Every system answers, and none is limited" in page
    assert "Limit or stop another" in page


def test_a_system_that_is_down_is_shown_with_why_and_called_again(world: World, operator: Operator) -> None:
    find_down(world)
    page = operator.get("/systems").text
    assert "It was found down" in page
    assert "lon-3 gave &lt;no&gt; answer" in page
    answer = operator.post("/systems/let-go", {"key": KEY, "reason": "the node is back"}, htmx=True)
    assert "Grace let it go (the node is back)" in answer.text
    assert "It is tried again" in operator.get("/systems", **{"HX-Request": "true"}).text


def test_a_system_is_stopped_limited_and_the_limit_lifted(operator: Operator) -> None:
    assert operator.post("/systems/stop", {"key": KEY, "reason": "upgrade"}).status_code == 303
    assert "Grace stopped it" in operator.get("/systems").text
    operator.post("/systems/limit", {"key": "olt=*", "concurrent": "4", "per_s": "2.5", "reason": "vendor"})
    assert "4 at once, 2.5 a second" in operator.get("/systems").text
    operator.post("/systems/lift-limit", {"key": "olt=*", "reason": "no longer"})
    assert "olt=*" not in operator.get("/systems", **{"HX-Request": "true"}).text


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({"key": KEY, "concurrent": "0", "reason": "x"}, "Write a whole number from 1 to 100,000"),
        ({"key": KEY, "per_s": "fast", "reason": "x"}, "Write a number from 0.00001"),
        ({"key": KEY, "per_s": "5e-324", "reason": "x"}, "Write a number from 0.00001"),
        ({"key": KEY, "per_s": "nan", "reason": "x"}, "Write a number from 0.00001"),
        ({"key": KEY, "concurrent": "4"}, "Say why"),
        ({"key": "", "concurrent": "4", "reason": "x"}, "A gate&#39;s key is a system"),
    ],
)
def test_what_makes_no_sense_is_answered_beside_the_form(operator: Operator, form: dict[str, str], wrong: str) -> None:
    answer = operator.post("/systems/limit", form, htmx=True)
    assert answer.status_code == 400
    assert wrong in answer.text
