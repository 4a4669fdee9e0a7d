"""What the pages and the API of trials share: what is tried, and whose results answer for its handlers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.core.db import Database
from app.core.errors import InvalidInput
from app.core.personal import MASK
from app.drafts import store
from app.drafts.reading import DraftKind
from app.engine import queries
from app.identity.permissions import Permission
from app.trial.answering import recorded
from app.trial.answers import Answer
from app.trial.documents import Deployed, Needed
from app.trial.playing import Played
from app.trial.room import Answers, Beginning, OpenTrial, Subject, Trials
from app.trial.saved import Reading, Readings
from app.trial.scenario import Scenario
from app.web.acting import deed
from app.web.personal import PersonalData


@dataclass(frozen=True)
class Wish:
    """How a trial is to begin; `instance_id` is the past order whose results answer, for `recorded`."""

    variables: Mapping[str, Any]
    at: datetime
    business_key: str | None = None
    answers: Answers = "made_up"
    instance_id: str | None = None


def owner() -> str:
    """Whose trials whoever asks may see: a user's are theirs by their tokens too, a system's token has its own."""
    who = deed().who
    return who.user_id or f"token {who.token_id}"


class Trying:
    """Every method makes sure first that whoever asks may, by the present request's door, for that process."""

    def __init__(self, database: Database, trials: Trials, personal: PersonalData) -> None:
        self._database = database
        self._trials = trials
        self._personal = personal

    def draft(self, draft_id: str) -> Subject:
        """UnknownDraft."""
        with self._database.reading() as connection:
            found = store.read(connection, draft_id)
        deed().concerns(found.process_id)
        if found.kind != DraftKind.PROCESS:
            raise InvalidInput("Only a process can be tried: decisions are tried on their own page.", path="$.draftId")
        return Subject(found.document, found.name, found.process_id, draft_id=found.id)

    def version(self, process_id: str, version: int | None = None) -> Subject:
        """The latest version unless one is given; UnknownProcess."""
        deed().concerns(process_id)
        with self._database.reading() as connection:
            found = queries.get_definition(connection, process_id, version)
            document = queries.definition_document(connection, found.id)
        return Subject(document, found.name, process_id, version=found.version)

    def begin(self, subject: Subject, wish: Wish) -> OpenTrial:
        """DiagramRefused lists every finding."""
        with self._database.reading() as connection:
            results: Mapping[str, Sequence[Answer]] = {}
            if wish.answers == "recorded":
                results = self._recorded(connection, wish.instance_id, subject)
            beginning = Beginning(wish.variables, wish.at, wish.business_key, wish.answers, results)
            return self._trials.begin(owner(), subject, self._library(connection), beginning)

    def play(self, scenario: Scenario, subject: Subject) -> Played:
        with self._database.reading() as connection:
            return self._trials.play(scenario, subject.document, self._library(connection))

    def read_coverage(self, readings: Readings, subject: Subject) -> Reading | None:
        """How far saved scenarios come; None if there are none. DiagramRefused for what cannot be run here any more."""
        return readings.read(subject.process_id or "", lambda: self._gather(subject))

    def _gather(self, subject: Subject) -> Needed:
        """What it needs, so that no snapshot is held open while it is played."""
        with self._database.reading() as connection:
            return self._trials.gather(subject.document, self._library(connection))

    def started_with(self, instance_id: str, subject: Subject) -> dict[str, Any]:
        """The variables that a past order came with, as far as they were not written over and may be seen."""
        with self._database.reading() as connection:
            self._require_instance(connection, instance_id, subject)
            origins = queries.origins(connection, instance_id)
            veil = self._personal.veil(connection, instance_id, subject.process_id or "")
            found = veil.variables(queries.variables(connection, instance_id))
        own = [each for each in found if not each.scope and each.value != MASK]
        return {each.name: each.value for each in own if origins.get(("", each.name), (0, None))[0] is None}

    def _recorded(
        self, connection: sa.Connection, instance_id: str | None, subject: Subject
    ) -> Mapping[str, list[Answer]]:
        """What is personal is masked for who may not see it."""
        if not instance_id:
            raise InvalidInput("Say whose results: the id of an order of this process.", path="$.instance")
        self._require_instance(connection, instance_id, subject)
        hide = self._personal.veil(connection, instance_id, subject.process_id or "").value
        found = recorded(connection, instance_id)
        return {
            place: [replace(each, outputs=hide(each.outputs), message=hide(each.message)) for each in answers]
            for place, answers in found.items()
        }

    def _require_instance(self, connection: sa.Connection, instance_id: str, subject: Subject) -> None:
        row = queries.get_instance(connection, instance_id, waits=False)
        deed().who.require(Permission.READ_INSTANCES, row.process_id)
        if row.process_id != subject.process_id:
            raise InvalidInput(
                f"That is an order of '{row.process_id}', and this is '{subject.process_id}'.", path="$.instance"
            )

    def _library(self, connection: sa.Connection) -> Deployed:
        """What may be called: no process whose diagram whoever asks may not see."""
        return Deployed(connection, deed().who.reach(Permission.READ_DEFINITIONS))
