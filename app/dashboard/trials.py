"""Trying flows out: a draft or a version is run in a store that is thrown away, one move at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.core.errors import InvalidInput
from app.dashboard.diagrams import Diagrams, read_drawing
from app.dashboard.marks import covered_marks, marks
from app.dashboard.pages import Pages, wants_fragment
from app.dashboard.parts import DashboardParts
from app.dashboard.trial_forms import read_answers, read_happening, read_instant, read_step, read_variables
from app.dashboard.words import brief
from app.engine import queries
from app.engine.diagram import DiagramRefused
from app.trial.coverage import Coverage
from app.trial.looks import ConditionView, look, suggest
from app.trial.playing import written_of
from app.trial.room import OpenTrial, Subject
from app.trial.scenario import read_scenario, write_scenario
from app.trial.trial import Trial
from app.web.acting import deed
from app.web.headers import download_as
from app.web.trying import Trying, Wish, owner

SHOWN_CONDITIONS = 60
MOST_SCENARIOS = 40


class TrialPages(Pages):
    def __init__(self, parts: DashboardParts, diagrams: Diagrams) -> None:
        super().__init__(parts, diagrams)
        self._trying = Trying(parts.database, parts.trials, parts.personal)

    def routes(self, blueprint: Blueprint) -> None:
        for path, endpoint, method, verb in (
            ("/try/<draft_id>", "try_draft", self.try_draft, "GET"),
            ("/try/<draft_id>/diagram.bpmn", "draft_diagram", self.draft_diagram, "GET"),
            ("/processes/<process_id>/<int:version>/try", "try_version", self.try_version, "GET"),
            ("/trials", "begin_trial", self.begin, "POST"),
            ("/trials/scenarios", "play_scenarios", self.play, "POST"),
            ("/trials/<trial_id>", "trial", self.show, "GET"),
            ("/trials/<trial_id>/diagram.bpmn", "trial_diagram", self.diagram, "GET"),
            ("/trials/<trial_id>/scenario.yaml", "trial_scenario", self.scenario, "GET"),
            ("/trials/<trial_id>/step", "step_trial", self.step, "POST"),
            ("/trials/<trial_id>/run", "run_trial", self.run, "POST"),
            ("/trials/<trial_id>/act", "act_in_trial", self.act, "POST"),
            ("/trials/<trial_id>/close", "close_trial", self.close, "POST"),
        ):
            blueprint.add_url_rule(path, endpoint, method, methods=[verb])

    # before one begins
    def try_draft(self, draft_id: str) -> str:
        return self._begin_page(self._trying.draft(draft_id))

    def try_version(self, process_id: str, version: int) -> str:
        return self._begin_page(self._trying.version(process_id, version))

    def draft_diagram(self, draft_id: str) -> Response:
        return _xml(self._trying.draft(draft_id).document)

    def begin(self) -> str | AnyResponse:
        """A refused diagram is answered with every finding."""
        subject = self._subject()
        try:
            made = self._open(subject)
        except DiagramRefused as refused:
            findings = refused.findings
            if wants_fragment():
                return Response(self.fragment("trial_refused.html", subject=subject, findings=findings), refused.status)
            return Response(self._begin_page(subject, findings=findings), refused.status)
        address = url_for("dashboard.trial", trial_id=made.id)
        # A form beside which refusals are shown cannot be sent elsewhere: the browser is, as a whole.
        return Response(headers={"HX-Redirect": address}) if wants_fragment() else redirect(address, 303)

    def play(self) -> str:
        """Plays scenarios of the author's own on what is tried, and paints how far they come."""
        subject = self._subject()
        files = request.files.getlist("scenarios")[:MOST_SCENARIOS]
        if not any(file.filename for file in files):
            raise InvalidInput("Choose one or more .yaml files.", path="$.scenarios")
        played, covered = [], dict[str, Coverage]()
        for file in files:
            try:
                scenario = read_scenario(file.stream.read().decode("utf-8", "replace"))
            except InvalidInput as error:
                played.append((file.filename, file.filename, [error.message]))
                continue
            result = self._trying.play(scenario, subject)
            played.append((file.filename, scenario.title, result.differs))
            for process_id, found in result.covered.items():
                covered.setdefault(process_id, found).join(found)
        own = covered.get(subject.process_id or "")
        return self._begin_page(subject, played=played, covered=covered, painted=covered_marks(own), own=own)

    def _begin_page(self, subject: Subject, **facts: Any) -> str:
        instance_id = request.args.get("instance", "")
        known_start = instance_id and self._trying.started_with(instance_id, subject)
        started = known_start or self.parts.trials.sample(subject.document)
        known = {"painted": {}, "instance_id": instance_id, "started": started, "own": None}
        if request.method == "POST":
            known["given"] = request.form
        drawing, source = read_drawing(subject.document), self._source(subject)
        facts = {**known, "subject": subject, "source": source, "drawing": drawing, **facts}
        with self.parts.database.reading() as connection:
            return self.page(connection, "try.html", laboratory=self.parts.trials.laboratory, **facts)

    # while one is open
    def show(self, trial_id: str) -> str:
        with self._mine(trial_id) as found, self.parts.database.reading() as connection:
            return self.page(connection, "trial.html", **self._facts(found))

    def step(self, trial_id: str) -> str | AnyResponse:
        with self._mine(trial_id) as found:
            found.trial.step(read_step(request.form))
            return self._answer(found)

    def run(self, trial_id: str) -> str | AnyResponse:
        with self._mine(trial_id) as found:
            found.trial.run()
            return self._answer(found)

    def act(self, trial_id: str) -> str | AnyResponse:
        with self._mine(trial_id) as found:
            found.trial.act(read_happening(request.form))
            return self._answer(found)

    def close(self, trial_id: str) -> AnyResponse:
        with self._mine(trial_id) as found:
            back = self._source(found.subject)
        self.parts.trials.close(trial_id, owner())
        return redirect(back, 303)

    def diagram(self, trial_id: str) -> Response:
        with self._mine(trial_id) as found:
            return _xml(found.subject.document)

    def scenario(self, trial_id: str) -> Response:
        """What was done so far, as a scenario that expects what came of it."""
        with self._mine(trial_id) as found:
            title = request.args.get("title", "").strip()[:200] or f"{found.subject.title}, tried by {deed().by}"
            text = write_scenario(written_of(found.trial, title))
        name = f"{found.trial.process_id}_{_file_name(title)}.yaml"
        return download_as(name, Response(text, mimetype="application/yaml"))

    @contextmanager
    def _mine(self, trial_id: str) -> Iterator[OpenTrial]:
        with self.parts.trials.use(trial_id, owner()) as found:
            deed().concerns(found.trial.process_id)
            yield found

    def _answer(self, found: OpenTrial) -> str | AnyResponse:
        if not wants_fragment():
            return redirect(url_for("dashboard.trial", trial_id=found.id), 303)
        return self.fragment("trial_live.html", **self._facts(found))

    def _facts(self, found: OpenTrial) -> dict[str, Any]:
        view = look(found.trial)
        drawing = read_drawing(found.subject.document)
        return {
            "found": found,
            "view": view,
            "elements": drawing.elements,
            "ratio": drawing.ratio,
            "suggested": suggest(found.trial),
            "said": _said(view.conditions),
            "marks": _marks(found.trial),
            "conditions": view.conditions[-SHOWN_CONDITIONS:][::-1],
            "source": self._source(found.subject),
        }

    # what is tried
    def _subject(self) -> Subject:
        """As the form names it."""
        if draft_id := request.form.get("draft_id"):
            return self._trying.draft(draft_id)
        process_id, version = request.form.get("process_id", ""), request.form.get("version", "")
        if not process_id or not version.isdecimal() or len(version) > 9:
            raise InvalidInput("Open a draft or a version of a process, and try it from there.", path="$.process_id")
        return self._trying.version(process_id, int(version))

    def _source(self, subject: Subject) -> str:
        if subject.draft_id is not None:
            return url_for("dashboard.try_draft", draft_id=subject.draft_id)
        return url_for("dashboard.try_version", process_id=subject.process_id, version=subject.version)

    # beginning
    def _open(self, subject: Subject) -> OpenTrial:
        form = request.form
        key, instance_id = form.get("business_key", "").strip() or None, form.get("instance", "").strip() or None
        at = read_instant(form, self.parts.clock.now())
        return self._trying.begin(subject, Wish(read_variables(form), at, key, read_answers(form), instance_id))


