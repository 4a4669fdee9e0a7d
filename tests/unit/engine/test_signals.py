"""A signal reaches everything that waits for it at that moment, once, and nothing that waits later."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from app.engine import exchange, sweeps, watchdog
from app.engine.doors import Engine
from app.engine.instances import StaleInstance
from app.engine.tables import arrival, history
from app.web.commits import commit
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.triggers import signal


def waiting(process_id: str = "p", name: str = "halt") -> Diagram:
    diagram = Diagram(process_id).start("s").catch("w", signal(name)).service("a", "t.quiet").end("e")
    return diagram.chain("s", "w", "a", "e")


def handled_beside(catch: Diagram) -> Diagram:
    """`w` on one branch, the step `long` on the other."""
    catch.start("s").end("e").parallel("f").parallel("j").service("long", "t.quiet")
    return catch.chain("s", "f", "long", "j", "e").chain("f", "w", "j")


def reminded(process_id: str = "p") -> Diagram:
    """An event sub-process that a signal starts again and again, beside a user task."""
    inner = Diagram("x").start("es", signal("remind"), interrupting=False).service("r", "t.quiet").end("ee")
    diagram = Diagram(process_id).start("s").user("u").end("e").chain("s", "u", "e")
    return diagram.event_sub("sub", inner.chain("es", "r", "ee"))


def called(bench: Bench) -> list[str]:
    return [step.element_id for step in bench.calls]


def test_every_instance_of_every_process_that_waits_goes_on_with_the_variables(bench: Bench) -> None:
    instances = [bench.start(waiting()), bench.start("p"), bench.start(waiting("q"))]
    other = bench.start(waiting("r", "another"))
    for instance_id in (*instances, other):
        bench.run(instance_id)
    done = bench.broadcast("halt", why="a cut", n=1)
    assert (sorted(done.recipients), done.started) == (sorted(instances), [])
    assert set(bench.wakeups.woken[-3:]) == set(instances)
    for instance_id in instances:
        assert bench.run(instance_id).ended
        assert bench.variables(instance_id) == {"why": "a cut", "n": 1}
    assert bench.standing(other) == {"w": "signal"}
    assert bench.count(arrival) == 0


def test_a_signal_is_not_kept_for_whoever_waits_later(bench: Bench) -> None:
    assert bench.broadcast("halt").recipients == []
    instance_id = bench.start(waiting())
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"w": "signal"}


def test_output_mappings_say_what_is_taken_of_a_signal(bench: Bench) -> None:
    diagram = Diagram("p").start("s").catch("w", signal("halt"), outputs={"reason": "=why"}).end("e")
    instance_id = bench.start(diagram.chain("s", "w", "e"))
    bench.run(instance_id)
    bench.broadcast("halt", why="a cut", n=1)
    bench.run(instance_id)
    assert bench.variables(instance_id) == {"reason": "a cut"}


def test_every_token_of_an_instance_has_the_signal_once(bench: Bench) -> None:
    diagram = Diagram("p").start("s").parallel("f").parallel("j").end("e").chain("s", "f").chain("j", "e")
    for n in range(3):
        diagram.catch(f"w{n}", signal("halt")).service(f"a{n}", "t.quiet").chain("f", f"w{n}", f"a{n}", "j")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    assert bench.broadcast("halt").recipients == [instance_id]
    assert bench.run(instance_id).ended
    assert sorted(called(bench)) == ["a0", "a1", "a2"]


def test_a_broadcast_that_crosses_the_commit_of_a_result_is_not_lost(bench: Bench) -> None:
    instance_id = bench.start(handled_beside(Diagram("p").catch("w", signal("halt"))))
    (step,) = bench.advance(instance_id).claimed
    result = bench.call(step)
    bench.broadcast("halt", n=1)  # what the worker remembers is stale now
    assert bench.advance(instance_id, [result]).ended
    assert bench.variables(instance_id) == {"n": 1}


def test_broadcasts_while_a_worker_advances_the_instance_are_each_taken_once(bench: Bench) -> None:
    """Signals against commits of results, two processes at once: none is lost, none has its effect twice."""
    inner = Diagram("x").start("es", signal("remind"), interrupting=False).end("ee").chain("es", "ee")
    diagram = Diagram("p").start("s").xor("m").service("a", "t.quiet").script("inc", "=i + 1", "i").end("e")
    diagram.xor("x", default="out").chain("s", "m", "a", "inc", "x").flow("x", "m", "=i < 40").flow("x", "e", id="out")
    instance_id = bench.start(diagram.event_sub("sub", inner), i=0)
    (first,) = bench.advance(instance_id).claimed
    other = Engine(bench.registry, bench.clock, bench.wakeups)
    reached = 0

    def work() -> None:
        results, ended = [bench.call(first)], False
        while not ended:
            try:
                with bench.database.transaction(synced=False) as tx:
                    advanced = bench.engine.advance(tx, instance_id, "worker-1", results)
            except StaleInstance:
                bench.engine.forget(instance_id)
                continue
            ended, results = advanced.ended, [bench.call(step) for step in advanced.claimed]

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        for _ in range(40):
            reached += len(commit(bench.database, lambda tx: other.broadcast(tx, "remind", {})).recipients)
        working.result()
    with bench.database.reading() as connection:
        kinds = list(connection.execute(sa.select(history.c.kind)).scalars())
    assert kinds.count("signal") + kinds.count("late_signal") == reached > 0
    assert bench.variables(instance_id) == {"i": 40}
    assert bench.count(arrival) == 0


def test_a_signal_on_its_way_outlives_a_crash_and_is_found_by_the_sweep(bench: Bench) -> None:
    instance_id = bench.start(waiting())
    bench.run(instance_id)
    bench.broadcast("halt")
    bench.restart()
    with bench.database.reading() as connection:
        assert list(sweeps.due_instances(connection, bench.clock.now())) == [instance_id]
    assert bench.run(instance_id).ended
    with bench.database.reading() as connection:
        assert sweeps.due_instances(connection, bench.clock.now()) == {}


def test_whoever_opens_the_instance_first_takes_what_has_come(bench: Bench) -> None:
    """The signal came before the user: the interrupted task cannot be completed any more."""
    diagram = Diagram("p").start("s").user("u").end("e").boundary("b", "u", signal("halt")).end("e2")
    instance_id = bench.start(diagram.chain("s", "u", "e").chain("b", "e2"))
    bench.run(instance_id)
    task = bench.task(instance_id)
    bench.broadcast("halt")
    with pytest.raises(Exception, match="no open user task"), bench.database.transaction() as tx:
        bench.engine.complete_task(tx, task, {}, "ann")
    assert bench.run(instance_id).ended


def test_a_user_who_acts_meanwhile_loses_no_signal(bench: Bench) -> None:
    diagram = Diagram("p").start("s").parallel("f").parallel("j").end("e").chain("s", "f", "u", "j", "e")
    diagram.user("u").catch("w", signal("halt")).service("a", "t.quiet").chain("f", "w", "a", "j")
    instance_id = bench.start(diagram)
    bench.run(instance_id)
    bench.broadcast("halt", n=1)
    bench.complete(instance_id)
    assert bench.standing(instance_id) == {"a": "job", "j": "join"}
    assert bench.run(instance_id).ended


def test_two_broadcasts_before_the_instance_is_looked_at_are_two_turns_of_a_loop(bench: Bench) -> None:
    diagram = Diagram("p").start("s").xor("m").catch("w", signal("tick")).service("a", "t.quiet")
    diagram.xor("x", default="out").end("e").chain("s", "m", "w", "a", "x").flow("x", "m", "=not(last)")
    instance_id = bench.start(diagram.flow("x", "e", id="out"), last=False)
    bench.run(instance_id)
    bench.broadcast("tick")
    bench.run(instance_id)
    bench.broadcast("tick", last=False)
    bench.run(instance_id)
    assert called(bench) == ["a", "a"]
    assert bench.standing(instance_id) == {"w": "signal"}


def test_a_wait_that_turned_round_before_it_was_looked_at_has_both_signals(bench: Bench) -> None:
    diagram = Diagram("p").start("s").xor("m").catch("w", signal("tick"), outputs={"n": "=n + by"})
    diagram.end("e").xor("x", default="out").chain("s", "m", "w", "x").flow("x", "m", "=n < 3")
    instance_id = bench.start(diagram.flow("x", "e", id="out"), n=0)
    bench.run(instance_id)
    bench.broadcast("tick", by=1)
    bench.broadcast("tick", by=2)
    assert bench.run(instance_id).ended
    assert bench.variables(instance_id) == {"n": 3}


def test_an_event_that_interrupts_nothing_has_every_signal(bench: Bench) -> None:
    instance_id = bench.start(reminded())
    bench.run(instance_id)
    for _ in range(3):
        bench.broadcast("remind")
    bench.run(instance_id)
    assert called(bench) == ["r", "r", "r"]
    assert bench.standing(instance_id) == {"u": "user_task", "es": "signal"}
    bench.complete(instance_id)
    assert bench.state(instance_id) == "completed"


def test_what_an_earlier_signal_has_ended_a_later_one_no_longer_reaches(bench: Bench) -> None:
    inner = Diagram("x").start("s2").catch("w", signal("go")).end("e2").chain("s2", "w", "e2")
    diagram = Diagram("p").start("s").sub("sub", inner).end("e").boundary("b", "sub", signal("halt")).user("u")
    instance_id = bench.start(diagram.end("e3").chain("s", "sub", "e").chain("b", "u", "e3"))
    bench.run(instance_id)
    bench.broadcast("halt")
    bench.broadcast("go", n=1)
    bench.run(instance_id)
    assert bench.standing(instance_id) == {"u": "user_task"}
    assert bench.variables(instance_id) == {}
    (late,) = [row for row in bench.history(instance_id) if row.kind == "late_signal"]
    assert late.detail == {"name": "go", "element": "w", "variables": {"n": 1}}


def thrower(*, before: bool) -> Diagram:
    """One branch throws; on the other `w` waits for that."""
    diagram = Diagram("p").start("s").parallel("f").parallel("j").end("e").catch("w", signal("halt"))
    diagram.throw("t", signal("halt"), inputs={"n": "=7"}).service("a", "t.quiet")
    diagram.chain("s", "f", "w", "j", "e")
    return diagram.chain("f", "a", "t", "j") if before else diagram.chain("f", "t", "j").service("b", "t.quiet")


def test_a_signal_reaches_what_waits_in_its_own_instance_in_the_same_advance(bench: Bench) -> None:
    instance_id = bench.start(thrower(before=True))
    (step,) = bench.advance(instance_id).claimed
    assert bench.advance(instance_id, [bench.call(step)]).ended
    assert bench.variables(instance_id) == {"n": 7}
    kinds = [row.kind for row in bench.history(instance_id) if "signal" in row.kind]
    assert kinds == ["signal_sent", "signal"]


def test_a_signal_reaches_tokens_that_are_not_stored_yet(bench: Bench) -> None:
    diagram = Diagram("p").start("s").parallel("f").parallel("j").end("e").catch("w", signal("halt"))
    diagram.throw("t", signal("halt"), inputs={"n": "=7"}).chain("s", "f", "w", "j", "e").chain("f", "t", "j")
    instance_id = bench.start(diagram)
    assert bench.advance(instance_id).ended
    assert bench.variables(instance_id) == {"n": 7}


def test_a_thrown_signal_reaches_the_others_in_the_same_commit(bench: Bench) -> None:
    others = [bench.start(waiting("q")), bench.start(waiting("r"))]
    for instance_id in others:
        bench.run(instance_id)
    diagram = Diagram("p").start("s").user("u").end("e", signal("halt"), inputs={"n": "=7"})
    sender = bench.start(diagram.chain("s", "u", "e"))
    bench.run(sender)
    bench.complete(sender)  # at a door, with no worker
    bench.restart()
    assert set(bench.wakeups.woken) >= set(others)
    for instance_id in others:
        assert bench.run(instance_id).ended
        assert bench.variables(instance_id) == {"n": 7}
    (row,) = [row for row in bench.history(sender) if row.kind == "signal_sent"]
    assert sorted(row.detail["recipients"]) == sorted(others)


def test_a_throw_whose_commit_fails_has_reached_nobody(bench: Bench) -> None:
    other = bench.start(waiting("q"))
    bench.run(other)
    diagram = Diagram("p").start("s").service("a", "t.quiet").end("e", signal("halt")).chain("s", "a", "e")
    sender = bench.start(diagram)
    (step,) = bench.advance(sender).claimed
    result = bench.call(step)
    with pytest.raises(ZeroDivisionError), bench.database.transaction() as tx:
        bench.engine.advance(tx, sender, "worker-1", [result])
        raise ZeroDivisionError
    bench.restart()
    assert bench.count(arrival) == 0
    assert bench.advance(other).claimed == []
    bench.advance(sender, [result])
    assert [step.element_id for step in bench.advance(other).claimed] == ["a"]


def test_an_instance_that_signals_itself_without_end_falls_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MOST_TO_ITSELF", 50)
    inner = Diagram("x").start("es", signal("go"), interrupting=False).throw("again", signal("go")).end("ee")
    diagram = Diagram("p").start("s").throw("t", signal("go")).user("u").end("e").chain("s", "t", "u", "e")
    instance_id = bench.start(diagram.event_sub("sub", inner.chain("es", "again", "ee")))
    bench.run(instance_id)
    (incident,) = bench.incidents(instance_id)
    assert (incident.code, incident.element_id) == ("EndlessLoop", "es")
    assert bench.count(history) == 101  # each sent and taken, and the last only sent
    bench.act("retry", instance_id)
    (again,) = bench.incidents(instance_id)
    assert again.code == "EndlessLoop"


def test_a_wait_for_a_signal_is_no_stall(bench: Bench) -> None:
    instance_id = bench.start(waiting())
    bench.run(instance_id)
    with bench.database.reading() as connection:
        later = bench.clock.now().replace(year=2030)
        assert watchdog.find_stalled(connection, later) == []
