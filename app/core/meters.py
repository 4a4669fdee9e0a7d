"""What one process counts about its own work, for Prometheus. docs/operations.md says what each figure means."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

# From an answer within the machine to a system that is given two minutes
HANDLER_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
QUICK_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Meters:
    """Counters and histograms in a registry of their own: two of them in one process do not meet.

    Labels take only values that the installation bounds: handlers, routes, outcomes; never an order's key.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._steps = self._counter("turnup_steps", "Attempts at steps, by what came of them", "handler", "outcome")
        self._retries = self._counter("turnup_retries", "Attempts that were not their step's first", "handler")
        self._handler_s = self._histogram(
            "turnup_handler_seconds", "From a handler's call to its return", HANDLER_BUCKETS_S, "handler"
        )
        self._advances = self._histogram(
            "turnup_advance_seconds", "One advance of an instance, its commit included", QUICK_BUCKETS_S
        )
        self._failed_advances = self._counter("turnup_advances_failed", "Advances rolled back, to be made again")
        self._stalled = self._counter("turnup_watchdog_findings", "Stalls that the watchdog made incidents of")
        self._turned_away = self._counter("turnup_intake_refused", "Starts refused because too much waited", "priority")
        self._requests = self._histogram(
            "turnup_http_request_seconds",
            "HTTP requests, by route and status",
            QUICK_BUCKETS_S,
            "method",
            "route",
            "status",
        )

        self._counted: dict[tuple[str, str], Counter] = {}
        self._timed: dict[str, Histogram] = {}

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, about, labels, buckets=buckets, registry=self.registry)

    def step_ended(self, handler: str, outcome: str, seconds: float | None = None, *, repeat: bool = False) -> None:
        """`seconds` is None for an attempt that was given up: its handler has not returned."""
        # Looking a child up by its labels takes three times as long as counting does.
        counted = self._counted.get((handler, outcome))
        if counted is None:
            counted = self._counted[handler, outcome] = self._steps.labels(handler, outcome)
        counted.inc()
        if seconds is not None:
            timed = self._timed.get(handler)
            if timed is None:
                timed = self._timed[handler] = self._handler_s.labels(handler)
            timed.observe(seconds)
        if repeat:
            self._retries.labels(handler).inc()

    def advanced(self, seconds: float) -> None:
        self._advances.observe(seconds)

    def advance_failed(self) -> None:
        self._failed_advances.inc()

    def stalled(self) -> None:
        self._stalled.inc()

    def turned_away(self, priority: int) -> None:
        self._turned_away.labels(str(priority)).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).observe(seconds)
