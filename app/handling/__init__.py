"""What a handler's author needs; `registry` is for those who run handlers."""

from app.handling.contract import Backoff, Done, Limit, Refused, System, Waiting, Work
from app.handling.faults import HandlerFault, SystemFailed, SystemSilent, UnexpectedAnswer
from app.handling.mark import handles
from app.handling.personal import Personal

__all__ = [
    "Backoff",
    "Done",
    "HandlerFault",
    "Limit",
    "Personal",
    "Refused",
    "System",
    "SystemFailed",
    "SystemSilent",
    "UnexpectedAnswer",
    "Waiting",
    "Work",
    "handles",
]
