"""Malicious and absurd diagrams, by hand and by lot: a finding or a diagram that can be built, and soon."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from app.engine.diagram import Diagram as CheckedDiagram
from app.engine.diagram import DiagramRefused, Finding
from app.engine.spiff.build import build
from app.engine.spiff.dialect import check
from tests.factories.constructs import line
from tests.factories.diagrams import Diagram
from tests.factories.handlers import few_handlers
from tests.factories.markup import tag
from tests.factories.soup import Soup, repaired
from tests.factories.triggers import compensate, escalation, link, message, signal

HANDLERS = few_handlers()
PATIENCE_S = 20.0  # of processor time; the largest take 3 to 5


def checked(document: bytes) -> tuple[CheckedDiagram | None, list[Finding]]:
    try:
        diagram, _, findings = check(document, HANDLERS.get, HANDLERS.types())
    except DiagramRefused as refused:
        return None, list(refused.findings)
    assert (diagram is None) == any(finding.severity == "error" for finding in findings)
    assert all(finding.message and finding.remedy for finding in findings)
    return diagram, findings


def xml_bomb() -> bytes:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = line("a").script("a", "=1", "x").xml().decode().replace('expression="=1"', 'expression="=&a9;"')
    return bomb.replace("?>", f'?><!DOCTYPE d [<!ENTITY a0 "1">{entities}]>', 1).encode()


def outside_file() -> bytes:
    text = line("a").script("a", "=1", "x").xml().decode().replace("<bpmn:scriptTask", "&f;<bpmn:scriptTask")
    return text.replace("?>", '?><!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]>', 1).encode()


def inclusion() -> bytes:
    return line().raw('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>').xml()


def quotes() -> bytes:
    """Ids, names and texts full of quotes and brackets."""
    nasty = """'"<&>]]>--;DROP TABLE token;{}|#/~"""
    d = Diagram("p", nasty).start(nasty).message(nasty + "m", nasty, f"={nasty}").end(nasty + "e")
    return d.chain(nasty, nasty + "m", nasty + "e").version_tag(nasty).xml()


def nested(depth: int, event_subs: bool = False) -> bytes:
    d = Diagram("x").start("s0", signal("a") if event_subs else None).end("e0").chain("s0", "e0")
    for level in range(1, depth):
        outer = Diagram("x").start(f"s{level}", signal("a") if event_subs else None).end(f"e{level}")
        if event_subs:
            d = outer.event_sub(f"n{level}", d).chain(f"s{level}", f"e{level}")
        else:
            d = outer.sub(f"n{level}", d).chain(f"s{level}", f"n{level}", f"e{level}")
    return line("u").user("u").event_sub("n", d).xml() if event_subs else line("n").sub("n", d).xml()


def event_subs_in_circles() -> bytes:
    """Each throws what starts another."""
    d = line("u").user("u")
    for number in range(200):
        inner = Diagram("x").start(f"s{number}", escalation(f"x{number}"), interrupting=False)
        inner.throw(f"t{number}", escalation(f"x{(number + 1) % 200}")).end(f"e{number}")
        d.event_sub(f"sub{number}", inner.chain(f"s{number}", f"t{number}", f"e{number}"))
    return d.xml()


def links_in_circles() -> bytes:
    d = Diagram("p").start().throw("t", link("l0")).chain("s", "t")
    for number in range(500):
        d.catch(f"c{number}", link(f"l{number}")).throw(f"t{number}", link(f"l{(number + 1) % 500}"))
        d.flow(f"c{number}", f"t{number}")
    return d.xml()


def one_link_for_all() -> bytes:
    d = Diagram("p").start().end().parallel("f").flow("s", "f")
    for number in range(2000):
        d.throw(f"t{number}", link("l")).catch(f"c{number}", link("l")).flow("f", f"t{number}").flow(f"c{number}", "e")
    return d.xml()


def associations_to_nowhere() -> bytes:
    d = line("a").service("a", "net.ping").boundary("c", "a", compensate())
    for number in range(3000):
        d.raw(tag("bpmn:association", {"id": f"x{number}", "sourceRef": "c", "targetRef": f"gone{number}"}))
    return d.raw(tag("bpmn:association", {"id": "empty"})).xml()


def compensation_in_circles() -> bytes:
    d = line("a").raw(
        '<bpmn:userTask id="a" isForCompensation="true"/><bpmn:userTask id="b" isForCompensation="true"/>'
    )
    d.boundary("ca", "a", compensate()).boundary("cb", "b", compensate())
    return d.association("ca", "b").association("cb", "a").association("a", "ca").xml()


def boundary_on_itself() -> bytes:
    d = line().boundary("b", "b", signal("x")).boundary("c", "d", signal("x")).boundary("d", "c", signal("x"))
    return d.flow("b", "b").flow("c", "d").xml()


def calls_in_circles() -> bytes:
    """A process whose every step, at every depth and for every item, is itself."""
    d = Diagram("x").start("s0").call("c0", "p").each("=items", "item").end("e0").chain("s0", "c0", "e0")
    for level in range(1, 50):
        outer = Diagram("x").start(f"s{level}").sub(f"n{level}", d).each("=items", "item").end(f"e{level}")
        d = outer.call(f"c{level}", "p").chain(f"s{level}", f"n{level}", f"c{level}", f"e{level}")
    return line("n").sub("n", d).xml()


