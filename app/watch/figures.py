"""Everything that `/metrics` says: what this process has counted, how busy it is, and what the database holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Info, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.core.clock import Clock
from app.core.db import Database
from app.core.events import Unsent, unsent
from app.core.log import get_logger
from app.core.meters import Meters
from app.dispatch.pool import Load
from app.engine.queries.figures import Figures, Totals, figures, totals
from app.watch.bounded import Look

CONTENT_TYPE = CONTENT_TYPE_LATEST
LIMIT_S = 2.0
KEPT_S = 2.0
TOTALS_KEPT_S = 60.0


class FiguresSheet:
    """What is shown to whoever scrapes this process."""

    def __init__(self, meters: Meters, version: str, *others: Collector) -> None:
        own = CollectorRegistry()
        ProcessCollector(registry=own)
        Info("turnup", "The version that runs", registry=own).info({"version": version})
        for other in others:
            own.register(other)
        self._own = own
        self._registries = (meters.registry, own)

    def add(self, other: Collector) -> None:
        """Show something more."""
        self._own.register(other)

    def text(self) -> bytes:
        """In Prometheus's own format, CONTENT_TYPE."""
        return b"".join(generate_latest(registry) for registry in self._registries)


class Busy(Collector):
    """The worker's threads at this moment."""

    def __init__(self, load: Callable[[], Load]) -> None:
        self._load = load

    def collect(self) -> Iterable[Metric]:
        load = self._load()
        threads = {"busy": load.hands - load.idle, "idle": load.idle, "stray": load.strays}
        yield _gauge("turnup_worker_threads", "Threads that run handlers", "state", threads)
        waiting = {"step": load.steps, "instance": load.visits}
        yield _gauge("turnup_worker_queue", "What waits for a thread of this process", "what", waiting)


class Backlog(Collector):
    """What waits for workers, as those who let orders in see it; left out if it cannot be counted in time."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._look = Look("backlog", count, limit_s=LIMIT_S, kept_s=0.0)

    def collect(self) -> Iterable[Metric]:
        try:
            count = self._look.see()
        except (sa.exc.SQLAlchemyError, OSError) as error:
            get_logger("turnup.watch").warning("the backlog is not known", error=repr(error))
            return []
        return [_single("turnup_intake_backlog", "Instances and steps that wait for a worker", count)]


class Stored(Collector):
    """What the database holds, read at the scrape. If it does not answer in time, `turnup_database_up` is 0 and the
    rest is left out."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        limit_s: float = LIMIT_S,
        kept_s: float = KEPT_S,
        totals_kept_s: float = TOTALS_KEPT_S,
    ) -> None:
        self._database = database
        self._clock = clock
        self._figures = Look("figures", self._read_figures, limit_s=limit_s, kept_s=kept_s)
        self._totals = Look("totals", self._read_totals, limit_s=limit_s, kept_s=totals_kept_s)

    def collect(self) -> Iterable[Metric]:
        self._totals.begin()
        try:
            found, outbox = self._figures.see()
            sums = self._totals.see()
        except (sa.exc.SQLAlchemyError, OSError) as error:
            get_logger("turnup.watch").warning("the database's figures are missing", error=repr(error))
            return [_single("turnup_database_up", _UP, 0)]
        return [_single("turnup_database_up", _UP, 1), *self._shown(found, sums, outbox)]

    def _read_figures(self) -> tuple[Figures, Unsent]:
        with self._database.reading() as connection:
            return figures(connection, self._clock.now()), unsent(connection)

    def _read_totals(self) -> Totals:
        with self._database.reading() as connection:
            return totals(connection)

    def _shown(self, found: Figures, sums: Totals, outbox: Unsent) -> list[Metric]:
        # As lists show them: an instance that is suspended is nothing else, and one that has fallen out is not active.
        fallen_out = max(0, found.with_incidents - sums.suspended_with_incidents)
        active = max(0, sums.instances["active"] - fallen_out)
        instances = {**sums.instances, "active": active, "fallen_out": fallen_out}
        waiting = {"job": found.jobs, "held": found.held, "claim": found.claims, **sums.waiting}
        lag = 0.0 if outbox.oldest_at is None else max(0.0, (self._clock.now() - outbox.oldest_at).total_seconds())
        return [
            _gauge("turnup_instances", "Process instances", "state", instances),
            _gauge("turnup_waiting", "Open tokens, by what they wait for", "kind", waiting),
            _gauge("turnup_gates_shut", "Systems and handlers that are not called freely", "state", found.gates),
            _gauge("turnup_oldest_seconds", "For how long the oldest of its kind has waited", "what", found.oldest_s),
            _single("turnup_incidents_open", "Incidents that nobody has acted on", found.open_incidents),
            _gauge("turnup_workers", "Workers that the database knows", "lease", found.leases),
            _single("turnup_outbox_unsent", "Events not passed on yet", outbox.count),
            _single("turnup_outbox_lag_seconds", "Age of the oldest event not passed on yet", lag),
        ]


_UP = "1 if the database answered in time"


def _single(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _gauge(name: str, about: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for each, value in values.items():
        family.add_metric([each], value)
    return family
