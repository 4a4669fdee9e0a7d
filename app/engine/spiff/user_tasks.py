"""User tasks: for whom, by when, and with which form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.core.types import to_microseconds
from app.engine.diagram import FormLink
from app.engine.spiff.activities import Activity
from app.engine.spiff.base import clock_of, scopes_of
from app.engine.spiff.faults import ExpressionFailed, FormMissing
from app.engine.spiff.index import Node
from app.engine.spiff.mapping import Source
from app.engine.spiff.triggers import text_of


@dataclass(frozen=True, slots=True)
class Offered:
    """A task to be written down beside its token; instants are microseconds since the epoch."""

    number: int
    groups: list[str]
    due_at: int | None
    follow_up_at: int | None
    form_row_id: str | None


class UserTask(Activity):
    """Waits for a person."""

    assignment: Mapping[str, Source] = {}  # replaced as a whole, never changed
    form: dict[str, Any] | None = None  # that is embedded in the diagram
    linked: FormLink | None = None
    form_id: Source | None = None  # of the one that is linked

    def _run_hook(self, my_task: Node) -> None:
        self.enter(my_task)
        live = my_task.workflow.top_workflow.live
        said = {name: self._value(my_task, source) for name, source in self.assignment.items()}
        assignee = _text(said.get("assignee"), "The assignee", self.bpmn_id)
        groups = _names(said.get("groups"), self.bpmn_id)
        due, follow_up = (_instant(said.get(name), name, self.bpmn_id) for name in ("due", "follow_up"))
        form = self._find_form(my_task)
        live.wait_for(my_task, "user_task", name=self.bpmn_name, claimed_by=assignee)
        if groups or due is not None or follow_up is not None or form is not None:
            live.offered.append(Offered(my_task.id, groups, due, follow_up, form))

    def view(self, my_task: Node) -> Mapping[str, Any]:
        """The variables that the task sees."""
        return scopes_of(my_task).view(my_task.internal_data.get("scope", my_task.workflow.scope))

    def _find_form(self, my_task: Node) -> str | None:
        """The version of a linked form that the task has from now on."""
        if self.linked is None or self.form_id is None:
            return None
        live, definition_id = my_task.workflow.top_workflow.live, my_task.workflow.definition_id
        form_id = text_of(self.form_id, self.view(my_task), my_task)
        found: str | None = live.find_form(form_id, self.linked, definition_id)
        if found is None:
            tag = self.linked.version_tag
            which = f" with the version tag '{tag}'" if self.linked.binding == "versionTag" else ""
            message = f"No form '{form_id}'{which} is deployed. Deploy its .form file and retry."
            raise FormMissing(message, form_id=form_id, version_tag=tag)
        return found

    def _value(self, my_task: Node, source: Source) -> Any:
        return source.value(self.view(my_task), clock_of(my_task))


def _text(value: Any, what: str, element_id: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 64:
        raise ExpressionFailed(f"{what} of '{element_id}' has to be a name of at most 64 characters, found {value!r}.")
    return value


def _names(value: Any, element_id: str) -> list[str]:
    """A list, or a text with commas."""
    named = value.split(",") if isinstance(value, str) else value or []
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        message = f"The candidate groups of '{element_id}' have to be a list of names, or names with commas between."
        raise ExpressionFailed(f"{message} Found {value!r}.")
    return list(dict.fromkeys(each.strip() for each in named if each.strip()))


def _instant(value: Any, name: str, element_id: str) -> int | None:
    if value is None or value == "":
        return None
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        what = "due date" if name == "due" else "follow-up date"
        message = f"The {what} of '{element_id}' has to be a date or a date and time, found {value!r}."
        raise ExpressionFailed(message) from error
    return to_microseconds(found if found.tzinfo is not None else found.replace(tzinfo=UTC))
