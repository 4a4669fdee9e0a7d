"""What a diagram needs of others: processes, decisions, messages that somebody sends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.engine import bundle, queries
from app.engine.bundle import File
from app.engine.diagram import Finding
from app.engine.lint.house import EMPTY, House, Offer
from app.engine.spiff.dialect import check
from app.engine.versions import Versions
from app.handling import Done, Work, handles
from app.handling.registry import Registry
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.flows import DECISIONS
from tests.factories.triggers import message, publish, signal


@handles("net.order")
def order(work: Work) -> Done:
    """Order it.

    Messages  delivered when it is there
              lost when it is not
    """
    return Done()


HANDLERS = Registry([order])


def findings_of(d: Diagram, *offers: Offer) -> list[Finding]:
    return check(d.xml(), HANDLERS.get, HANDLERS.types(), House(lambda: offers))[2]


def line(*ids: str, process_id: str = "p") -> Diagram:
    return Diagram(process_id).start().end().chain("s", *ids, "e")


def waiting(name: str, *, outside: str | None = None, process_id: str = "p") -> Diagram:
    d = line("w", process_id=process_id).catch("w", message(name, "=k"))
    return d if outside is None else d.property("turnup:messages", outside)


def hearing(name: str, *, outside: str | None = None, process_id: str = "p") -> Diagram:
    d = line("w", process_id=process_id).catch("w", signal(name))
    return d if outside is None else d.property("turnup:signals", outside)


CALL = line("c").call("c", "other_process")
DECISION = line("d").decision("d", "speed_class", "r")

NEEDS: dict[str, tuple[Diagram, str, str, str]] = {
    "a process that nobody has": (CALL, "c", "unknown_process", "other_process"),
    "a decision that nobody has": (DECISION, "d", "unknown_decision", "speed_class"),
    "a message that nothing sends": (waiting("come"), "w", "never_sent", "turnup:messages"),
    "a message that starts it": (
        Diagram("p").start("s", message("come")).end().chain("s", "e"),
        "s",
        "never_sent",
        "come",
    ),
    "a message nearly as a handler brings it": (waiting("delivred"), "w", "never_sent", "Did you mean delivered?"),
    "a signal that nothing broadcasts": (hearing("halt"), "w", "never_broadcast", "turnup:signals"),
    "a signal nearly as it is declared": (
        hearing("halt", outside="hallt"),
        "w",
        "never_broadcast",
        "Did you mean hallt?",
    ),
    "a signal that starts it": (
        Diagram("p").start("s", signal("halt")).end().chain("s", "e"),
        "s",
        "never_broadcast",
        "halt",
    ),
    "a message nearly as it is declared": (waiting("gone", outside="goen"), "w", "never_sent", "Did you mean goen?"),
}


@pytest.mark.parametrize(("diagram", "element_id", "code", "words"), NEEDS.values(), ids=NEEDS.keys())
def test_what_the_house_does_not_have_is_a_warning(diagram: Diagram, element_id: str, code: str, words: str) -> None:
    (finding,) = findings_of(diagram)
    assert (finding.severity, finding.element_id, finding.code) == ("warning", element_id, code)
    assert words in f"{finding.message} {finding.remedy}"


HAS: dict[str, tuple[Diagram, Offer]] = {
    "the process is there": (CALL, Offer(processes=frozenset({"other_process"}))),
    "the decision is there": (DECISION, Offer(decisions=frozenset({"speed_class"}))),
    "another process sends it": (waiting("come"), Offer(messages=frozenset({"come"}))),
    "another process sends what an expression says": (waiting("come"), Offer(sends_any=True)),
    "another process broadcasts it": (hearing("halt"), Offer(signals=frozenset({"halt"}))),
    "another process broadcasts what an expression says": (hearing("halt"), Offer(broadcasts_any=True)),
    "its author says who broadcasts it": (hearing("halt", outside="go, halt"), Offer()),
    "what it hears is an expression": (hearing("=k"), Offer()),
    "it broadcasts it itself": (
        line("t").throw("t", signal("halt")).start("s2", signal("halt")).flow("s2", "t"),
        Offer(),
    ),
    "a handler brings it": (waiting("lost"), Offer()),
    "its author says who sends it": (waiting("come", outside="go, come"), Offer()),
    "it sends it itself": (
        Diagram("p")
        .start()
        .parallel("f")
        .throw("t", publish("come", "=k"))
        .catch("w", message("come", "=k"))
        .end()
        .end("e2")
        .chain("s", "f", "t", "e")
        .chain("f", "w", "e2"),
        Offer(),
    ),
}


@pytest.mark.parametrize(("diagram", "offer"), HAS.values(), ids=HAS.keys())
def test_what_the_house_has_is_passed(diagram: Diagram, offer: Offer) -> None:
    assert findings_of(diagram, offer) == []


def test_without_a_house_nothing_is_said_of_it() -> None:
    assert check(waiting("come").xml(), HANDLERS.get, HANDLERS.types())[2] == []


@pytest.mark.parametrize("names", ["", "a,,b", ","])
@pytest.mark.parametrize(("wait", "code"), [(waiting, "messages_property"), (hearing, "signals_property")])
def test_a_list_of_messages_or_signals_that_is_none_is_refused(
    names: str, wait: Callable[..., Diagram], code: str
) -> None:
    (finding,) = [each for each in findings_of(wait("come", outside=names)) if each.severity == "error"]
    assert finding.code == code


@pytest.fixture
def bench(sqlite_database: Database, clock: FixedClock) -> Bench:
    return Bench(sqlite_database, clock, (order,))


def test_what_is_deployed_is_the_house(bench: Bench) -> None:
    """At deployment, at the check door, and for several files at once; a new version counts, the old no more."""
    sender = line("t").throw("t", publish("come", "=1"))
    waits = waiting("come", process_id="q")

    def codes() -> list[str]:
        with bench.database.reading() as connection:
            (examined,) = bench.engine.examine_all([File("q.bpmn", waits.xml())], connection)
            alone = bench.engine.check(waits.xml(), beside=connection)
        assert [each.code for each in alone] == [each.code for each in examined.findings]
        return [each.code for each in alone]

    assert codes() == ["never_sent"]
    bench.deploy(sender)
    assert codes() == []
    with bench.database.transaction() as tx:
        Versions(bench.engine).withdraw(tx, "p", 1, "olga", "it sends too much")
    assert codes() == ["never_sent"]
    with bench.database.transaction() as tx:
        Versions(bench.engine).restore(tx, "p", 1, "olga", "it did not")
    bench.deploy(line())
    with bench.database.reading() as connection:
        hears = hearing("halt", process_id="r").xml()
        assert [each.code for each in bench.engine.check(hears, beside=connection)] == ["never_broadcast"]
    bench.deploy(line("t", process_id="o").throw("t", signal("halt")))
    with bench.database.reading() as connection:
        assert bench.engine.check(hears, beside=connection) == []
    assert codes() == ["never_sent"]
    with bench.database.transaction() as tx:
        assert [each.code for each in bench.engine.deploy(tx, waits.xml()).findings] == ["never_sent"]


def test_files_that_come_together_are_one_house(bench: Bench) -> None:
    asks = line("d").decision("d", "profile", "r")
    files = [File("p.bpmn", asks.xml()), File("profiles.dmn", DECISIONS)]
    assert [each.findings for each in bench.engine.examine_all(files)] == [[], []]
    assert [each.code for each in bench.engine.examine_all(files[:1])[0].findings] == ["unknown_decision"]


class Moving:
    """A clock on which no two looks are alike."""

    def __init__(self, clock: FixedClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        self._clock.advance(timedelta(seconds=1))
        return self._clock.now()


def test_files_that_come_together_are_of_one_instant(bench: Bench) -> None:
    """So a call that is bound to its caller's deployment finds what came with it, whatever their names."""
    files = [File("a.bpmn", line("c", process_id="a").call("c", "b", binding="deployment").xml())]
    files.append(File("b.bpmn", line(process_id="b").xml()))
    with bench.database.transaction() as tx:
        bundle.deploy(tx, bench.engine.examine_all(files), Moving(bench.clock), "olga", None)
    with bench.database.reading() as connection:
        views = queries.list_definitions(connection)
    assert [view.process_id for view in views] == ["a", "b"]
    assert len({view.deployed_at for view in views}) == 1


def test_an_empty_house_has_nothing() -> None:
    assert EMPTY.whole == Offer()
