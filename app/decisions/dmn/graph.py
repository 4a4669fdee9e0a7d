"""Decision requirements: in which order decisions are made, and the circles in which none can be."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from app.decisions.dmn import parts


def requirements(document: parts.Document) -> dict[str, tuple[str, ...]]:
    """For each decision of the document, the document's own decisions that it requires."""
    own = document.namespace
    elements = document.elements
    return {
        id_: tuple(
            ref
            for namespace, ref in element.decisions
            if namespace == own and isinstance(elements.get(ref), parts.Decision)
        )
        for id_, element in elements.items()
        if isinstance(element, parts.Decision)
    }


def order_of(required: Mapping[str, tuple[str, ...]], start: str, decided: Collection[str] = ()) -> tuple[str, ...]:
    """Everything that a decision needs, each after what it needs itself, the decision last. Not in a circle."""
    order: dict[str, None] = {}
    stack: list[tuple[str, int]] = [(start, 0)]
    while stack:
        id_, at = stack.pop()
        if id_ in order or id_ in decided:
            continue
        needs = required.get(id_, ())
        if at < len(needs):
            stack.append((id_, at + 1))
            if needs[at] not in order:
                stack.append((needs[at], 0))
        else:
            order[id_] = None
    return tuple(order)


def circles(required: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Circles of requirements, one for each set of decisions that lie on a common one. Iterative: depth is free."""
    state: dict[str, int] = {}
    found: list[tuple[str, ...]] = []
    for start in required:
        if start in state:
            continue
        path: list[str] = []
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            id_, at = stack.pop()
            if at == 0:
                state[id_] = len(path)
                path.append(id_)
            needs = required.get(id_, ())
            if at < len(needs):
                stack.append((id_, at + 1))
                need = needs[at]
                if need not in state:
                    stack.append((need, 0))
                elif state[need] >= 0:
                    found.append(tuple(path[state[need] :]))
            else:
                path.pop()
                state[id_] = -1
    return found


def without_circles(
    required: Mapping[str, tuple[str, ...]], found: list[tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """The requirements with those of decisions in circles taken away."""
    caught = {id_ for circle in found for id_ in circle}
    return {id_: () if id_ in caught else needs for id_, needs in required.items()}
