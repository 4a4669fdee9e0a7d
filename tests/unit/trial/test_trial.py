"""Trying a flow out, one move at a time: nothing happens by itself, and no handler is called."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core.errors import Conflict, NotFound
from app.engine.diagram import DiagramRefused
from app.trial.answers import Answer
from app.trial.coverage import Coverage, cover
from app.trial.events import Event
from app.trial.looks import look, suggest
from app.trial.playing import play, written_of
from app.trial.scenario import read_scenario, write_scenario
from tests.factories.diagrams import Diagram
from tests.factories.trials import NOON, REGISTRY, STORES, Shelf, trying
from tests.factories.triggers import conditional, error, message, signal

REFUSED = Answer("refused", code="port_taken", detail={"port": "1/1/7"})


def line() -> Diagram:
    """A gateway, a handler whose refusal is caught, a person, and an hour that is waited for."""
    made = Diagram("p").start().xor("g", default="slow").service("a", "net.activate", inputs={"serial": "=serial"})
    made.boundary("taken", "a", error("port_taken")).user("u").timer("hour", "PT1H").end().end("out")
    made.chain("s", "g").flow("g", "a", "=speed_mbps > 100 and serial != null", id="fast").flow("g", "u", id="slow")
    return made.chain("a", "hour", "e").chain("taken", "u", "out")


def test_a_step_waits_for_its_answer_and_the_flow_stands_still_until_then() -> None:
    with trying(line()) as trial:
        trial.start({"speed_mbps": 500, "serial": "A1"}, "ORD-1")
        (pending,) = look(trial).pending
        assert (pending.place, pending.handler, pending.inputs["serial"]) == ("a", "net.activate", "A1")
        assert pending.refusals == ("port_taken",)
        trial.step()
        assert look(trial).path == ["s", "g", "a"]
        assert [(each.place, each.kind) for each in look(trial).standing] == [("hour", "timer")]


def test_made_up_outputs_are_of_the_types_that_the_handler_documents() -> None:
    with trying(line()) as trial:
        trial.start({"speed_mbps": 500, "serial": "A1"})
        made_up = {"ont_id": "ont_id-1", "level_dbm": 1.0, "ports": [], "tries": 1, "mode": "bridge"}
        assert suggest(trial) == Answer("done", made_up)
        trial.step()
        found = look(trial).variables
        assert {name: found[name] for name in made_up} == made_up


def test_each_condition_shows_the_values_that_it_read() -> None:
    with trying(line()) as trial:
        trial.start({"speed_mbps": 500, "serial": "A1"})
        (asked,) = look(trial).conditions
        assert (asked.place, asked.flow_id, asked.value) == ("g", "fast", True)
        assert asked.read == {"speed_mbps": 500, "serial": "A1"}
        assert asked.condition == "=speed_mbps > 100 and serial != null"


def test_conditional_events_show_what_they_read_once_for_each_value() -> None:
    made = Diagram("p").start().parallel("f").user("u").boundary("ev", "u", conditional("=level > 3")).user("w").user("v")
    made.end().end("e2").end("e3").chain("s", "f", "u", "e").chain("f", "w", "v", "e2").chain("ev", "e3")
    with trying(made) as trial:
        trial.start({"level": 1})
        (asked,) = look(trial).conditions
        assert (asked.place, asked.target, asked.flow_id, asked.condition) == ("ev", "", None, "=level > 3")
        trial.act(Event("complete", "w"))
        trial.act(Event("complete", "v", variables={"level": 5}))
        assert [(each.read, each.value) for each in look(trial).conditions] == [
            ({"level": 1}, False),
            ({"level": 5}, True),
        ]


def test_the_condition_that_ends_a_loop_shows_what_it_counted() -> None:
    made = Diagram("p").start().service("a", "net.quiet")
    made.each("=[1, 2, 3]", sequential=True, until="=numberOfCompletedInstances = 2").end().chain("s", "a", "e")
    with trying(made) as trial:
        trial.start({})
        trial.run()
        assert [(each.place, each.read, each.value) for each in look(trial).conditions] == [
            ("a", {"numberOfCompletedInstances": 1}, False),
            ("a", {"numberOfCompletedInstances": 2}, True),
        ]


def test_only_the_flows_that_were_taken_are_drawn() -> None:
    with trying(line()) as trial:
        trial.start({"speed_mbps": 50})
        trial.act(Event("complete", "u"))
        view = look(trial)
        assert (view.state, view.path) == ("completed", ["s", "g", "u", "out"])
        assert {"slow"} < set(view.flows)
        assert "fast" not in view.flows
        assert len(view.flows) == 3


def test_the_clock_goes_on_to_what_is_due_next_and_no_further() -> None:
    with trying(line()) as trial:
        trial.start({"speed_mbps": 500, "serial": "A1"})
        trial.run()
        assert look(trial).next_due == NOON + timedelta(hours=1)
        trial.act(Event("wait", "PT59M"))
        assert look(trial).state == "active"
        trial.act(Event("wait", "next"))
        view = look(trial)
        assert (view.state, view.now) == ("completed", NOON + timedelta(hours=1))
        with pytest.raises(Conflict, match="Nothing waits for a time"):
            trial.act(Event("wait", "next"))


def test_a_handler_that_is_made_to_refuse_leads_to_its_boundary() -> None:
    with trying(line()) as trial:
        trial.start({"speed_mbps": 500, "serial": "A1"})
        trial.step(REFUSED)
        assert look(trial).path == ["s", "g", "taken"]
        assert [each.place for each in look(trial).standing] == ["u"]


def test_a_handler_that_is_made_to_fail_is_tried_again_at_its_time_and_then_falls_out() -> None:
    with trying(line(), results={"a": Answer("failed", code="SystemSilent")}) as trial:
        trial.start({"speed_mbps": 500, "serial": "A1"})
        trial.run()
        assert look(trial).next_due == NOON + timedelta(seconds=60)
        trial.act(Event("wait", "next"))
        trial.run()
        (fallen,) = look(trial).standing
        assert (fallen.kind, fallen.error and fallen.error["code"]) == ("incident", "SystemSilent")
        assert look(trial).state == "fallen_out"
        trial.act(Event("retry", "a"))
        trial.step(Answer("done", {"ont_id": "7"}))
        assert look(trial).variables["ont_id"] == "7"


def test_what_fell_out_is_skipped_with_what_it_would_have_given() -> None:
    with trying(line(), results={"a": Answer("failed", code="Broken", retry=False)}) as trial:
        trial.start({"speed_mbps": 500, "serial": "A1"})
        trial.run()
        trial.act(Event("skip", "a", variables={"ont_id": "by hand"}))
        assert look(trial).variables["ont_id"] == "by hand"


def test_inputs_that_do_not_fit_the_handler_fall_out_as_they_would_in_earnest() -> None:
    with trying(line()) as trial:
        trial.start({"speed_mbps": 500, "serial": 7})
        trial.run()
        (fallen,) = look(trial).standing
        assert fallen.error is not None
        assert fallen.error["code"] == "BadParameter"


def test_messages_signals_and_callbacks_come_when_they_are_sent() -> None:
    made = Diagram("p").start().catch("m", message("go", "=order")).catch("h", signal("halt")).service("a", "net.quiet")
    with trying(made.end().chain("s", "m", "h", "a", "e"), results={"a": Answer("waiting", code="back", key="K")}) as t:
        t.start({"order": "O-1"})
        (wait,) = look(t).standing
        assert (wait.name, wait.key) == ("go", "O-1")
        t.act(Event("message", "go", "O-1", {"x": 1}))
        t.act(Event("signal", "halt"))
        t.run()
        assert [(each.kind, each.name, each.key) for each in look(t).standing] == [("callback", "back", "K")]
        t.act(Event("message", "back", "K", {"y": 2}))
        assert (look(t).state, look(t).variables) == ("completed", {"order": "O-1", "x": 1, "y": 2})


def test_a_message_while_a_handler_runs_ends_it() -> None:
    made = Diagram("p").start().service("a", "net.quiet").boundary("off", "a", message("off", "=o")).end().end("out")
    with trying(made.chain("s", "a", "e").chain("off", "out")) as trial:
        trial.start({"o": "1"})
        trial.act(Event("message", "off", "1"))
        assert (trial.pending, look(trial).state, look(trial).path) == ([], "completed", ["s", "off", "out"])
        assert trial.events[0].meanwhile == "a"


def test_a_called_process_is_tried_with_it_and_its_steps_are_named_after_it() -> None:
    inner = Diagram("q").start().service("a", "net.quiet").end().chain("s", "a", "e")
    outer = Diagram("p").start().call("c", "q").end().chain("s", "c", "e")
    with trying(outer, inner, results={"q/a": Answer("done", {"z": 1})}) as trial:
        trial.start({})
        assert [each.place for each in look(trial).pending] == ["q/a"]
        trial.run()
        assert look(trial).state == "completed"
        assert look(trial).path == ["s", "c", "e"]


def test_a_process_that_a_message_starts_stands_by_for_it() -> None:
    made = Diagram("p").start("s", message("ordered")).end().chain("s", "e")
    with trying(made) as trial:
        trial.start({})
        assert look(trial).state == "not begun"
        trial.act(Event("message", "ordered", "K", {"x": 1}))
        assert (look(trial).state, look(trial).variables) == ("completed", {"x": 1})


def test_a_flow_that_goes_round_without_end_is_halted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.trial.trial.MOST_STEPS", 30)
    made = Diagram("p").start().xor("m").service("a", "net.quiet").xor("g", default="round").end()
    made.chain("s", "m", "a", "g").flow("g", "m", id="round").flow("g", "e", "=false")
    with trying(made) as trial:
        trial.start({})
        with pytest.raises(Conflict, match="30 steps were answered"):
            trial.run()


def test_what_cannot_happen_is_refused_and_changes_nothing() -> None:
    with trying(line()) as trial:
        trial.start({"speed_mbps": 50})
        for event in (Event("complete", "nobody"), Event("retry", "u")):
            with pytest.raises(NotFound):
                trial.act(event)
        with pytest.raises(Conflict, match="No step waits"):
            trial.step()
        assert trial.events == []


def test_a_diagram_with_errors_is_not_tried() -> None:
    made = Diagram("p").start().service("a", "net.nobody").end().chain("s", "a", "e")
    with pytest.raises(DiagramRefused), trying(made):
        pass


def test_what_a_trial_wrote_is_gone_with_it() -> None:
    with trying(line()) as trial:
        folder = trial.scratch.folder
        assert folder.is_dir()
    assert not folder.exists()


def test_what_was_done_is_a_scenario_that_goes_the_same_way() -> None:
    with trying(line()) as trial:
        trial.start({"speed_mbps": 500, "serial": "A1"}, "ORD-1")
        trial.act(Event("wait", "PT5M"))
        trial.step(REFUSED)
        trial.act(Event("complete", "u", variables={"note": "no: 010"}))
        text = write_scenario(written_of(trial, "The port is taken"))
    scenario = read_scenario(text)
    assert scenario.events[0].meanwhile == "a"
    assert scenario.expect.outputs == {"port": "1/1/7", "note": "no: 010"}
    played = play(scenario, line().xml(), Shelf(), REGISTRY, STORES)
    assert played.differs == []
    covered = played.covered["p"]
    assert covered.missed == ["e", "hour"]
    assert covered.taken == {"s_g", "fast", "taken_u", "u_out"}
    assert covered.share == pytest.approx(10 / 15)


def test_an_event_that_has_not_happened_is_not_gone_through_and_neither_is_its_flow() -> None:
    made = Diagram("p").start().service("a", "net.activate").boundary("taken", "a", error("port_taken")).end("out")
    made.event_gateway("w").catch("m", message("go", "=serial")).timer("hour", "PT1H").end()
    made.chain("s", "a", "w").flow("w", "m", id="w_m").flow("w", "hour", id="w_hour").chain("m", "e")
    with trying(made.chain("hour", "e").chain("taken", "out")) as trial:
        trial.start({"serial": "A1"})
        trial.run()
        covered: dict[str, Coverage] = {}
        cover(trial, covered)
        assert covered["p"].missed == ["e", "hour", "m", "out", "taken"]
        assert "w_m" not in covered["p"].taken
        trial.act(Event("wait", "next"))
        cover(trial, covered)
        assert covered["p"].missed == ["m", "out", "taken"]
        assert {"w_hour"} == covered["p"].taken & {"w_hour", "w_m"}
