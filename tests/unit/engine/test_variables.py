"""Variables live in a tree of scopes; concurrent branches lose nothing (DESIGN promise 9)."""

from __future__ import annotations

from app.engine.spiff.branches import Branch
from app.engine.spiff.scopes import Scopes
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench


def forked(**outputs: str) -> Diagram:
    """Two branches, each one step, then a join."""
    diagram = Diagram("p").start("s").end("e").parallel("f").parallel("j").chain("s", "f", "a", "j", "e")
    for element_id in ("a", "b"):
        diagram.service(element_id, "t.name", outputs={outputs[element_id]: "=r"})
    return diagram.chain("f", "b", "j")


def test_branches_that_write_beside_each_other_both_keep_their_values(bench: Bench) -> None:
    instance_id = bench.start(forked(a="cfg.a", b="cfg.b"), cfg={"k": 1})
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"cfg": {"k": 1, "a": "a", "b": "b"}}


def test_writing_over_a_concurrent_branch_stops_until_somebody_chooses(bench: Bench) -> None:
    for take, expected in (("stored", "a"), ("new", "b")):
        instance_id = bench.start(forked(a="port", b="port"))
        bench.run(instance_id)
        (incident,) = bench.incidents(instance_id)
        assert incident.code == "VariableConflict"
        assert (incident.detail["stored"], incident.detail["new"]) == ("a", "b")
        assert bench.variables(instance_id) == {"port": "a"}
        calls = len(bench.calls)
        bench.act("choose", instance_id, take)
        bench.run(instance_id)
        assert bench.state(instance_id) == "completed"
        assert bench.variables(instance_id) == {"port": expected}
        assert len(bench.calls) == calls, "the handler is not called again for a choice"


def test_a_conflict_survives_a_crash(bench: Bench) -> None:
    instance_id = bench.start(forked(a="port", b="port"))
    bench.run(instance_id, between=bench.restart)
    bench.restart()
    bench.act("choose", instance_id, "new")
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"port": "b"}


def test_a_value_written_before_the_split_is_no_conflict(bench: Bench) -> None:
    diagram = forked(a="port", b="other").script("init", '="1/1/1"', "port")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    assert bench.incidents(instance_id) == []


def test_input_mappings_are_local_to_their_step(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").service("a", "t.set", inputs={"target": "value", "value": "=n + 1"})
    instance_id = bench.start(diagram.chain("s", "a", "e"), n=5)
    bench.run(instance_id)
    assert bench.calls[0].inputs == {"target": "value", "value": 6}
    assert bench.variables(instance_id) == {"n": 5}, "value is local by its input mapping, so it stays inside"


def test_only_mapped_outputs_leave_a_step_that_maps_any(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").service("a", "t.undoable", outputs={"ont.id": "=ont_id"})
    instance_id = bench.start(diagram.chain("s", "a", "e"), serial="X")
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"serial": "X", "ont": {"id": "ont-X"}}


def test_a_nested_branch_diverges_where_its_outer_branches_did() -> None:
    inner = Branch("f#1.0>g#1.1>", (3, 8))
    assert inner.diverged_at("f#1.1>") == 3
    assert inner.diverged_at("f#1.0>g#1.0>") == 8
    assert inner.diverged_at("f#1.0>") is None


def test_a_branch_whose_name_begins_like_anothers_is_another() -> None:
    assert Branch("f#1.1>", (0,)).diverged_at("f#1.10>") == 0


def test_a_change_inside_a_variable_never_changes_what_others_hold() -> None:
    scopes = Scopes()
    before = {"a": {"b": 1}}
    scopes.declare("", "order", before)
    scopes.write("", "order.a.b", 2)
    assert before == {"a": {"b": 1}}
    assert scopes.view("")["order"] == {"a": {"b": 2}}


def test_a_closed_scope_is_gone_with_all_inside_it() -> None:
    scopes = Scopes()
    for scope in ("/sub#1", "/sub#1/a#1", "/sub#10"):
        scopes.declare(scope, "x", scope)
    scopes.close("/sub#1")
    assert sorted(scopes.variables) == ["", "/sub#10"]


def test_feel_reads_the_engines_clock(bench: Bench) -> None:
    diagram = Diagram("p").start("s").end("e").script("a", "=string(now())", "at").chain("s", "a", "e")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    assert bench.variables(instance_id)["at"].startswith(f"{bench.clock.now():%Y-%m-%dT%H:%M:%S}")


def test_what_is_called_sees_nothing_beyond_its_own_scope_and_writes_nothing_there() -> None:
    scopes = Scopes()
    scopes.declare("", "order", 1)
    scopes.open("/!call#1", {"own": 2}, of_a_step=False)
    assert dict(scopes.view("/!call#1/sub#1")) == {"own": 2}
    scopes.write("/!call#1/sub#1", "order", 3)
    scopes.write("/!call#1/sub#1", "own", 4)
    assert scopes.variables == {"": {"order": 1}, "/!call#1": {"own": 4, "order": 3}}


def test_a_scope_that_was_never_stored_leaves_no_row_and_no_deletion_behind() -> None:
    scopes = Scopes()
    for scope in ("/a#1", "/a#1/b#1"):
        scopes.open(scope, {"x": 1}, of_a_step=False)
    scopes.close("/a#1")
    assert scopes.take_changes() == ([], [], [])
    scopes.open("/a#2", {"x": 1}, of_a_step=False)
    scopes.visit("/a#2/b#1", "", "c")
    rows, _, _ = scopes.take_changes()
    assert sorted(row[0] for row in rows) == ["/a#2", "/a#2/b#1"]
    scopes.close("/a#2")
    assert scopes.take_changes() == ([], ["/a#2", "/a#2/b#1"], [])
