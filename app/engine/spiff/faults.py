"""What can go wrong while a diagram's own expressions and flows run; each becomes an incident on its element."""

from typing import Any


class FlowFault(Exception):
    """`code` is what the fallout page shows; `detail` is JSON."""

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail

    @property
    def code(self) -> str:
        return type(self).__name__


class ExpressionFailed(FlowFault):
    """A FEEL expression of the diagram could not be evaluated, or gave what its place cannot use."""


class DecisionFailed(FlowFault):
    """A decision is not deployed, or could not be evaluated with the variables as they are."""


class CallFailed(FlowFault):
    """What a call activity calls is not deployed, or not with these variables, or calls itself for ever."""


class FormMissing(FlowFault):
    """The form that a user task names is not deployed."""


class NoFlowChosen(FlowFault):
    """No condition of an exclusive gateway holds and it has no default flow."""


class ErrorUncaught(FlowFault):
    """An error end event was reached, and nothing around it catches its code."""


class CancelUncaught(FlowFault):
    """A transaction was cancelled, and no boundary event leads on from it."""


class VariableConflict(FlowFault):
    """A write would lose what a concurrent branch wrote; an operator chooses (DESIGN promise 9)."""


class TooManyTokens(FlowFault):
    """A loop over a collection would begin more iterations at once than an instance may have tokens."""


class EndlessLoop(FlowFault):
    """A loop of the diagram goes round and round without waiting. Retried, it goes on as far again."""
