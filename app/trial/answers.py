"""What a handler is said to have answered: as a scenario writes it, and made up from what the handler documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import InvalidInput
from app.engine.outcomes import Attempted, Failed
from app.handling.contract import Done, Refused, Waiting
from app.handling.registry import Handler

KINDS = ("done", "refused", "failed", "waiting")
_FIELDS = {
    "done": frozenset({"done"}),
    "refused": frozenset({"refused", "message", "detail"}),
    "failed": frozenset({"failed", "message", "retry"}),
    "waiting": frozenset({"waiting", "key"}),
}
_NUMBERS: Mapping[str, Any] = {"int": 1, "float": 1.0, "bool": True, "dict": {}, "list": []}
_TEXTS = {"date": "2026-03-02", "datetime": "2026-03-02T12:00:00Z", "time": "12:00:00", "Decimal": "1.00"}


@dataclass(frozen=True)
class Answer:
    """One attempt's. `kind` is one of KINDS; `code` a refusal's, a failure's, or the name of an awaited message."""

    kind: str
    outputs: Mapping[str, Any] | None = None
    code: str = ""
    message: str = ""
    detail: Mapping[str, Any] | None = None
    key: str = ""
    retry: bool = True

    def outcome(self) -> Attempted:
        """As a worker would hand it to the engine."""
        match self.kind:
            case "refused":
                return Refused(self.code, self.message, dict(self.detail or {}))
            case "failed":
                return Failed(self.code, self.message or f"{self.code}, as this trial wants it.", self.retry)
            case "waiting":
                return Waiting(self.code, self.key)
        return Done(**dict(self.outputs or {}))

    def written(self) -> dict[str, Any]:
        """As `read_answer` reads it."""
        if self.kind == "done":
            return {"done": dict(self.outputs or {})}
        more = {"message": self.message, "detail": dict(self.detail or {}), "key": self.key}
        found = {self.kind: self.code, **{name: value for name, value in more.items() if value}}
        return found if self.retry else {**found, "retry": False}


def read_answer(written: Any, path: str) -> Answer:
    """`{done: {ont_id: "7"}}`, `{refused: port_taken}`, `{failed: SystemSilent}`, `{waiting: ported, key: ORD-1}`."""
    kinds = [kind for kind in KINDS if isinstance(written, Mapping) and kind in written]
    if len(kinds) != 1:
        raise InvalidInput(f"{path}: expected one of {', '.join(KINDS)}, such as `done: {{}}`.", path=path)
    kind = kinds[0]
    if unknown := sorted(set(written) - _FIELDS[kind]):
        raise InvalidInput(f"{path}: {', '.join(unknown)} is nothing that `{kind}` has.", path=path)
    value = written[kind]
    if kind == "done":
        if not isinstance(value, Mapping | None):
            raise InvalidInput(f"{path}.done: expected the outputs by name, found {value!r}.", path=f"{path}.done")
        return Answer("done", dict(value or {}))
    detail = written.get("detail") or {}
    texts = {name: written.get(name, "") for name in ("message", "key")}
    for name, text in {kind: value, **texts}.items():
        if not isinstance(text, str) or (name == kind and not text):
            raise InvalidInput(f"{path}.{name}: expected a text, found {text!r}.", path=f"{path}.{name}")
    if not isinstance(detail, Mapping):
        raise InvalidInput(f"{path}.detail: expected names and values, found {detail!r}.", path=f"{path}.detail")
    return Answer(kind, code=value, detail=dict(detail), retry=written.get("retry", True) is True, **texts)


def stub(handler: Handler, undo: bool = False) -> Answer:
    """Done, with an output of the documented type for each that the handler documents."""
    documented = () if undo else handler.about.outputs
    return Answer("done", {output.name: _made_up(output.name, output.type) for output in documented})


def _made_up(name: str, type_: str) -> Any:
    """`int | None` is an int: what is given most of the time."""
    first = type_.partition("|")[0].strip()
    plain = first.partition("[")[0].strip()
    if plain == "Literal":
        return first.partition("[")[2].split(",")[0].strip("]\"' ")
    if plain in _NUMBERS:
        value = _NUMBERS[plain]
        return value.copy() if isinstance(value, dict | list) else value
    return _TEXTS.get(plain, f"{name}-1")
