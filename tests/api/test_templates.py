"""Element templates over HTTP."""

from __future__ import annotations

from app.engine.doors import Engine
from app.handling.templates import element_templates
from app.handling.versions import VersionsKept
from tests.api.conftest import Caller
from tests.factories.engines import Bench


def test_a_modeler_gets_every_handler_as_its_schema_says(api: Caller, bench: Bench) -> None:
    engine: Engine = bench.engine
    answer = api.get("/element-templates")
    assert (answer.status_code, answer.json) == (200, element_templates(engine.desk.registry, VersionsKept()))
    assert answer.headers["X-Total-Count"] == str(len(answer.json)) != "0"
