"""What can be said of variables where a process declares none: what only events start, and what others call."""

from __future__ import annotations

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.decisions.feel.looks import doubted
from app.engine.bundle import File
from app.engine.diagram import Finding
from app.engine.lint.house import EMPTY
from app.engine.lint.undeclared import read_from_start
from app.engine.spiff.dialect import check
from app.handling import Done, Work, handles
from app.handling.registry import Registry
from tests.factories.diagrams import Diagram, Trigger
from tests.factories.engines import Bench
from tests.factories.triggers import error, message, signal, timer


@handles("net.set")
def set_line(work: Work, port: str, speed: int = 1) -> Done:
    """Set a line.

    Outputs  state (str)
    """
    return Done()


HANDLERS = Registry([set_line])


def findings_of(d: Diagram) -> list[Finding]:
    found = check(d.xml(), HANDLERS.get, HANDLERS.types(), EMPTY)[2]
    return [each for each in found if each.code in ("unknown_variable", "missing_parameter")]


def begun_by(*triggers: Trigger | None, outputs: dict[str, str] | None = None) -> Diagram:
    """Each leads to `a`, which reads `order`."""
    d = Diagram("p").end().xor("m").script("a", "=order", "x").chain("m", "a", "e")
    for number, trigger in enumerate(triggers):
        d.start(f"s{number}", trigger, outputs=outputs).flow(f"s{number}", "m")
    return d.property("turnup:messages", "m").property("turnup:signals", "m")


CYCLE = timer("R/P1D", "timeCycle")
EVENTS: dict[str, tuple[Diagram, int]] = {
    "a time brings nothing": (begun_by(CYCLE), 1),
    "a message brings anything": (begun_by(message("m")), 0),
    "a signal brings anything": (begun_by(signal("m")), 0),
    "a message brings what is mapped": (begun_by(message("m"), outputs={"order": "=id"}), 0),
    "and nothing else": (begun_by(message("m"), outputs={"id": "=id"}), 1),
    "of several one may bring it": (begun_by(CYCLE, message("m")), 0),
    "whoever starts it may bring anything": (begun_by(CYCLE, None), 0),
    "a parameter that nothing can give": (
        Diagram("p").start("s", CYCLE).end().service("a", "net.set").chain("s", "a", "e"),
        1,
    ),
    "what it declares": (begun_by(CYCLE).variables({"properties": {"order": {}}}), 0),
}


@pytest.mark.parametrize(("diagram", "told"), EVENTS.values(), ids=EVENTS.keys())
def test_what_only_events_start_knows_what_those_bring(diagram: Diagram, told: int) -> None:
    assert [each.element_id for each in findings_of(diagram)] == ["a"] * told


def line(*ids: str, process_id: str = "p") -> Diagram:
    return Diagram(process_id).start().end().chain("s", *ids, "e")


def script(text: str) -> Diagram:
    return line("a").script("a", text, "x")


READS: dict[str, tuple[Diagram, set[str]]] = {
    "what an expression reads": (script("=order + port"), {"order", "port"}),
    "what a handler takes": (line("a").service("a", "net.set"), {"port"}),
    "not what is mapped": (line("a").service("a", "net.set", {"port": '="1"'}), set()),
    "not what it sets itself": (line("a", "b").script("a", "=1", "x").script("b", "=x", "y"), set()),
    "not what it sets later": (line("a", "b").script("a", "=x", "y").script("b", "=1", "x"), set()),
    "not what may be missing": (script("=if order = null then 1 else order"), set()),
    "not what may come": (line("u", "a").user("u").script("a", "=order", "x"), set()),
    "before it may come": (line("a", "u").script("a", "=order", "x").user("u"), {"order"}),
    "not where it is declared": (script("=order").variables({}), set()),
    "not the item of a loop": (line("a").script("a", "=one", "r").each("=orders", "one", collect=("rs", "=r")), {"orders"}),
    "not what the handler gives": (line("a").service("a", "net.set", {"port": '="1"'}, {"x": "=state"}), set()),
    "not what an error brings": (
        line("a").service("a", "net.set", {"port": '="1"'}).boundary("b", "a", error(), outputs={"x": "=reason"}).end("f").flow("b", "f"),
        set(),
    ),
    "not what has to be picked": (script("=orders[state = 1]"), {"orders"}),
}  # fmt: skip


