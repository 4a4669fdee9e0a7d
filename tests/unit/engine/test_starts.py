"""What a request to start a flow gets, good and bad; nothing of a refused one is stored."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.errors import InvalidInput, TooLarge, TurnupError
from app.engine import queries
from app.engine.definitions import UnknownProcess
from app.engine.schemas import VariablesRefused
from app.engine.starts import IdempotencyKeyReused, StartRequest
from app.engine.tables import process_definition, process_instance, variable
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench

SCHEMA = {
    "type": "object",
    "required": ["serial", "speed_mbps"],
    "properties": {"serial": {"type": "string"}, "speed_mbps": {"type": "integer", "minimum": 1}},
}


def plain() -> Diagram:
    return Diagram("p").start("s").end("e").chain("s", "e")


def start(bench: Bench, process_id: str = "p", **request: Any) -> Any:
    variables = request.pop("variables", {})
    with bench.database.transaction() as tx:
        return bench.engine.start(tx, StartRequest(process_id, variables, **request))


def test_the_same_idempotency_key_twice_is_one_instance(bench: Bench) -> None:
    bench.deploy(plain())
    first = start(bench, variables={"n": 1}, idempotency_key="k")
    second = start(bench, variables={"n": 1}, idempotency_key="k")
    assert (first.created, second.created) == (True, False)
    assert first.instance_id == second.instance_id
    assert bench.count(process_instance) == 1
    with pytest.raises(IdempotencyKeyReused):
        start(bench, variables={"n": 2}, idempotency_key="k")


def test_an_instance_keeps_the_priority_that_it_was_started_with(bench: Bench) -> None:
    bench.deploy(plain())
    urgent, normal = start(bench, priority=0), start(bench)
    with bench.database.reading() as connection:
        for started, priority in ((urgent, 0), (normal, 2)):
            assert bench.engine.desk.instances.read(connection, started.instance_id).priority == priority
            assert queries.get_instance(connection, started.instance_id).priority == priority


@pytest.mark.parametrize("priority", [-1, 5])
def test_a_priority_that_there_is_not_is_refused(bench: Bench, priority: int) -> None:
    bench.deploy(plain())
    with pytest.raises(InvalidInput, match=f"found {priority}") as caught:
        start(bench, priority=priority)
    assert caught.value.path == "$.priority"


def test_another_priority_is_another_request_and_none_is_the_one_of_before(bench: Bench) -> None:
    bench.deploy(plain())
    start(bench, idempotency_key="k", priority=1)
    with pytest.raises(IdempotencyKeyReused):
        start(bench, idempotency_key="k")
    before = hashlib.sha256(b'["p",null,null,{}]').hexdigest()  # as it was before there were priorities
    started = start(bench, idempotency_key="old").instance_id
    with bench.database.reading() as connection:
        query = sa.select(process_instance.c.request_digest).where(process_instance.c.id == started)
        assert connection.execute(query).scalar_one() == before


def test_an_unknown_process_names_those_that_are_known(bench: Bench) -> None:
    bench.deploy(plain())
    with pytest.raises(UnknownProcess, match="Deployed are: p") as caught:
        start(bench, "q")
    assert caught.value.path == "$.processId"
    with pytest.raises(UnknownProcess) as caught:
        start(bench, "p", version=2)
    assert caught.value.path == "$.version"


def test_variables_are_held_against_the_schema_of_the_process(bench: Bench) -> None:
    bench.deploy(plain().variables(SCHEMA))
    with pytest.raises(VariablesRefused) as caught:
        start(bench, variables={"speed_mbps": "fast"})
    assert [path for path, _ in caught.value.problems] == ["$.variables.serial", "$.variables.speed_mbps"]
    assert bench.count(process_instance) == 0
    assert start(bench, variables={"serial": "X", "speed_mbps": 100}).created


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        ({"big": "x" * 10_000_000}, TooLarge),
        ({"a/b": 1}, VariablesRefused),
        ({"": 1}, VariablesRefused),
        ({"x" * 256: 1}, VariablesRefused),
        ({"n": 2**80}, VariablesRefused),
        ({"lone": "\ud800"}, VariablesRefused),
    ],
)
def test_variables_that_cannot_be_kept_are_refused(
    bench: Bench, variables: dict[str, Any], error: type[TurnupError]
) -> None:
    bench.deploy(plain())
    with pytest.raises(error) as caught:
        start(bench, variables=variables)
    assert caught.value.path is not None
    assert bench.count(process_instance) == bench.count(variable) == 0


def test_the_same_content_is_the_same_version(bench: Bench) -> None:
    with bench.database.transaction() as tx:
        first = bench.engine.deploy(tx, plain().xml())
        again = bench.engine.deploy(tx, plain().xml())
        changed = bench.engine.deploy(tx, plain().user("u").xml().replace(b'id="u"', b'id="u2"'))
    assert (first.version, first.created) == (1, True)
    assert (again.version, again.created) == (1, False)
    assert changed.version == 2
    assert bench.count(process_definition) == 2


def test_an_instance_stays_on_its_version(bench: Bench) -> None:
    old = Diagram("p").start("s").user("u").service("a", "t.name").end("e").chain("s", "u", "a", "e")
    instance_id = bench.start(old)
    bench.run(instance_id)
    bench.deploy(plain())
    bench.restart()
    bench.complete(instance_id)
    bench.run(instance_id)
    assert [step.element_id for step in bench.calls] == ["a"]
