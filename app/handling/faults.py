"""What goes wrong in and around a handler. A fault is raised; an answer that the business expects is a `Refused`."""

from __future__ import annotations

from typing import ClassVar

from app.core.errors import InvalidInput, TurnupError


class HandlerFault(TurnupError):
    """`retried` says whether another attempt can help; the handler's `Backoff` says when."""

    status: ClassVar[int] = 502
    retried: ClassVar[bool] = True


class SystemSilent(HandlerFault):
    """No answer in time. The effect may have been made: the next attempt carries the same key."""


class SystemFailed(HandlerFault):
    """The system answered that it cannot serve anybody now."""


class UnexpectedAnswer(HandlerFault):
    """An answer outside what the handler knows of the system: somebody has to look."""

    retried: ClassVar[bool] = False


class AddressRefused(HandlerFault):
    """A URL that no setting names leads to an address that is not public."""

    retried: ClassVar[bool] = False


class BadResult(HandlerFault):
    """The handler returned what is neither Done, Waiting nor Refused, or outputs that JSON cannot hold."""

    retried: ClassVar[bool] = False


class MissingSetting(HandlerFault):
    """A setting or secret that the handler asks for is not given to this process."""

    retried: ClassVar[bool] = False


class BadParameter(InvalidInput):
    """Inputs that do not fit the handler's signature. `facts["problems"]` holds one row for each parameter."""

    retried: ClassVar[bool] = False


class BadHandler(TurnupError):
    """A function marked as a handler that cannot be one; found when the handlers are scanned."""


class DuplicateHandler(BadHandler):
    """Two functions claim one type."""


def is_retried(fault: BaseException) -> bool:
    """Whether another attempt can help. A Python error that no one foresaw may be a passing one: it is tried again."""
    return bool(getattr(fault, "retried", True))
