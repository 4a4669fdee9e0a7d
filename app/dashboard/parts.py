"""What the dashboard is given; nothing else reaches its pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from app.core.clock import Clock
from app.core.db import Database
from app.core.jobs import Jobs
from app.engine.doors import Engine
from app.engine.migration.outlook import MOST_TESTED
from app.engine.operators import Operators
from app.handling.registry import Registry
from app.identity.doors import Identity
from app.trial.room import Trials
from app.trial.saved import Readings
from app.web.intake import Intake
from app.web.personal import PersonalData
from app.web.rates import Rate


@dataclass(frozen=True)
class DashboardParts:
    """`rate` is how often one user is answered, `most_tested` on how many instances a request tests a version.

    Without `readings` no scenario is saved.
    """

    database: Database
    engine: Engine
    operators: Operators
    registry: Registry
    clock: Clock
    identity: Identity
    jobs: Jobs
    rate: Rate
    trials: Trials
    personal: PersonalData = field(default_factory=PersonalData)
    intake: Intake = field(default_factory=partial(Intake, 0))
    most_tested: int = MOST_TESTED
    readings: Readings | None = None