@pytest.mark.parametrize(("diagram", "names"), READS.values(), ids=READS.keys())
def test_what_a_process_reads_of_its_start_is_known(diagram: Diagram, names: set[str]) -> None:
    read = check(diagram.xml(), HANDLERS.get, HANDLERS.types())[0]
    assert read is not None
    assert read_from_start(read, HANDLERS.get) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a = null", {"a"}),
        ("null != a.b", {"a"}),
        ("is defined(a) and b > 1", {"a"}),
        ("[is defined(a)]", {"a"}),
        ("count(a) = b", set()),
        ("for x in a return if x = null then b else c", {"x"}),
    ],
)
def test_what_an_expression_takes_for_missing(text: str, names: set[str]) -> None:
    assert doubted(text) == names


@pytest.fixture
def bench(sqlite_database: Database, clock: FixedClock) -> Bench:
    return Bench(sqlite_database, clock, (set_line,))


def test_a_call_gives_what_is_read_where_it_is_called(bench: Bench) -> None:
    """Beside it, and deployed before it."""
    called = line("a", process_id="q").service("a", "net.set").xml()

    def told(*files: File, all_in: bool, inputs: dict[str, str] | None = None) -> list[str]:
        calls = line("c").call("c", "q", all_in=all_in, inputs=inputs).xml()
        with bench.database.reading() as connection:
            examined = bench.engine.examine_all([File("p.bpmn", calls), *files], connection)
        return [f"{each.code} {each.message.split(chr(39))[3]}" for each in examined[0].findings]

    beside = File("q.bpmn", called)
    assert told(beside, all_in=False) == ["missing_variable port"]
    assert told(beside, all_in=False, inputs={"port": "=x"}) == []
    assert told(beside, all_in=True) == []  # whoever starts the caller may bring it
    with bench.database.transaction() as tx:
        bench.engine.deploy(tx, called)
    assert told(all_in=False) == ["missing_variable port"]


def test_a_process_that_only_events_start_is_not_called_until_it_has_a_plain_start(bench: Bench) -> None:
    """And what a new version of it needs counts instead of what the old one did."""
    calls = File("p.bpmn", line("c").call("c", "q", all_in=False).xml())
    by_event = Diagram("q").start("s", message("m")).end().service("a", "net.set").chain("s", "a", "e")
    plain = line("a", process_id="q").service("a", "net.set", {"port": '="1"'})

    def told(*files: File) -> list[str]:
        with bench.database.reading() as connection:
            return [each.code for each in bench.engine.examine_all([calls, *files], connection)[0].findings]

    assert told(File("q.bpmn", by_event.xml())) == ["no_plain_start"]
    assert told(File("q.bpmn", plain.xml())) == []
    with bench.database.transaction() as tx:
        bench.engine.deploy(tx, by_event.xml())
    assert told() == ["no_plain_start"]
    assert told(File("q.bpmn", plain.xml())) == []
    with bench.database.transaction() as tx:
        bench.engine.deploy(tx, line("a", process_id="q").service("a", "net.set").xml())
    assert told() == ["missing_variable"]
    assert told(File("q.bpmn", plain.xml())) == []
    tagged = File("p.bpmn", line("c").call("c", "q", all_in=False, binding="versionTag", version_tag="old").xml())
    with bench.database.reading() as connection:
        assert bench.engine.examine_all([tagged], connection)[0].findings == []
        assert bench.engine.examine_all([tagged, File("q.bpmn", by_event.xml())], connection)[0].findings == []
