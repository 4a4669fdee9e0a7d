"""Shapes of bodies and parameters: camelCase outside, snake_case inside."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

# No control characters: PostgreSQL stores no NUL, and none of these belongs in a key, a name or a log line.
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"

Name = Annotated[str, Field(min_length=1, max_length=255, pattern=PRINTABLE)]
Identity = Annotated[str, Field(min_length=1, max_length=80, pattern=PRINTABLE)]
Person = Annotated[str, Field(min_length=1, max_length=100, pattern=PRINTABLE)]
Reason = Annotated[str, Field(min_length=1, max_length=2000)]  # the engine refuses blank ones
Variables = Annotated[dict[str, Any], Field(max_length=10_000)]


def _is_written(value: object) -> object:
    """pydantic takes a number for seconds since 1970; the description promises a date and a time."""
    if isinstance(value, str) and "T" not in value.upper():
        raise PydanticCustomError("instant", "Expected an instant such as 2026-03-02T12:00:00Z")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_is_written)]


def _titled(name: str, _: object) -> str:
    return name.replace("_", " ").capitalize()


class Described(BaseModel):
    """Its schema is worked out once, though nearly every operation names the same errors, parameters and pages."""

    @classmethod
    @cache
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:  # type: ignore[override]  # for mypy it is a cache
        """Shared by whoever asks: read it, do not change it."""
        return super().model_json_schema(*args, **options)


class Input(Described):
    """A JSON body: exact types, no field but its own."""

    model_config = ConfigDict(
        alias_generator=to_camel, field_title_generator=_titled, extra="forbid", frozen=True, strict=True
    )


class Parameters(Described):
    """Parameters of a path, a query or a header: text that is converted.

    The end of a subclass's name (Path, Query, Header) says in errors where its fields are.
    """

    model_config = ConfigDict(alias_generator=to_camel, field_title_generator=_titled, extra="forbid", frozen=True)


class Headers(Described):
    """Headers: others than its own are none of its business. Fields are given their names as aliases."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Output(Described):
    """A JSON answer; made from the dataclasses of the rooms below, which may have more fields. Instants end in Z."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        field_title_generator=_titled,
        validate_by_name=True,
        validate_by_alias=True,
        from_attributes=True,
        frozen=True,
    )
