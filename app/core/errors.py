"""One tree of errors. The class name is the code that the API answers and the operator reads."""

from typing import Any, ClassVar


class TurnupError(Exception):
    """An error meant to be shown: what was expected, what was found, what to do.

    `path` is the JSON path of the field at fault (`$.variables.speed_mbps`); `facts` are the keys a
    reader needs to look further and must be JSON values.
    """

    status: ClassVar[int] = 500

    def __init__(self, message: str, *, path: str | None = None, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.facts: dict[str, Any] = facts

    @property
    def code(self) -> str:
        return type(self).__name__


class InvalidInput(TurnupError):
    """The caller sent something that cannot be right whatever the state of the system is."""

    status = 400


class Unauthorized(TurnupError):
    """The caller did not prove who they are."""

    status = 401


class Forbidden(TurnupError):
    """It is known who the caller is, and they may not do that."""

    status = 403


class NotFound(TurnupError):
    """Nothing has that identity."""

    status = 404


class Conflict(TurnupError):
    """Right in itself, but not in the present state."""

    status = 409


class TooLarge(TurnupError):
    """More than is accepted at once."""

    status = 413


class Unprocessable(TurnupError):
    """Well formed, and refused for what it asks."""

    status = 422


class TooMany(TurnupError):
    """Right, and refused for now because of all that came before it. Nothing was stored; later it may be sent again."""

    status = 429

    def __init__(self, message: str, *, retry_after_s: int, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after_s = retry_after_s


class InvalidSetting(TurnupError):
    """An environment variable that nothing can be started with."""
