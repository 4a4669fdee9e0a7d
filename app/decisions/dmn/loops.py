"""Boxed filters, `for`, `some` and `every`."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

from app.decisions.dmn import parts
from app.decisions.dmn.tables import CompileBoxed
from app.decisions.dmn.workshop import Workshop
from app.decisions.feel import Evaluation, Expression, compile_feel
from app.decisions.feel.scope import Run, Scope
from app.decisions.feel.values import read, whole

_TURN_COST = 5


@lru_cache(maxsize=1)
def _through() -> Expression:
    """What a loop goes through, as FEEL has it: lists, ranges, a value alone; null for null."""
    return compile_feel("for element in domain return element")


def _elements(domain: Any, scope: Scope) -> list[Any] | None:
    found = _through()._run(scope.inner({"domain": domain}))
    return found if type(found) is list else None


def compile_filter(shop: Workshop, boxed: parts.Filter, compile_boxed: CompileBoxed) -> Run:
    source = compile_boxed(shop, boxed.source)
    match = compile_boxed(shop.seeing("item"), boxed.match)

    def run(scope: Scope) -> Any:
        value = source(scope)
        if value is None:
            return None
        elements = [read(one) for one in value] if type(value) is list else [value]
        kept = []
        for element in elements:
            scope.evaluation.spend(_TURN_COST)
            inner = scope.inner({"item": element})
            found = match(inner.inner(element) if type(element) is dict else inner)
            if type(found) is Decimal:
                return _picked(elements, found)
            if found is True:
                kept.append(element)
        return kept

    return run


def _picked(elements: list[Any], position: Decimal) -> Any:
    index = whole(position)
    if index is None or index == 0 or abs(index) > len(elements):
        return None
    return elements[index - 1 if index > 0 else index]


def compile_iterator(shop: Workshop, boxed: parts.Iterator, compile_boxed: CompileBoxed) -> Run:
    source = shop.typed(compile_boxed(shop, boxed.source), boxed.source_type, "what it goes through")
    inside = shop.seeing(boxed.variable, "partial") if boxed.kind == "for" else shop.seeing(boxed.variable)
    body = compile_boxed(inside, boxed.body)
    name = boxed.variable
    if boxed.kind == "for":
        return _for(source, body, name)
    return _quantified(source, body, name, decisive=boxed.kind == "some")


def _for(source: Run, body: Run, name: str) -> Run:
    def run(scope: Scope) -> list[Any] | None:
        elements = _elements(source(scope), scope)
        if elements is None:
            return None
        results: list[Any] = []
        for element in elements:
            scope.evaluation.spend(_TURN_COST)
            results.append(body(scope.inner(_Turn({name: element}, results, scope.evaluation))))
        return results

    return run


class _Turn(dict[str, Any]):
    """`partial`, the results so far, is copied for who asks for it: it may be kept."""

    def __init__(self, names: dict[str, Any], results: list[Any], evaluation: Evaluation) -> None:
        super().__init__(names)
        self._results = results
        self._evaluation = evaluation

    def __missing__(self, name: str) -> Any:
        if name != "partial":
            raise KeyError(name)
        self._evaluation.spend(len(self._results) >> 2)
        return self._results.copy()


def _quantified(source: Run, body: Run, name: str, *, decisive: bool) -> Run:
    """`some` is an `or` over the turns and `every` an `and`, in three-valued logic."""

    def run(scope: Scope) -> Any:
        elements = _elements(source(scope), scope)
        if elements is None:
            return None
        answer: bool | None = not decisive
        for element in elements:
            scope.evaluation.spend(_TURN_COST)
            found = body(scope.inner({name: element}))
            if found is decisive:
                return decisive
            if found is not (not decisive):
                answer = None
        return answer

    return run
