"""The handlers that this process knows, found by scanning a package and an entry point group."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy, deepcopy
from datetime import datetime, timedelta
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from string import Formatter
from types import ModuleType
from typing import Any, Self

from pydantic import JsonValue

from app.handling.contract import Done, Limit, Refused, System, Waiting, Work
from app.handling.docs import HandlerDoc, read_doc
from app.handling.faults import BadHandler, BadResult, DuplicateHandler
from app.handling.mark import Marked
from app.handling.outputs import to_json
from app.handling.parameters import Parameter, bind, read_parameters

LONGEST_SYSTEM = 200
HANDLER_GATE = "handler="  # what the limit of a handler is called, beside those of systems
_IMMUTABLE = frozenset({str, int, float, bool, type(None)})


class Handler:
    """A marked function with its signature read: what runs one kind of service task."""

    def __init__(self, marked: Marked[..., Any]) -> None:
        self.type = marked.type
        self.retry = marked.retry
        self.timeout_s = marked.timeout_s
        self.module = marked.__module__
        self.place = f"{self.module}:{marked.__name__}"
        self.doc = marked.__doc__ or ""
        self.parameters: tuple[Parameter, ...] = read_parameters(marked.function, self.place)
        self.verify = marked.verify_function
        self.undo = marked.undo_function
        self.limit = marked.limit
        self.system = marked.system
        self._system_name = () if marked.system is None else self._read_name(marked.system)
        self._function = marked.function
        self._verify_names = self._names_of(self.verify, "verify", ())
        self._undo_names = self._names_of(self.undo, "undo", ("outputs",))

    @cached_property
    def about(self) -> HandlerDoc:
        """The docstring's summary, outputs, faults, refusal codes and word on repeats."""
        return read_doc(self.doc)

    def unlimited(self) -> Handler:
        """The same handler without limits and a system, for a trial that calls nobody."""
        made = copy(self)
        made.limit, made.system, made._system_name = Limit(), None, ()
        return made

    def deadline(self, now: datetime) -> datetime:
        """When an attempt that starts now has taken too long."""
        return now + timedelta(seconds=self.timeout_s)

    def system_of(self, inputs: Mapping[str, JsonValue]) -> str | None:
        """The name of the system that a call with these inputs goes to; None if they do not say, or it has none."""
        words = []
        for text, parameter in self._system_name:
            value = inputs.get(parameter, "") if parameter else ""
            if isinstance(value, bool) or not isinstance(value, str | int) or (parameter and value == ""):
                return None
            words.append(f"{text}{value}")
        name = "".join(words)
        return name if 0 < len(name) <= LONGEST_SYSTEM and name.isprintable() else None

    def _read_name(self, system: System) -> tuple[tuple[str, str | None], ...]:
        """`olt={olt}` as (("olt=", "olt"),)."""
        parts = tuple((text, parameter) for text, parameter, _, _ in Formatter().parse(system.name))
        known = {parameter.name for parameter in self.parameters}
        if unknown := [parameter for _, parameter in parts if parameter is not None and parameter not in known]:
            raise BadHandler(
                f"{self.place}: its system {system.name!r} needs {', '.join(unknown)}; "
                f"its parameters are {', '.join(sorted(known)) or 'none'}."
            )
        if system.name.startswith(HANDLER_GATE):
            raise BadHandler(f"{self.place}: no system's name begins with {HANDLER_GATE!r}; found {system.name!r}.")
        return parts

    def bind(self, inputs: Mapping[str, JsonValue]) -> dict[str, Any]:
        """The arguments of a call, checked and converted from the signature; other inputs are left alone.

        Raises BadParameter, which names every input that is missing or does not fit.
        """
        return bind(self.type, self.parameters, inputs)

    def call(self, work: Work, arguments: Mapping[str, Any]) -> Done | Waiting | Refused:
        """One attempt. The handler gets copies of the arguments; outputs come back as JSON.

        What the handler raises passes through; BadResult when it returns what no handler may.
        """
        result = self._function(work, **_copies(arguments))
        match result:
            case Done():
                return Done(**to_json(self.type, result.outputs))
            case Refused():
                return Refused(result.code, result.message, to_json(self.type, result.detail))
            case Waiting():
                return result
        raise self._bad_result("the handler", "Done, Waiting or Refused", result)

    def check_verify(self, work: Work, arguments: Mapping[str, Any]) -> Done | None:
        """Done when the system says that the work is already done; None when not, or when the handler has no verify."""
        if self.verify is None:
            return None
        result = self.verify(work, **_copies({name: arguments[name] for name in self._verify_names}))
        if result is None:
            return None
        if isinstance(result, Done):
            return Done(**to_json(self.type, result.outputs))
        raise self._bad_result("its verify", "Done or None", result)

    def call_undo(self, work: Work, arguments: Mapping[str, Any], outputs: Mapping[str, JsonValue]) -> Done | Refused:
        """Takes the work back. Refused("no_undo") when the handler cannot."""
        if self.undo is None:
            return Refused("no_undo", f"{self.type} has no undo: settle its effect by hand")
        known = {**arguments, "outputs": dict(outputs)}
        result = self.undo(work, **_copies({name: known[name] for name in self._undo_names}))
        if result is None:
            return Done()
        if isinstance(result, Done | Refused):
            return result
        raise self._bad_result("its undo", "Done, Refused or None", result)

    def _names_of(self, function: Callable[..., Any] | None, role: str, extra: tuple[str, ...]) -> tuple[str, ...]:
        if function is None:
            return ()
        place = f"{self.place} ({role})"
        names = tuple(parameter.name for parameter in read_parameters(function, place))
        known = {parameter.name for parameter in self.parameters} | set(extra)
        if unknown := [name for name in names if name not in known]:
            raise BadHandler(
                f"{place} takes {', '.join(unknown)}; it may take only {', '.join(sorted(known)) or 'nothing'}."
            )
        return names

    def _bad_result(self, who: str, expected: str, result: object) -> BadResult:
        return BadResult(
            f"{self.type}: {who} at {self.place} must return {expected}, "
            f"found {type(result).__name__} {str(result)[:60]!r}. Correct the handler and retry.",
            handler=self.type,
        )


