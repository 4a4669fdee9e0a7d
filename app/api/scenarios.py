"""Scenarios: trials that are written down, with what has to come of them."""

from __future__ import annotations

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from app.api.room import ApiParts, refused, room, view
from app.api.trials import SubjectIn, subject_of
from app.trial.coverage import Coverage
from app.trial.scenario import read_scenario
from app.trial.writing import LIMIT_CHARACTERS
from app.web.models import Output
from app.web.paging import answer_one
from app.web.trying import Trying


class PlayIn(SubjectIn):
    """A scenario, and what it is played on."""

    scenario: str = Field(
        max_length=LIMIT_CHARACTERS, description="As YAML", json_schema_extra={"example": "process: ftth_cease\n..."}
    )


class CoverageOut(Output):
    """How far a scenario comes in a process."""

    process_id: str
    elements: int
    flows: int
    reached: list[str]
    taken: list[str]
    missed: list[str] = Field(description="Elements that it has not come to")

    @classmethod
    def of(cls, found: Coverage) -> CoverageOut:
        return cls(
            process_id=found.process_id,
            elements=len(found.elements),
            flows=len(found.flows),
            reached=sorted(found.reached),
            taken=sorted(found.taken),
            missed=found.missed,
        )


class PlayedOut(Output):
    """What came of a scenario."""

    passed: bool
    differs: list[str] = Field(description="What was not as expected, a sentence each")
    coverage: list[CoverageOut]


class Scenarios:
    """Those that a caller sends along: none is stored."""

    def __init__(self, parts: ApiParts) -> None:
        self._trying = Trying(parts.database, parts.trials, parts.personal)
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("scenarios", "scenarios", "What a trial has to come to, written down.", self._parts)
        made.post("", responses={200: PlayedOut, **refused(404, 415)})(view(self.play_scenario))
        return made

    def play_scenario(self, body: PlayIn) -> Response:
        """Play a scenario on a draft or a version

        Answers 200 whether it goes as it says or not: `differs` says what does not.
        """
        played = self._trying.play(read_scenario(body.scenario), subject_of(self._trying, body))
        coverage = [CoverageOut.of(each) for each in played.covered.values()]
        return answer_one(PlayedOut(passed=played.passed, differs=played.differs, coverage=coverage))
