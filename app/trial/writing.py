"""YAML as scenarios are written in it: with YAML 1.2's own scalars, so that `no`, `010` and a date are texts."""

from __future__ import annotations

import re
from typing import Any

import yaml

from app.core.errors import InvalidInput

LIMIT_CHARACTERS = 500_000
_DIGITS = list("-0123456789")
_SCALARS = {  # tag -> what it looks like, and the characters that it begins with
    "tag:yaml.org,2002:null": (r"^(?:null|)$", ["n", ""]),
    "tag:yaml.org,2002:bool": (r"^(?:true|false)$", ["t", "f"]),
    "tag:yaml.org,2002:int": (r"^-?(?:0|[1-9][0-9]*)$", _DIGITS),
    "tag:yaml.org,2002:float": (r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", _DIGITS),
}


class _Reader(yaml.SafeLoader):
    """Knows no alias, so that a small file is no large value, and no name given twice."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.MarkedYAMLError(problem="an alias (*) is not taken here", problem_mark=self.get_mark())
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names = [self.construct_object(name, deep=True) for name, _ in node.value]
        for (name, _), value in zip(node.value, names, strict=True):
            if not isinstance(value, str) or names.count(value) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"the name {value!r} is no text, or is given twice", problem_mark=name.start_mark
                )
        return super().construct_mapping(node, deep)


class _Writer(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> Any:
        style = "|" if "\n" in text else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)


for _class in (_Reader, _Writer):
    _class.yaml_implicit_resolvers = {}
    for _tag, (_pattern, _beginnings) in _SCALARS.items():
        _class.add_implicit_resolver(_tag, re.compile(_pattern), _beginnings)
_Writer.add_representer(str, _Writer.represent_text)


def read_yaml(text: str) -> Any:
    """InvalidInput says on which line it cannot be read."""
    if len(text) > LIMIT_CHARACTERS:
        raise InvalidInput(f"A scenario has at most {LIMIT_CHARACTERS:,} characters.", path="$")
    try:
        return yaml.load(text, _Reader)  # noqa: S506  # nosec B506  a safe loader's subclass
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InvalidInput(f"This is no YAML that a scenario is written in: {error}", path="$") from error


def write_yaml(value: Any) -> str:
    text: str = yaml.dump(value, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100)
    return text
