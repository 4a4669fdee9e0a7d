"""What a trial needs beside the diagram that is tried: what it calls, decides by and shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.core.clock import FixedClock
from app.core.db import Database
from app.core.errors import TurnupError
from app.trial.answering import Stubs
from app.trial.documents import Deployed, Library, gather
from app.trial.events import Event
from app.trial.looks import look
from app.trial.scratch import open_scratch
from app.trial.trial import Trial
from tests.factories.diagrams import Diagram
from tests.factories.engines import Bench
from tests.factories.trials import NOON, REGISTRY, STORES, Shelf


def survey(**said: Any) -> dict[str, Any]:
    field = {"type": "textfield", "key": "answer", "label": "How was it?", "validate": {"required": True}}
    return {"id": "survey", "type": "default", "components": [field], **said}


def asking(**said: str) -> Diagram:
    made = Diagram("ask").start("s").user("a", linked={"formId": "survey", **said})
    return made.end("e").chain("s", "a", "e")


def asked(diagram: Diagram, library: Library) -> Trial:
    trial = Trial(open_scratch(gather(diagram.xml(), library, REGISTRY), REGISTRY, NOON, STORES), Stubs())
    trial.start({"which": "survey"})
    return trial


@pytest.mark.parametrize("said", [{}, {"formId": "=which"}, {"bindingType": "deployment"}])
def test_a_task_of_a_trial_has_its_form_and_takes_only_what_fits_it(said: dict[str, str]) -> None:
    trial = asked(asking(**said), Shelf(forms={"survey": json.dumps(survey()).encode()}))
    assert [(each.place, each.kind) for each in look(trial).standing] == [("a", "user_task")]
    with pytest.raises(TurnupError, match="fill this in"):
        trial.act(Event("complete", "a"))
    trial.act(Event("complete", "a", variables={"answer": "well"}))
    assert look(trial).state == "completed"
    trial.close()


def test_a_form_that_nobody_has_deployed_falls_out_as_it_would_in_earnest() -> None:
    trial = asked(asking(), Shelf())
    (fallen,) = look(trial).standing
    assert fallen.error is not None
    assert fallen.error["code"] == "FormMissing"
    trial.close()


def test_forms_are_found_by_their_tags_among_what_is_deployed(sqlite_database: Database, clock: FixedClock) -> None:
    bench = Bench(sqlite_database, clock)
    for tag in ("spring", "autumn"):
        bench.deploy_form(survey(versionTag=tag))
    tagged = asking(bindingType="versionTag", versionTag="spring").xml()
    with bench.database.reading() as connection:
        library = Deployed(connection)
        assert [each.version_tag for each in gather(tagged, library, REGISTRY).forms] == ["spring"]
        assert [each.version_tag for each in gather(asking().xml(), library, REGISTRY).forms] == ["autumn"]
        assert list(library.forms()) == ["survey"]
        assert library.form("survey", "winter") is None