class Registry:
    """Handlers by type."""

    def __init__(self, handlers: Iterable[Handler | Marked[..., Any]]) -> None:
        self._handlers: dict[str, Handler] = {}
        for given in handlers:
            handler = given if isinstance(given, Handler) else Handler(given)
            if other := self._handlers.get(handler.type):
                raise DuplicateHandler(
                    f"{handler.type} is handled at {other.place} and at {handler.place}; give one another type.",
                    handler=handler.type,
                )
            self._handlers[handler.type] = handler

    @classmethod
    def scan(cls, package_name: str = "handlers", entry_point_group: str = "turnup.handlers") -> Self:
        """Imports every module of the package, and of the modules that installed distributions offer in the group.

        An entry point names a module, a package or one marked function.
        """
        found: list[Marked[..., Any]] = list(_marked_under(_load(package_name)))
        for entry in entry_points(group=entry_point_group):
            try:
                offered = entry.load()
            except (ImportError, AttributeError) as error:
                raise BadHandler(f"the entry point {entry.name} = {entry.value} cannot be loaded: {error!r}") from error
            found += (
                _marked_under(offered) if isinstance(offered, ModuleType) else [_expect_marked(entry.name, offered)]
            )
        return cls(found)

    def get(self, type: str) -> Handler | None:
        return self._handlers.get(type)

    def types(self) -> list[str]:
        return sorted(self._handlers)

    def personal_fields(self) -> frozenset[str]:
        """The names of the parameters that any handler marks as personal."""
        return frozenset(each.name for handler in self for each in handler.parameters if each.personal)

    def __iter__(self) -> Iterator[Handler]:
        return iter(self._handlers.values())


def _copies(arguments: Mapping[str, Any]) -> dict[str, Any]:
    # A handler that changed a nested value in place would otherwise change what its next attempt is given.
    return {name: value if type(value) in _IMMUTABLE else deepcopy(value) for name, value in arguments.items()}


def _load(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise BadHandler(f"{name} cannot be imported: {error}. Handlers load all or none: correct it.") from error


def _marked_under(module: ModuleType) -> Iterator[Marked[..., Any]]:
    """Marked functions of the module and of every module below it; folders need no `__init__.py`."""
    yield from _marked_in(module)
    for folder in getattr(module, "__path__", ()):
        for file in sorted(Path(folder).rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            if parts[-1] != "__init__":
                yield from _marked_in(_load(".".join((module.__name__, *parts))))
            elif len(parts) > 1:
                yield from _marked_in(_load(".".join((module.__name__, *parts[:-1]))))


def _marked_in(module: ModuleType) -> list[Marked[..., Any]]:
    # What a module imported from another is marked there; an alias is the same object.
    own = {id(value): value for value in vars(module).values() if isinstance(value, Marked)}
    return [marked for marked in own.values() if marked.__module__ == module.__name__]


def _expect_marked(name: str, offered: object) -> Marked[..., Any]:
    if isinstance(offered, Marked):
        return offered
    raise BadHandler(
        f"the entry point {name} gives {type(offered).__name__}; expected a module or a function marked @handles."
    )
