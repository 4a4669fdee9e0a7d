"""One attempt at one step: the handler called, whatever it does turned into an outcome."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.core.clock import Clock
from app.core.errors import TurnupError
from app.core.log import PERSONAL, Logger
from app.core.personal import PersonalInputs
from app.core.secrecy import Scrubber
from app.core.tracing import NO_SPAN, Span
from app.dispatch.scrubbing import ScrubbedSpan, scrubbed
from app.engine.outcomes import Attempted, Failed
from app.engine.steps import ClaimedStep
from app.handling.contract import Secrets, Work
from app.handling.faults import BadParameter, SystemFailed, SystemSilent, is_retried
from app.handling.registry import Handler


@dataclass(frozen=True)
class Outside:
    """What handlers are given of the installation: where systems are, and what opens them.

    `scrubber` knows the secrets that were given out, `personal` the names of fields that are masked in the log.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Secrets = field(default_factory=dict[str, str], repr=False)
    scrubber: Scrubber = field(default_factory=Scrubber, repr=False)
    personal: Callable[[], frozenset[str]] = frozenset


class Attempts:
    """Makes attempts. Safe to use from many threads."""

    def __init__(self, clock: Clock, outside: Outside, logger: Logger) -> None:
        self._clock = clock
        self._outside = outside
        self._logger = logger.bind()

    def make(self, step: ClaimedStep, handler: Handler, now: datetime, span: Span = NO_SPAN) -> Attempted:
        """Never raises: a fault is a `Failed` that names it. No secret that was given out is in it."""
        return scrubbed(self._make(step, handler, now, span), self._outside.scrubber)

    def _make(self, step: ClaimedStep, handler: Handler, now: datetime, span: Span) -> Attempted:
        logger = self._logger.bind(
            instance=step.instance_id, business_key=step.business_key, element=step.element_id, step=step.key
        )
        if span.trace_id is not None:
            logger = logger.bind(trace_id=span.trace_id)
        if personal := self._outside.personal():
            logger = logger.bind(**{PERSONAL: PersonalInputs(step.inputs, personal)})
        work = Work(
            key=step.key,
            attempt=step.attempt,
            deadline=now + timedelta(seconds=handler.timeout_s),
            instance_id=step.instance_id,
            business_key=step.business_key,
            element_id=step.element_id,
            logger=logger,
            settings=self._outside.settings,
            secrets=self._outside.secrets,
            clock=self._clock,
            span=span if span is NO_SPAN else ScrubbedSpan(span, self._outside.scrubber),
        )
        try:
            arguments = handler.bind(step.inputs)
            if step.undoes is not None:
                return handler.call_undo(work, arguments, step.undoes)
            if step.repeat and (already := handler.check_verify(work, arguments)) is not None:
                logger.info("step was done by an earlier attempt", handler=step.handler, attempt=step.attempt)
                return already
            return handler.call(work, arguments)
        except BadParameter as error:
            return Failed("BadParameter", error.message, retry=False, detail=dict(error.facts))
        except (Exception, SystemExit) as error:  # the worker's broad except: a handler's fault is a result, not ours
            logger.warning("step failed", handler=step.handler, attempt=step.attempt, exc_info=True)
            return _failed(error)


def unknown_handler(step: ClaimedStep) -> Failed:
    return Failed(
        "UnknownHandler",
        f"No handler for {step.handler!r} is installed in this process. Install it, restart, and retry the step.",
        retry=False,
    )


def _failed(error: BaseException) -> Failed:
    detail = dict(error.facts) if isinstance(error, TurnupError) else {}
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        detail["raised_at"] = f"{frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}"
    message = error.message if isinstance(error, TurnupError) else str(error)
    down = isinstance(error, SystemSilent | SystemFailed)
    return Failed(type(error).__name__, message or repr(error), is_retried(error), detail, system_down=down)
