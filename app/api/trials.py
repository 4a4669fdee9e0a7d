"""Trials: flows run in stores that are thrown away, one move at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, JsonValue

from app.api.room import PREFIX, ApiParts, Responses, refused, room, view
from app.core.errors import InvalidInput
from app.trial.answers import read_answer
from app.trial.events import read_event
from app.trial.looks import TrialView, look
from app.trial.playing import written_of
from app.trial.room import OpenTrial, Subject
from app.trial.scenario import write_scenario
from app.web.acting import deed
from app.web.headers import download_as
from app.web.models import Identity, Input, Instant, Name, Output, Parameters, Variables
from app.web.paging import answer_one
from app.web.trying import Trying, Wish, owner

_YAML: dict[str, Any] = {
    "description": "The scenario",
    "content": {"application/yaml": {"schema": {"type": "string"}}},
}


class SubjectIn(Input):
    """What is tried: a draft, or a version of a process."""

    draft_id: Identity | None = Field(default=None, description="A draft; or else a process", examples=[None])
    process_id: Name | None = Field(default=None, examples=["ftth_cease"])
    version: int | None = Field(default=None, ge=1, le=2_000_000_000, description="The latest if none is given")


def subject_of(trying: Trying, body: SubjectIn) -> Subject:
    if body.draft_id is not None:
        return trying.draft(body.draft_id)
    if body.process_id is None:
        raise InvalidInput("Say what to try: `draftId`, or `processId`.", path="$.processId")
    return trying.version(body.process_id, body.version)


class TrialIn(SubjectIn):
    """How a trial begins."""

    variables: Variables = Field(default={}, json_schema_extra={"example": {"order_id": "ORD-1"}})
    business_key: Name | None = None
    at: Instant | None = Field(default=None, strict=False, description="Where its clock begins; now if not given")
    answers: Literal["made_up", "laboratory", "recorded"] = Field(
        default="made_up", description="Who answers for the handlers where a step does not say it"
    )
    instance_id: Identity | None = Field(default=None, description="The past order whose results are `recorded`")


class StepIn(Input):
    """What the first step that waits is answered."""

    answer: dict[str, JsonValue] | None = Field(
        default=None,
        description="As a scenario writes it; null: what it would be answered anyway",
        json_schema_extra={"example": {"refused": "port_taken"}},
    )


class EventIn(Input):
    """Something that happens to the flow."""

    event: dict[str, JsonValue] = Field(
        description="As a scenario writes it: wait, message, signal, complete, retry or skip",
        json_schema_extra={"example": {"message": "ont_online", "key": "ORD-1"}},
    )


class PendingOut(Output):
    """A step that waits for its answer."""

    place: str = Field(description="The element's id; of a called process, `process/element`")
    handler: str
    inputs: dict[str, JsonValue]
    attempt: int


class StandingOut(Output):
    """What is waited for from outside."""

    place: str
    kind: str
    name: str | None
    key: str | None
    error: dict[str, JsonValue] | None


class ConditionOut(Output):
    """What a gateway, a conditional event or a loop asked, and what it read."""

    place: str
    flow_id: str | None = Field(description="The gateway's flow; null for an event or a loop")
    condition: str
    read: dict[str, JsonValue]
    value: JsonValue
    fault: str | None


class NoticeOut(Output):
    """What a system of the laboratory will tell the trial, at a time of its clock."""

    name: str
    key: str
    variables: dict[str, JsonValue]
    due_at: Instant


class TrialOut(Output):
    """A trial as it stands."""

    id: str
    process_id: str
    state: str = Field(examples=["active", "completed", "fallen_out", "not begun"])
    now: Instant
    next_due: Instant | None
    answered: int
    pending: list[PendingOut]
    standing: list[StandingOut]
    conditions: list[ConditionOut]
    path: list[str] = Field(description="The elements that were passed, in order")
    flows: list[str] = Field(description="The sequence flows that were taken")
    variables: dict[str, JsonValue]
    coming: list[NoticeOut] = Field(description="Messages of the laboratory: to wait until then brings them")

    @classmethod
    def of(cls, trial_id: str, found: TrialView) -> TrialOut:
        return cls.model_validate({**vars(found), "id": trial_id})


class Closed(Output):
    """That it is gone."""

    id: str


class TrialPath(Parameters):
    trial_id: Identity


class ScenarioQuery(Parameters):
    title: Name = "A trial"


class Trials:
    """The room of trials. A trial is its owner's: no other token's holder sees it."""

    def __init__(self, parts: ApiParts) -> None:
        self._trials = parts.trials
        self._trying = Trying(parts.database, parts.trials, parts.personal)
        self._clock = parts.callers.identity.clock
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("trials", "trials", "Flows tried out, in stores that are thrown away.", self._parts)
        moved: Responses = {200: TrialOut, **refused(404, 409, 415, 422)}
        made.post("", responses={201: TrialOut, **refused(404, 409, 415, 422)})(view(self.begin_trial))
        made.get("/<trialId>", responses={200: TrialOut, **refused(404)})(view(self.read_trial))
        made.post("/<trialId>/step", responses=moved)(view(self.step_trial))
        made.post("/<trialId>/run", responses=moved)(view(self.run_trial))
        made.post("/<trialId>/events", responses=moved)(view(self.act_in_trial))
        made.get("/<trialId>/scenario", responses={200: _YAML, **refused(404)})(view(self.read_scenario_of_trial))
        made.post("/<trialId>/close", responses={200: Closed, **refused(404)})(view(self.close_trial))
        return made

    def begin_trial(self, body: TrialIn) -> Response:
        """Begin to try a draft or a version

        On the engine itself, in a store of its own. No handler is called unless the laboratory answers; nothing happens
        by itself. What nobody has used for half an hour is thrown away.
        """
        at = (body.at or self._clock.now()).replace(microsecond=0)
        wish = Wish(body.variables, at, body.business_key, body.answers, body.instance_id)
        made = self._trying.begin(subject_of(self._trying, body), wish)
        with self._mine(made.id) as found:
            shown = TrialOut.of(made.id, look(found.trial))
        return answer_one(shown, 201, f"{PREFIX}/trials/{made.id}")

    def read_trial(self, path: TrialPath) -> Response:
        """Read where a trial stands"""
        with self._mine(path.trial_id) as found:
            return self._shown(found)

    def step_trial(self, path: TrialPath, body: StepIn) -> Response:
        """Answer the first step that waits for its handler"""
        answer = None if body.answer is None else read_answer(body.answer, "answer")
        with self._mine(path.trial_id) as found:
            found.trial.step(answer)
            return self._shown(found)

    def run_trial(self, path: TrialPath) -> Response:
        """Answer step after step, until none waits"""
        with self._mine(path.trial_id) as found:
            found.trial.run()
            return self._shown(found)

    def act_in_trial(self, path: TrialPath, body: EventIn) -> Response:
        """Let something happen to the flow"""
        event = read_event(body.event, "event")
        with self._mine(path.trial_id) as found:
            found.trial.act(event)
            return self._shown(found)

    def read_scenario_of_trial(self, path: TrialPath, query: ScenarioQuery) -> Response:
        """Read what was done as a scenario that expects what came of it"""
        with self._mine(path.trial_id) as found:
            text = write_scenario(written_of(found.trial, query.title))
            name = f"{found.trial.process_id}.yaml"
        return download_as(name, Response(text, mimetype="application/yaml"))

    def close_trial(self, path: TrialPath) -> Response:
        """Throw a trial away"""
        with self._mine(path.trial_id):
            pass
        self._trials.close(path.trial_id, owner())
        return answer_one(Closed(id=path.trial_id))

    @contextmanager
    def _mine(self, trial_id: str) -> Iterator[OpenTrial]:
        with self._trials.use(trial_id, owner()) as found:
            deed().concerns(found.trial.process_id)
            yield found

    def _shown(self, found: OpenTrial) -> Response:
        return answer_one(TrialOut.of(found.id, look(found.trial)))
