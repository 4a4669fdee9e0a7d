"""`@handles` marks a function as the handler of one type of service task.

Marking registers nothing: `Registry.scan` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

from app.handling.contract import Backoff, Done, Limit, Refused, System, Waiting

P = ParamSpec("P")
R = TypeVar("R", bound=Done | Waiting | Refused, covariant=True)
Verify = TypeVar("Verify", bound=Callable[..., Done | None])
Undo = TypeVar("Undo", bound=Callable[..., Done | Refused | None])

USUAL_RETRY = Backoff()
NO_LIMIT = Limit()


class Marked(Generic[P, R]):
    """The marked function: called as before, plus the functions that verify and undo it."""

    def __init__(
        self,
        function: Callable[P, R],
        type_: str,
        retry: Backoff,
        timeout_s: float,
        system: System | None,
        limit: Limit,
    ) -> None:
        self.function = function
        self.type = type_
        self.retry = retry
        self.timeout_s = timeout_s
        self.system = system
        self.limit = limit
        self.verify_function: Callable[..., Any] | None = None
        self.undo_function: Callable[..., Any] | None = None
        self.__doc__ = function.__doc__
        self.__module__ = function.__module__
        self.__name__ = getattr(function, "__name__", type_)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def verify(self, function: Verify) -> Verify:
        """Marks the function that asks the system whether the work is already done: Done when it is, else None.

        It runs before an attempt that may be a repeat. It takes `work` and any of the handler's parameters.
        """
        self.verify_function = function
        return function

    def undo(self, function: Undo) -> Undo:
        """Marks the function that takes the work back. It takes `work`, any of the handler's parameters, and `outputs`
        (what the handler gave, as stored) if it wants them."""
        self.undo_function = function
        return function


def handles(
    type: str,
    *,
    retry: Backoff = USUAL_RETRY,
    timeout_s: float = 30,
    system: System | None = None,
    limit: Limit = NO_LIMIT,
) -> Callable[[Callable[P, R]], Marked[P, R]]:
    """Marks the handler of service tasks of `type`. `timeout_s` is the time one attempt may take.

    `system` is what it calls, for limits and for holding its steps while that is down; `limit` is the handler's own.
    """

    def mark(function: Callable[P, R]) -> Marked[P, R]:
        return Marked(function, type, retry, timeout_s, system, limit)

    return mark
