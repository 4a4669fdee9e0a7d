"""What an element sends to others, in this instance or elsewhere."""

from dataclasses import dataclass
from typing import Any, Literal

from app.engine.spiff.index import Node


@dataclass(frozen=True, slots=True)
class Thrown:
    """A message or signal that an element of the diagram sends: passed on with the checkpoint that it belongs to.

    `before` is the number of the next token: what comes to wait only after the throw is not meant by it.
    """

    kind: Literal["message", "signal"]
    node: Node
    before: int
    name: str
    variables: dict[str, Any]
    key: str = ""  # messages: the correlation key
    message_id: str | None = None
    time_to_live_s: float = 0
