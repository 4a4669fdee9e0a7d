"""Who catches what is thrown: the nearest boundary event or event sub-process, from inside outwards."""

from collections.abc import Iterable

from app.engine.spiff.index import FINISHED, Node
from app.engine.spiff.triggers import Catches, OnThrown


def find_catcher(thrower: Node, catches: Catches, code: str | None) -> Node | None:
    """The token that listens for it; where several stand together, one with the code before a catch-all.

    An activity's boundary events come first, then the event sub-processes of what it runs in, then the boundary
    events of that; the process of a call activity is inside its caller.
    """
    node: Node | None = thrower
    while node is not None:
        if node.task_spec.has_boundary:
            found = _listening([each for each in node.parent._children if each is not node], catches, code)
            if found is not None:
                return found
        found = _listening(node.workflow.listening.values(), catches, code)
        if found is not None:
            return found
        node = getattr(node.workflow, "owner", None)
    return None


def _listening(nodes: Iterable[Node], catches: Catches, code: str | None) -> Node | None:
    found = [
        node
        for node in nodes
        if isinstance(trigger := getattr(node.task_spec, "trigger", None), OnThrown)
        and trigger.catches == catches
        and trigger.code in (code, None)
        and node.wait is not None
        and node.wait.kind == trigger.kind
        and not node._state & FINISHED
    ]
    return max(found, key=lambda node: node.task_spec.trigger.code is not None) if found else None
