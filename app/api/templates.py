"""Element templates: the handlers as a modeler's picker wants them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, RootModel

from app.api.room import ApiParts, room, view
from app.handling.templates import element_templates
from app.handling.versions import VersionsKept
from app.web.models import Output
from app.web.paging import answer_page


class TemplateOut(Output):
    """An element template as Camunda's JSON Schema says, of a handler."""

    schema_uri: str = Field(alias="$schema")
    id: str = Field(examples=["turnup.olt.activate_ont"])
    version: int = Field(description="Raised when the handler's signature or outputs change", examples=[1])
    name: str = Field(examples=["Put the customer's ONT in service on its port"])
    description: str
    keywords: list[str]
    category: dict[str, str] = Field(description="The system that the handler calls")
    icon: dict[str, str]
    applies_to: list[str]
    element_type: dict[str, str]
    groups: list[dict[str, str]]
    properties: list[dict[str, Any]] = Field(description="The fields, and where in the diagram their values stand")
    metadata: dict[str, Any] = Field(description="`turnup`: outputs, refusal codes, faults, whether a repeat is safe")


class TemplateList(RootModel[list[TemplateOut]]):
    """Templates of every handler, in all versions."""


class ElementTemplates:
    """The room of element templates."""

    def __init__(self, parts: ApiParts) -> None:
        self._registry = parts.engine.desk.registry
        self._parts = parts

    def blueprint(self) -> APIBlueprint:
        made = room("element_templates", "element-templates", "Handlers, for a modeler's picker.", self._parts)
        made.get("", responses={200: TemplateList})(view(self.list_templates))
        return made

    def list_templates(self) -> Response:
        """List the handlers as element templates

        For Camunda 8 modelers. By the handler's type, the newest version first; the whole list, which a modeler takes
        as it is.
        """
        return answer_page(self._templates, len(self._templates))

    @cached_property
    def _templates(self) -> list[TemplateOut]:
        return [TemplateOut.model_validate(each) for each in element_templates(self._registry, VersionsKept())]