def missing_targets() -> bytes:
    d = line()
    for number in range(3000):
        d.user(f"u{number}").flow(f"u{number}", f"gone{number}")
    return d.xml()


def duplicates() -> bytes:
    d = line("a")
    for _ in range(3000):
        d.sub("a", Diagram("x").start("a").sub("a", Diagram("y").start("a"))).flow("a", "a")
    return d.xml()


def many_in_a_row() -> bytes:
    names = [f"t{number}" for number in range(10_000)]
    d = line(*names)
    for name in names:
        d.script(name, "=1", name)
    return d.xml()


def many_side_by_side(kind: str = "parallelGateway") -> bytes:
    d = Diagram("p").start().end().raw(f'<bpmn:{kind} id="f"/><bpmn:{kind} id="j"/>').chain("s", "f").chain("j", "e")
    for number in range(8_000):
        d.script(f"t{number}", "=1", "x").flow("f", f"t{number}", "=x" if kind[0] == "i" else None)
        d.flow(f"t{number}", "j")
    return d.xml()


def many_borders() -> bytes:
    """10,000 events on one task, half of them without interrupting it."""
    d = line("a").service("a", "net.ping").end("f")
    for number in range(10_000):
        d.boundary(f"b{number}", "a", signal(f"x{number}"), interrupting=number % 2 == 0).flow(f"b{number}", "f")
    return d.xml()


def many_event_subs() -> bytes:
    d = line("a").script("a", "=1", "x")
    for number in range(2_500):
        inner = (
            Diagram("x").start(f"s{number}", signal(f"x{number}"), interrupting=False).script(f"w{number}", "=1", "x")
        )
        d.event_sub(f"sub{number}", inner.end(f"e{number}").chain(f"s{number}", f"w{number}", f"e{number}"))
    return d.xml()


def many_waits() -> bytes:
    d = Diagram("p").start().event_gateway("g").end().chain("s", "g")
    for number in range(5_000):
        d.catch(f"m{number}", message(f"x{number}", "=id")).chain("g", f"m{number}", "e")
    return d.xml()


def any_way() -> bytes:
    """10,000 gateways with flows between them by lot: circles in circles."""
    draw = random.Random(1)
    d = Diagram("p").start().end().chain("s", "g0").flow("g0", "e")
    for number in range(5_000):
        d.raw(f'<bpmn:parallelGateway id="g{number}"/>')
        for each in range(2):
            d.flow(f"g{number}", f"g{draw.randrange(5_000)}", id=f"f{number}_{each}")
    return d.xml()


HOSTILE: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "an entity bomb": (xml_bomb, "doctype"),
    "a file by an entity": (outside_file, "doctype"),
    "a file by inclusion": (inclusion, "unknown_element"),
    "ids full of quotes": (quotes, "bad_id"),
    "60 sub-processes in one another": (lambda: nested(60), None),
    "60 event sub-processes in one another": (lambda: nested(60, event_subs=True), None),
    "300 sub-processes in one another": (lambda: nested(300), "too_deep"),
    "event sub-processes in circles": (event_subs_in_circles, None),
    "links in circles": (links_in_circles, None),
    "one link for all": (one_link_for_all, "link_caught_twice"),
    "associations to nowhere": (associations_to_nowhere, "several_compensations"),
    "compensation in circles": (compensation_in_circles, "not_attached"),
    "boundary events on themselves": (boundary_on_itself, "not_attached"),
    "calls in circles": (calls_in_circles, None),
    "flows to nowhere": (missing_targets, "dangling_flow"),
    "one id for all": (duplicates, "duplicate_id"),
    "10,000 steps in a row": (many_in_a_row, None),
    "8,000 branches": (many_side_by_side, None),
    "8,000 branches by conditions": (lambda: many_side_by_side("inclusiveGateway"), None),
    "10,000 boundary events": (many_borders, None),
    "2,500 event sub-processes that write one variable": (many_event_subs, "too_many_findings"),
    "5,000 events at one gateway": (many_waits, None),
    "10,000 flows by lot": (any_way, "too_many_findings"),
}


@pytest.mark.parametrize(("make", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_an_absurd_diagram_is_refused_or_built_in_good_time(make: Callable[[], bytes], code: str | None) -> None:
    document = make()
    begun = time.process_time()
    diagram, findings = checked(document)
    if diagram is not None:
        build(diagram)
    assert time.process_time() - begun < PATIENCE_S
    errors = {finding.code for finding in findings if finding.severity == "error"}
    assert errors >= {code} if code else not errors, errors


def thrown_together(seeds: Iterator[int]) -> Iterator[tuple[CheckedDiagram | None, list[Finding]]]:
    """Each diagram, and what is left of it as its first fault is taken out, again and again."""
    for seed in seeds:
        document = Soup(seed, size=5 + seed % 60).document()
        for _ in range(40):
            diagram, findings = checked(document)
            yield diagram, findings
            wrong = {finding.element_id or "p" for finding in findings if finding.severity == "error"}
            if diagram is not None or wrong == {"p"}:
                break
            document = repaired(document, {sorted(wrong - {"p"})[0]})


def test_what_is_thrown_together_by_lot_is_refused_or_built() -> None:
    told: Counter[str] = Counter()
    built = 0
    for diagram, findings in thrown_together(iter(range(120))):
        told.update({finding.code for finding in findings})
        if diagram is not None:
            build(diagram)
            built += 1
    assert built > 30
    assert len(told) > 30, sorted(told)