def _xml(document: bytes) -> Response:
    return download_as("diagram.bpmn", Response(document, mimetype="application/xml"))


def _file_name(title: str) -> str:
    return "".join(each if each.isascii() and each.isalnum() else "_" for each in title.lower())[:60].strip("_")


def _said(conditions: Sequence[ConditionView]) -> dict[str, dict[str, Any]]:
    """By flow or by what asked about itself, what the condition came to last, as static/js/diagram.js writes it."""
    found = {}
    for each in conditions:
        id_ = each.flow_id if each.target else each.element_id
        if id_ is not None and "/" not in each.place:
            read = ", ".join(f"{name} = {brief(value)}" for name, value in each.read.items())
            text = each.fault or f"{'true' if each.value is True else 'false'}{f': {read}' if read else ''}"
            shown = text if len(text) <= 40 else f"{text[:40]}…"
            found[id_] = {"text": shown, "title": f"{each.condition}: {text}", "holds": each.value is True}
    return found


def _marks(trial: Trial) -> dict[str, dict[str, Any]]:
    """Of the tried process itself."""
    if trial.instance_id is None:
        return {}
    with trial.scratch.database.reading() as connection:
        passed = queries.passed_elements(connection, trial.instance_id)
    own = [token for instance_id, token in trial.tokens() if instance_id == trial.instance_id and not token.call]
    return marks(own, passed)
