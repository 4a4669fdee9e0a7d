"""Which parts of which values an expression looks into, as far as it is known beforehand what the values are like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Protocol

from app.decisions.feel import tree
from app.decisions.feel.compile_values import chain
from app.decisions.feel.compiling import Setting
from app.decisions.feel.rules import read_text


class Shape(Protocol):
    """What is known of a value. None in place of a shape: nothing is."""

    def part(self, name: str) -> Shape | None:
        """Of the value behind a dot; of a list, of what its elements have there."""

    def item(self) -> Shape | None:
        """Of each element; a value that is no list is a list of itself."""

    def may_have(self, name: str) -> bool:
        """False: nothing of that name is ever behind a dot."""


@dataclass(frozen=True)
class Look:
    """`written` is the value that is looked into, as far as it is a path: `order.lines`."""

    owner: Shape
    name: str
    written: str


@dataclass(frozen=True)
class _Element:
    """Within brackets: the entries of each element are names of their own."""

    shape: Shape | None


Known = Callable[[str], Shape | None]
Around = tuple[Mapping[str, Shape | None] | _Element, ...]  # what is bound, the innermost last


def looks_of(text: str, known: Known) -> Iterator[Look]:
    """Of an expression that compiles, without its leading `=`; `known` are its variables."""
    finder = _Finder(known)
    finder.shape_of(read_text(text, Setting())[0], ())
    yield from finder.found


def shape_of(text: str, known: Known) -> Shape | None:
    """Of what an expression gives, if that is a variable or something in one."""
    return _Finder(known).shape_of(read_text(text, Setting())[0], ())


def doubted(text: str) -> frozenset[str]:
    """Names that an expression takes into account to be missing: `x = null`, `is defined(x)`."""
    found, ahead = set[str](), [read_text(text, Setting())[0]]
    for node in ahead:  # grows
        asked: tuple[tree.Node, ...] = ()
        if isinstance(node, tree.Compare) and any(_is_null(side) for side in (node.left, node.right)):
            asked = (node.left, node.right)
        elif (
            isinstance(node, tree.Call) and isinstance(node.function, tree.Name) and node.function.name == "is defined"
        ):
            asked = node.arguments[:1]
        found |= {base.name for base in (chain(each)[0] for each in asked) if isinstance(base, tree.Name)}
        ahead.extend(_inside(node))
    return frozenset(found)


def _is_null(node: tree.Node) -> bool:
    return isinstance(node, tree.Literal) and node.value is None


class _Finder:
    def __init__(self, known: Known) -> None:
        self._known = known
        self.found: list[Look] = []

    def shape_of(self, node: tree.Node, around: Around) -> Shape | None:
        """Of what the node gives; whatever it looks into is found on the way."""
        match node:
            case tree.Name():
                return self._named(node.name, around)
            case tree.Path():
                return self._path(node, around)
            case tree.Filter():
                base = self.shape_of(node.base, around)
                element = None if base is None else base.item()
                self.shape_of(node.condition, (*around, _Element(element), {"item": element}))
                return element
            case tree.For():
                self._loop(node.iterators, node.body, around)
            case tree.Quantified():
                self._loop(node.iterators, node.condition, around)
            case tree.ContextOf():
                for name, value in node.entries:
                    self.shape_of(value, around)
                    around = (*around, {name: None})
            case tree.Function():
                self.shape_of(node.body, (*around, dict.fromkeys((name for name, _ in node.parameters), None)))
            case _:
                for inner in _inside(node):
                    self.shape_of(inner, around)
        return None

    def _named(self, name: str, around: Around) -> Shape | None:
        for bound in reversed(around):
            if isinstance(bound, _Element):
                if bound.shape is None or bound.shape.may_have(name):
                    return None if bound.shape is None else bound.shape.part(name)
            elif name in bound:
                return bound[name]
        return self._known(name)

    def _path(self, node: tree.Path, around: Around) -> Shape | None:
        base, names = chain(node)
        owner = self.shape_of(base, around)
        written = [base.name] if isinstance(base, tree.Name) else []
        for name in names:
            if owner is None:
                return None
            self.found.append(Look(owner, name, ".".join(written)))
            owner = owner.part(name)
            written = [*written, name] if written else []
        return owner

    def _loop(self, iterators: tuple[tree.Iterator, ...], body: tree.Node, around: Around) -> None:
        for each in iterators:
            domain = self.shape_of(each.domain, around)
            if each.end is not None:
                self.shape_of(each.end, around)
            element = domain.item() if domain is not None and each.end is None else None
            around = (*around, {each.name: element})
        self.shape_of(body, ({"partial": None}, *around))


def _inside(node: tree.Node) -> Iterator[tree.Node]:
    """The nodes directly in one; of a call, not the function's name."""
    skipped = node.function if isinstance(node, tree.Call) and isinstance(node.function, tree.Name) else None
    ahead = [getattr(node, each.name) for each in fields(node)]
    for value in ahead:  # grows
        if isinstance(value, tuple):
            ahead.extend(value)
        elif isinstance(value, tree.Node) and value is not skipped and not isinstance(value, tree.Type):
            yield value
