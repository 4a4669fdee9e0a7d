"""Flows that take back what they have done; see tests/factories/flows.py."""

from __future__ import annotations

from tests.factories.diagrams import Diagram
from tests.factories.pushes import Flow, line, task_done
from tests.factories.triggers import cancel, compensate, error


def undone_by_handlers() -> Flow:
    """The handlers' own undo, the last first; what has no undo stays."""
    diagram = Diagram("p").service("a", "t.undoable", inputs={"serial": '="A"'}, outputs={"a": "=ont_id"})
    diagram.service("b", "t.undoable", inputs={"serial": '="B"'}, outputs={"b": "=ont_id"}).service("c", "t.quiet")
    diagram.throw("t", compensate()).service("z", "t.name")
    expected = {"a": "ont-A", "b": "ont-B", "r": "z"}
    return Flow(line(diagram, "a", "b", "c", "t", "z"), {}, (), expected, ("a", "b", "c", "b", "a", "z"))


def undone_by_what_is_drawn() -> Flow:
    """Also a person's step, and also what a handler could undo itself: what is drawn goes first."""
    diagram = Diagram("p").user("u").service("back_u", "t.name", outputs={"back.u": "=r"}).undoes("u")
    diagram.service("a", "t.undoable", inputs={"serial": '="A"'}, outputs={"a": "=ont_id"})
    diagram.service("back_a", "t.echo", inputs={"x": "=a"}, outputs={"back.a": "=r"}).undoes("a")
    diagram.start("s").end("e", compensate()).chain("s", "u", "a", "e")
    expected = {"a": "ont-A", "back": {"a": "ont-A", "u": "back_u"}}
    return Flow(diagram, {}, (task_done(),), expected, ("a", "back_a", "back_u"))


def one_undone() -> Flow:
    diagram = Diagram("p").service("a", "t.undoable", inputs={"serial": '="A"'}).throw("t", compensate("a"))
    diagram.service("b", "t.undoable", inputs={"serial": '="B"'}, outputs={"b": "=ont_id"})
    return Flow(line(diagram, "a", "b", "t"), {}, (), {"ont_id": "ont-A", "b": "ont-B"}, ("a", "a", "b"))


def undone_once() -> Flow:
    """A second event finds only what was done since."""
    diagram = Diagram("p").service("a", "t.undoable", inputs={"serial": '="A"'}).throw("t1", compensate())
    diagram.service("b", "t.undoable", inputs={"serial": '="B"'}).throw("t2", compensate())
    return Flow(line(diagram, "a", "t1", "b", "t2"), {}, (), {"ont_id": "ont-B"}, ("a", "a", "b", "b"))


def undone_inside() -> Flow:
    """What a sub-process has done, with the variables that it had; what is drawn reads them."""
    inner = Diagram("i").start("s2").service("a", "t.echo", inputs={"x": '="A"'}, outputs={"mine": "=r"}).end("e2")
    inner.service("back", "t.echo", inputs={"x": "=mine"}, outputs={"gone": "=r"}).undoes("a").chain("s2", "a", "e2")
    diagram = Diagram("p").sub("sub", inner, inputs={"mine": "=0"}).throw("t", compensate())
    return Flow(line(diagram, "sub", "t"), {}, (), {"gone": "A"}, ("a", "back"))


def undone_after_an_error() -> Flow:
    """An event sub-process takes back what was done around it."""
    handling = Diagram("h").start("hs", error("port_taken")).end("he", compensate()).chain("hs", "he")
    diagram = Diagram("p").service("a", "t.undoable", inputs={"serial": '="A"'}).service("b", "t.refuse")
    diagram.event_sub("sub", handling)
    return Flow(line(diagram, "a", "b"), {}, (), {"ont_id": "ont-A", "port": "1/1/7"}, ("a", "a", "b"))


def transaction(fine: bool = True) -> Flow:
    inside = Diagram("x").start("s2").service("a", "t.undoable", inputs={"serial": '="A"'}, outputs={"a": "=ont_id"})
    inside.user("u").user("v").parallel("f").xor("g", default="g_e2").end("e2").end("no", cancel()).end("e3")
    inside.chain("s2", "a", "f", "u", "g").flow("g", "no", "=not(fine)").flow("g", "e2").chain("f", "v", "e3")
    diagram = Diagram("p").transaction("tx", inside).boundary("over", "tx", cancel()).service("b", "t.name").end("e4")
    diagram = line(diagram, "tx").chain("over", "b", "e4")
    if fine:
        pushes = (task_done("u", fine=True), task_done("v"))
        return Flow(diagram, {}, pushes, {"a": "ont-A", "fine": True}, ("a",))
    return Flow(diagram, {}, (task_done("u", fine=False),), {"a": "ont-A", "fine": False, "r": "b"}, ("a", "a", "b"))


def transaction_cancelled() -> Flow:
    return transaction(fine=False)
