"""Drafts are kept as they were saved, and nobody saves over what somebody else has saved."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.errors import TooLarge
from app.core.xml import XmlRefused
from app.drafts import store
from app.drafts.reading import LIMIT_BYTES, DraftKind, DraftRefused, subject_of
from tests.factories.diagrams import Diagram

DMN = b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x"/>'
FORM = b'{"components": [], "type": "default"}'


def drawn(process_id: str = "p") -> bytes:
    return Diagram(process_id).start().end().chain("s", "e").xml()


def kept(database: Database, clock: FixedClock, process_id: str = "p") -> store.DraftView:
    with database.transaction() as tx:
        new = store.NewDraft(DraftKind.PROCESS, "Mine", drawn(process_id), 3)
        return store.make(tx, new, "ada", clock.now())


def test_a_draft_is_read_as_it_was_saved(database: Database, clock: FixedClock) -> None:
    made = kept(database, clock)
    clock.advance(timedelta(minutes=5))
    with database.transaction() as tx:
        saved = store.save(tx, made.id, "Ours", drawn("q"), 1, "bob", clock.now())
    with database.reading() as connection:
        found = store.read(connection, made.id)
    assert found.document == drawn("q")
    assert (found.kind, found.name, found.process_id, found.base_version) == ("process", "Ours", "q", 3)
    assert (found.revision, found.made_by, found.saved_by) == (2, "ada", "bob")
    assert found.saved_at - found.made_at == timedelta(minutes=5)
    assert saved.revision == 2


def test_nobody_saves_over_what_was_saved_meanwhile(database: Database, clock: FixedClock) -> None:
    made = kept(database, clock)
    with database.transaction() as tx:
        store.save(tx, made.id, "Ours", drawn(), 1, "bob", clock.now())
    with pytest.raises(store.SavedMeanwhile, match="bob has saved this draft"), database.transaction() as tx:
        store.save(tx, made.id, "Lost", drawn("q"), 1, "ada", clock.now())
    with database.reading() as connection:
        assert store.read(connection, made.id).name == "Ours"


def test_drafts_are_listed_as_far_as_somebody_reaches(database: Database, clock: FixedClock) -> None:
    for process_id in ("p", "q", "q"):
        kept(database, clock, process_id)
    with database.reading() as connection:
        every = store.listed(connection, None)
        some = store.listed(connection, {"q"}, limit=1)
        one = store.listed(connection, None, process_id="p", kind="process")
        none = store.listed(connection, None, kind="form")
    assert [each.process_id for each in every.items] == ["q", "q", "p"]
    assert ([each.process_id for each in some.items], some.total) == (["q"], 2)
    assert ([each.process_id for each in one.items], none.items) == (["p"], [])


def test_what_was_saved_meanwhile_is_not_thrown_away_with_an_older_one(database: Database, clock: FixedClock) -> None:
    made = kept(database, clock)
    with database.transaction() as tx:
        store.save(tx, made.id, "Ours", drawn(), 1, "bob", clock.now())
    with pytest.raises(store.SavedMeanwhile), database.transaction() as tx:
        store.remove(tx, made.id, 1)
    with database.transaction() as tx:
        store.remove(tx, made.id, 2)


def test_a_draft_that_is_thrown_away_is_gone(database: Database, clock: FixedClock) -> None:
    made = kept(database, clock)
    with database.transaction() as tx:
        store.remove(tx, made.id)
    with pytest.raises(store.UnknownDraft), database.transaction() as tx:
        store.remove(tx, made.id)
    with pytest.raises(store.UnknownDraft), database.transaction() as tx:
        store.save(tx, made.id, "Mine", drawn(), 1, "ada", clock.now())
    with pytest.raises(store.UnknownDraft), database.reading() as connection:
        store.read(connection, made.id)


def test_an_unfinished_file_is_taken_and_one_of_another_kind_is_not() -> None:
    unfinished = Diagram("half").service("a", "nobody.knows").xml()
    assert subject_of(DraftKind.PROCESS, unfinished) == "half"
    assert subject_of(DraftKind.DECISIONS, DMN) is None
    assert subject_of(DraftKind.FORM, FORM) is None
    wrong: list[tuple[DraftKind, bytes, type[Exception]]] = [
        (DraftKind.PROCESS, DMN, DraftRefused),
        (DraftKind.DECISIONS, drawn(), DraftRefused),
        (DraftKind.PROCESS, b"<definitions/>", DraftRefused),
        (DraftKind.PROCESS, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", XmlRefused),
        (DraftKind.FORM, b"{", DraftRefused),
        (DraftKind.FORM, b"[]", DraftRefused),
        (DraftKind.FORM, b"{}", DraftRefused),
        (DraftKind.FORM, b" " * (LIMIT_BYTES + 1), TooLarge),
    ]
    for kind, document, error in wrong:
        with pytest.raises(error):
            subject_of(kind, document)
    with pytest.raises(DraftRefused, match=r"its root is <definitions> in no namespace\."):
        subject_of(DraftKind.PROCESS, b"<definitions/>")


def test_of_several_processes_the_one_that_can_be_run_gives_the_name() -> None:
    text = drawn("second").decode().replace("<bpmn:process ", '<bpmn:process id="first" isExecutable="false"/><bpmn:process ', 1)
    assert subject_of(DraftKind.PROCESS, text.encode()) == "second"
