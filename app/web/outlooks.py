"""What a version would mean to what is open, and how it differs from another one, as API and pages say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pydantic import Field, RootModel

from app.engine.diagram import Finding as DiagramFinding
from app.engine.difference import Change, ChangeKind
from app.engine.migration.doors import Finding, Verdict
from app.engine.migration.outlook import Forecast, Outlook
from app.web.models import Output
from app.web.problems import FindingOut


class ObstacleOut(Output):
    """Something that keeps an instance from moving."""

    code: str = Field(examples=["no_counterpart"])
    element_id: str
    message: str


class VerdictOut(Output):
    """What the plan would do to an instance."""

    instance_id: str
    finding: Finding = Field(description="`unaffected`: it has ended, or is not on the old version")
    obstacles: list[ObstacleOut]


class CountsOut(Output):
    """How many instances of each finding."""

    unaffected: int
    can_move: int
    blocked: int

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> CountsOut:
        counts = Counter(verdict.finding for verdict in verdicts)
        return cls(unaffected=counts["unaffected"], can_move=counts["can_move"], blocked=counts["blocked"])


class DetailOut(Output):
    """One thing about an element, before and after; null where it was or is not said."""

    label: str = Field(examples=["input speed_mbps"])
    before: str | None
    after: str | None


class ChangeOut(Output):
    """What was added, removed or changed. Where things are drawn says nothing."""

    kind: ChangeKind
    id: str
    type: str = Field(description="The local BPMN name, `process` for the diagram as a whole", examples=["serviceTask"])
    name: str
    details: list[DetailOut] = Field(description="Of what is changed")


class ChangeList(RootModel[list[ChangeOut]]):
    """How two versions differ."""


class ForeseenOut(VerdictOut):
    finding: Finding = Field(description="`unaffected`: of what the instance can still come to, nothing differs")


class OutlookOut(Output):
    """What would become of the instances on one version."""

    version: int
    open: int
    tested: int = Field(description="Of that many; the newest versions' are tested first")
    counts: CountsOut
    instances: list[ForeseenOut] = Field(description="Those that were tested")

    @classmethod
    def of(cls, outlook: Outlook) -> OutlookOut:
        return cls(
            version=outlook.plan.source.version,
            open=outlook.open,
            tested=len(outlook.verdicts),
            counts=CountsOut.of(outlook.verdicts),
            instances=[ForeseenOut.model_validate(verdict) for verdict in outlook.verdicts],
        )


class ForecastOut(Output):
    """What a diagram would mean as the next version of its process. Nothing has been changed."""

    process_id: str | None = Field(description="Null for what cannot be deployed as it is")
    newest: int | None = Field(description="The version that it is compared with; null for a new process")
    findings: list[FindingOut]
    changes: list[ChangeOut]
    versions: list[OutlookOut]

    @classmethod
    def of(cls, forecast: Forecast | None, findings: Iterable[DiagramFinding]) -> ForecastOut:
        return cls(
            process_id=None if forecast is None else forecast.diagram.process_id,
            newest=None if forecast is None else forecast.newest,
            findings=[FindingOut.model_validate(each) for each in findings],
            changes=shown() if forecast is None else shown(forecast.changes),
            versions=[] if forecast is None else [OutlookOut.of(each) for each in forecast.outlooks],
        )


def shown(changes: Iterable[Change] = ()) -> list[ChangeOut]:
    return [ChangeOut.model_validate(change) for change in changes]
