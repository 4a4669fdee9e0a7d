"""The trials that are open: few at once, each its owner's alone, thrown away when nobody uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock, RLock
from typing import Any, Literal

from app.core.clock import Clock
from app.core.errors import Conflict, NotFound, TooMany
from app.core.ids import new_id
from app.engine.definitions import examine
from app.engine.diagram import DiagramRefused
from app.handling.registry import Registry
from app.trial.answering import Stubs, Written
from app.trial.answers import Answer
from app.trial.documents import Library, Needed, gather, gathered
from app.trial.journal import IDLE, Journal, Journals
from app.trial.laboratory import FromLaboratory
from app.trial.playing import Played, play, play_on
from app.trial.sample import sample_of
from app.trial.scenario import Scenario
from app.trial.scratch import Scratch, Stores, open_scratch
from app.trial.trial import Trial

Answers = Literal["made_up", "laboratory", "recorded"]
ANSWERS: tuple[Answers, ...] = ("made_up", "laboratory", "recorded")
MOST = 12
MOST_OF_ONE = 3
AWAY = timedelta(minutes=2)  # unused for that long, one makes place for another's


class UnknownTrial(NotFound):
    """No trial with that id is open in this process."""


@dataclass(frozen=True)
class Laboratory:
    """Where it answers; handlers of a trial are given nothing else."""

    url: str
    allowed_networks: str = ""


@dataclass(frozen=True)
class Subject:
    """What is tried: a document, and where it comes from, for whoever shows it."""

    document: bytes
    title: str
    process_id: str | None
    draft_id: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class Beginning:
    """`results` are those of a past order, for `recorded`."""

    variables: Mapping[str, Any]
    at: datetime
    business_key: str | None = None
    answers: Answers = "made_up"
    results: Mapping[str, Sequence[Answer]] = field(default_factory=dict)


@dataclass
class OpenTrial:
    id: str
    owner: str
    subject: Subject
    answers: Answers
    trial: Trial
    used_at: datetime
    lock: RLock = field(default_factory=RLock, repr=False)


class Trials:
    """Safe to use from many threads; in one trial one thread acts at a time."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        laboratory: Laboratory | None = None,
        most: int = MOST,
        most_of_one: int = MOST_OF_ONE,
        journals: Journals | None = None,
    ) -> None:
        """`journals` are what the processes of an installation share; without them a trial is this process's alone."""
        self._registry = registry
        self._journals = journals
        self._clock = clock
        self.laboratory = laboratory
        self._most, self._most_of_one = most, most_of_one
        self._stores = Stores()
        self._open: dict[str, OpenTrial] = {}
        self._lock = Lock()
        self._opening = Lock()  # no trial is opened twice here

    def begin(self, owner: str, subject: Subject, library: Library, beginning: Beginning) -> OpenTrial:
        """Begin one. DiagramRefused for what could not be deployed; TooMany when others are at it."""
        needed = gather(subject.document, library, self._registry)
        self._make_place(owner)
        found = self._open_one(new_id(), owner, subject, needed, beginning)
        if self._journals is not None:
            self._journals.begin(found.id, owner, _journal(subject, needed, beginning))
        return found

    @contextmanager
    def use(self, trial_id: str, owner: str) -> Iterator[OpenTrial]:
        """One's own trial, while nobody else acts in it. UnknownTrial."""
        if self._journals is None:
            with self._here(trial_id, owner) as found:
                yield found
            return
        if not self._journals.use(trial_id, owner):
            raise _unknown(trial_id)
        found = self._opened(trial_id, owner, self._journals)
        with self._here(trial_id, owner):
            try:
                found.trial.again(self._journals.moves(trial_id, len(found.trial.moves)))
                before = len(found.trial.moves)
                yield found
                done = found.trial.moves[before:]
                if done and self._found(trial_id) is found:
                    self._journals.add(trial_id, before, done)
            except BaseException:
                self._drop([found])  # half a move is in no journal: it is played again without it
                raise

    @contextmanager
    def _here(self, trial_id: str, owner: str) -> Iterator[OpenTrial]:
        found = self._found(trial_id)
        if found is None or found.owner != owner:
            raise _unknown(trial_id)
        with found.lock:
            found.used_at = self._clock.now()
            yield found

    def _found(self, trial_id: str) -> OpenTrial | None:
        with self._lock:
            return self._open.get(trial_id)

    def _opened(self, trial_id: str, owner: str, journals: Journals) -> OpenTrial:
        """In this process, as it began or further."""
        if (found := self._found(trial_id)) is not None:
            found.used_at = self._clock.now()  # it makes place for no other now
            return found
        with self._opening:
            if (found := self._found(trial_id)) is not None:
                return found
            self._make_place_in_memory()
            journal = journals.read(trial_id, owner)
            if journal is None:
                raise _unknown(trial_id)
            subject = Subject(journal.documents[0].encode(), **journal.subject)
            facts = (journal.variables, journal.at, journal.business_key, _answers(journal.answers), journal.results)
            needed = gathered(journal.documents, journal.models, journal.forms, self._registry)
            return self._open_one(trial_id, owner, subject, needed, Beginning(*facts))

    def _open_one(self, trial_id: str, owner: str, subject: Subject, needed: Needed, beginning: Beginning) -> OpenTrial:
        scratch = open_scratch(needed, self._registry, beginning.at, self._stores)
        try:
            trial = self._answered(scratch, beginning, trial_id)
            trial.start(beginning.variables, beginning.business_key)
        except BaseException:
            scratch.close()
            raise
        found = OpenTrial(trial_id, owner, subject, beginning.answers, trial, self._clock.now())
        with self._lock:
            self._open[trial_id] = found
        return found

    def close(self, trial_id: str, owner: str) -> None:
        with self.use(trial_id, owner) as found:
            self._drop([found])
        if self._journals is not None:
            self._journals.forget(trial_id, owner)

    def close_all(self) -> None:
        with self._lock:
            every = list(self._open.values())
        self._drop(every)

    def sample(self, document: bytes) -> dict[str, Any]:
        """Start variables to begin with, as the diagram declares them; none for one that cannot be tried."""
        try:
            diagram, _ = examine(document, self._registry)
        except DiagramRefused:
            return {}
        return {} if diagram is None else sample_of(diagram.variables_schema)

    def gather(self, document: bytes, library: Library) -> Needed:
        """What a document would be tried with. DiagramRefused."""
        return gather(document, library, self._registry)

    def play(self, scenario: Scenario, document: bytes, library: Library) -> Played:
        return play(scenario, document, library, self._registry, self._stores)

    def play_on(self, needed: Needed, scenario: Scenario) -> Played:
        return play_on(needed, scenario, self._registry, self._stores)

    def _answered(self, scratch: Scratch, beginning: Beginning, trial_id: str) -> Trial:
        """By whom it was begun with."""
        match beginning.answers:
            case "recorded":
                return Trial(scratch, Written(beginning.results))
            case "laboratory":
                if self.laboratory is None:
                    raise Conflict("This server knows of no laboratory. Let the answers be made up.")
                lab = FromLaboratory(self.laboratory.url, self.laboratory.allowed_networks, scratch.clock, trial_id)
                return Trial(scratch, lab, lab)
        return Trial(scratch, Stubs())

    def _make_place(self, owner: str) -> None:
        """For one more: what nobody uses goes, then one's own oldest, then whose user is away."""
        now = self._clock.now()
        if self._journals is not None:
            for old in self._journals.of(owner)[: -self._most_of_one + 1 or None]:
                self._journals.forget(old, owner)
        with self._lock:
            by_age = sorted(self._open.values(), key=lambda each: each.used_at)
        gone = [each for each in by_age if now - each.used_at > IDLE]
        kept = [each for each in by_age if each not in gone]
        own = [each for each in kept if each.owner == owner]
        gone += own[: max(0, len(own) - self._most_of_one + 1)]
        kept = [each for each in kept if each not in gone]
        if len(kept) >= self._most:
            away = [each for each in kept if now - each.used_at > AWAY]
            if not away:
                raise TooMany(f"{self._most} trials are open. Others are at it: try again.", retry_after_s=60)
            gone.append(away[0])
        self._drop(gone)

    def _make_place_in_memory(self) -> None:
        """For one that was begun elsewhere: what was used longest ago is played again when it is asked for."""
        with self._lock:
            by_age = sorted(self._open.values(), key=lambda each: each.used_at)
        self._drop(by_age[: max(0, len(by_age) - self._most + 1)])

    def _drop(self, trials: Sequence[OpenTrial]) -> None:
        for each in trials:
            with self._lock:
                known = self._open.pop(each.id, None)
            if known is not None:
                with each.lock:
                    each.trial.close()


def _unknown(trial_id: str) -> UnknownTrial:
    return UnknownTrial(
        f"There is no trial '{trial_id}' of yours here: it was thrown away, or nobody used it for "
        f"{IDLE.seconds // 60} minutes. Begin another.",
        trial_id=trial_id,
    )


def _answers(name: str) -> Answers:
    return next(each for each in ANSWERS if each == name)


def _journal(subject: Subject, needed: Needed, beginning: Beginning) -> Journal:
    shown = {"title": subject.title, "process_id": subject.process_id}
    return Journal(
        {**shown, "draft_id": subject.draft_id, "version": subject.version},
        [diagram.document.decode() for diagram in needed.diagrams],
        [model.document.decode() for model in needed.decisions],
        [form.document.decode() for form in needed.forms],
        beginning.at,
        beginning.variables,
        beginning.business_key,
        beginning.answers,
        beginning.results,
    )
