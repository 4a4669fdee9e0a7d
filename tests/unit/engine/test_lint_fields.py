"""Fields that a variable does not have, and parts of what has none."""

from __future__ import annotations

import time
from typing import Any

import pytest

from app.decisions.feel import compile_feel
from app.engine.diagram import Finding
from app.engine.spiff.dialect import check
from app.handling import Done, Work, handles
from app.handling.registry import Registry
from tests.factories.diagrams import Diagram
from tests.factories.triggers import message


@handles("net.read")
def read(work: Work) -> Done:
    """Read a line.

    Outputs  level (float)
             answer (dict)
    """
    return Done()


HANDLERS = Registry([read])
ADDRESS = {"type": "object", "properties": {"street": {"type": "string"}}, "additionalProperties": False}
LINE = {"type": "object", "properties": {"speed": {"type": "number"}, "port": {"type": "string"}}}
STARTS = {
    "$defs": {"address": ADDRESS, "line": {**LINE, "additionalProperties": False}},
    "properties": {
        "customer": {
            "type": ["object", "null"],
            "properties": {"surname": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
        },
        "site": {"$ref": "#/$defs/address"},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        "wanted_on": {"type": "string", "format": "date"},
        "speed": {"type": ["integer", "null"]},
        "anything": {},
        "either": {"anyOf": [ADDRESS, LINE], "type": "object", "additionalProperties": False},
        "by_name": {"type": "object", "patternProperties": {"^p": {}}, "additionalProperties": False},
        "pair": {"type": "array", "prefixItems": [ADDRESS]},
        "things": {"type": "array"},
        "more": {"$ref": "#/$defs/address", "unevaluated": "with a word beside the reference"},
    },
}


def findings_of(d: Diagram) -> list[Finding]:
    return [each for each in check(d.xml(), HANDLERS.get, HANDLERS.types())[2] if each.code == "unknown_field"]


def line(*ids: str, schema: dict[str, Any] | None = STARTS) -> Diagram:
    d = Diagram("p").start().end().chain("s", *ids, "e")
    return d if schema is None else d.variables(schema)


def script(text: str) -> Diagram:
    return line("a").script("a", text, "x")


def inside(text: str, **inputs: str) -> Diagram:
    inner = Diagram("i").start("is").script("ia", text, "r").end("ie").chain("is", "ia", "ie")
    return line("sp").sub("sp", inner, inputs={"r": "=null", **inputs})


MISSING: dict[str, tuple[Diagram, str, str]] = {
    "of an object that allows no other": (script("=site.stret"), "reads 'stret' of 'site'", "Did you mean street?"),
    "of such an object, by no slip": (script("=site.postcode"), "no such field", "It has street"),
    "of an object in an object": (script("=customer.address.country"), "of 'customer.address'", "It has street"),
    "nearly, of an object that allows others": (script("=customer.surnam"), "of 'customer'", "Did you mean surname?"),
    "of each of a list": (script("=lines.sped"), "of 'lines'", "Did you mean speed?"),
    "of one of a list": (script("=lines[1].sped"), "what stands before the dot", "Did you mean speed?"),
    "of those that a condition picks": (script("=count(lines[speed > 3].prt)"), "reads 'prt'", "Did you mean port?"),
    "within the condition": (script("=lines[item.sped > 3]"), "of 'item'", "Did you mean speed?"),
    "of a variable, where what is looked through has none of the name": (
        script("=lines[site.country = 1]"),
        "of 'site'",
        "It has street",
    ),
    "of a field of what it picks from": (script("=lines[port.number = 1]"), "of 'port'", "one value without fields"),
    "in a loop": (script("=for each_one in lines return each_one.sped"), "of 'each_one'", "Did you mean speed?"),
    "in a test of all": (script("=every each_one in lines satisfies each_one.up"), "of 'each_one'", "It has speed, port"),
    "of a date, which is text": (script("=wanted_on.year"), "of 'wanted_on'", "date(wanted_on).year"),
    "of a number": (script("=speed.mbps"), "of 'speed'", "without '.mbps'"),
    "of what a handler gives": (
        line("a", "b").service("a", "net.read").script("b", "=level.dbm", "x"),
        "of 'level'",
        "without '.dbm'",
    ),
    "in an output mapping": (line("a").service("a", "net.read", outputs={"x": "=level.dbm"}), "output 'x'", "'.dbm'"),
    "in a condition": (line("g").xor("g", default="g_e").end("f").flow("g", "f", "=site.no > 3"), "condition", "street"),
    "of an item": (line("m").script("m", "=each_one.sped", "r").each("=lines", "each_one", collect=("rs", "=r")), "of 'each_one'", "speed"),
    "of an item that an input takes apart": (
        line("a").service("a", "net.read", {"site": "=site.sped"}).each("=lines", "site"),
        "of 'site'",
        "Did you mean speed?",
    ),
    "of what a sub-process is given": (inside("=where.country", where="=customer.address"), "of 'where'", "It has street"),
    "of what an input stands for from there on": (
        line("a").service("a", "net.read", {"y": "=site.country", "site": "=anything"}),
        "input 'y'",
        "It has street",
    ),
    "of what a sub-process is given under its own name": (inside("=site.country", site="=site"), "of 'site'", "It has street"),
}  # fmt: skip


@pytest.mark.parametrize(("diagram", "what", "remedy"), MISSING.values(), ids=MISSING.keys())
def test_a_field_that_is_never_there_is_told(diagram: Diagram, what: str, remedy: str) -> None:
    (finding,) = findings_of(diagram)
    assert finding.severity == "warning"
    assert what in finding.message
    assert remedy in finding.remedy


FINE: dict[str, Diagram] = {
    "what is declared": script("=site.street + customer.address.street + customer.surname"),
    "an object that allows others": script("=customer.email"),
    "a plural, where others are allowed": script("=customer.surnames"),
    "what may be anything": script("=anything.at.all"),
    "what may be one of several": script("=either.number"),
    "names by a pattern": script("=by_name.p1"),
    "places in a list": script("=pair.country + things.country"),
    "a date that is read": script("=date(wanted_on).year"),
    "a name that a loop binds": script("=for site in things return site.country"),
    "a name that a function binds": script("=(function(site) site.country)(things)"),
    "an entry of a context": script("={site: anything, b: site.country}.b"),
    "an entry of what is looked through": script("=things[site.country = 1]"),
    "of a list whose items say nothing": script("=things[1].country"),
    "what the flow writes itself": line("a", "b").script("a", "=anything", "site").script("b", "=site.country", "x"),
    "what several write": line("a", "b", "c").script("a", "=anything", "level").service("b", "net.read")
    .script("c", "=level.dbm", "x"),
    "what is written inside": inside("=r.country", r="=site"),
    "what an output collects": line("a", "b").service("a", "net.read", outputs={"r": "=level"})
    .each("=lines", "one", collect=("site", "=r")).script("b", "=site.country", "x"),
    "what a schema says in two places": script("=more.country"),
    "a name that is a little like one, where others are allowed": script("=customer.username"),
    "what a handler gives that has fields": line("a", "b").service("a", "net.read").script("b", "=answer.level", "x"),
    "an output of another that goes by the name": line("a").service("a", "net.read", outputs={"level": "=answer", "x": "=level.dbm"}),
    "an input that is called as what it is read from": line("a").service("a", "net.read", {"site": "=site.street"}),
    "an input that an earlier one made": line("a").service("a", "net.read", {"site": "=anything", "y": "=site.country"}),
    "a name that is another value inside": inside("=site.country", site="=anything"),
    "a name that an item has": line("m").script("m", "=site.country", "r").each("=things", "site", collect=("rs", "=r")),
    "a name that is made of two inputs": inside("=site.country", **{"site.street": '="a"', "site.country": '="b"'}),
    "a name that is made of a part": inside("=site.country", **{"site.at": "=customer.address"}),
    "where nothing is declared": line("a", schema=None).script("a", "=site.country", "x"),
    "what a message brings under another name": line("w", "a").catch("w", message("m", "=speed"), outputs={"x": "=brought.y"})
    .script("a", "=x.z", "y"),
}  # fmt: skip


@pytest.mark.parametrize("diagram", FINE.values(), ids=FINE.keys())
def test_a_field_that_may_be_there_is_passed(diagram: Diagram) -> None:
    assert findings_of(diagram) == []


def test_one_field_is_told_once_for_an_expression() -> None:
    assert len(findings_of(script("=if site.no = 1 then site.no else site.country"))) == 2


def test_what_is_handed_on_from_level_to_level_is_looked_at_in_good_time() -> None:
    inner = Diagram("i").start("is").xor("ig", default="ig_ie").end("ie").end("if").chain("is", "ig", "ie")
    inner.flow("ig", "if", "=site.country = 1")
    for level in range(190):
        outer = Diagram(f"o{level}").start(f"s{level}").end(f"e{level}").chain(f"s{level}", f"sp{level}", f"e{level}")
        inner = outer.sub(f"sp{level}", inner, inputs={"site": "=site[site.street = site.street]"})
    begun = time.process_time()
    (finding,) = findings_of(line("sp").sub("sp", inner))
    assert finding.element_id == "ig_if"
    assert time.process_time() - begun < 6


def test_the_engine_finds_nothing_where_the_check_says_so() -> None:
    """What is told really is null, whatever a start that the schema allows brings."""
    scope = {"site": {"street": "Elm"}, "lines": [{"speed": 1, "port": "1"}], "wanted_on": "2026-01-01", "speed": 3}
    for text in ("site.stret", "wanted_on.year", "speed.mbps", "lines[1].sped"):
        assert compile_feel(text).json(scope) is None
