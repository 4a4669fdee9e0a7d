"""Everything that is read about instances and definitions: the public face of this package.

Each function takes an open connection (`Database.reading()`), only reads, and returns frozen dataclasses.
"""

from app.core.pages import Page as Page
from app.core.pages import is_all as is_all
from app.engine.queries.calls import CallView as CallView
from app.engine.queries.calls import UnknownCall as UnknownCall
from app.engine.queries.calls import get_call as get_call
from app.engine.queries.calls import list_calls as list_calls
from app.engine.queries.causes import CauseView as CauseView
from app.engine.queries.causes import UnknownCause as UnknownCause
from app.engine.queries.causes import get_cause as get_cause
from app.engine.queries.causes import list_causes as list_causes
from app.engine.queries.decisions import DecisionView as DecisionView
from app.engine.queries.decisions import decision_document as decision_document
from app.engine.queries.decisions import get_decision as get_decision
from app.engine.queries.decisions import list_decisions as list_decisions
from app.engine.queries.definitions import DefinitionView as DefinitionView
from app.engine.queries.definitions import StartTriggerView as StartTriggerView
from app.engine.queries.definitions import definition_document as definition_document
from app.engine.queries.definitions import get_definition as get_definition
from app.engine.queries.definitions import list_definitions as list_definitions
from app.engine.queries.definitions import start_triggers as start_triggers
from app.engine.queries.details import HistoryView as HistoryView
from app.engine.queries.details import PassedView as PassedView
from app.engine.queries.details import TokenView as TokenView
from app.engine.queries.details import VariableView as VariableView
from app.engine.queries.details import count_history as count_history
from app.engine.queries.details import history as history
from app.engine.queries.details import open_tokens as open_tokens
from app.engine.queries.details import passed_elements as passed_elements
from app.engine.queries.details import variables as variables
from app.engine.queries.gates import GateView as GateView
from app.engine.queries.gates import get_gate as get_gate
from app.engine.queries.gates import list_gates as list_gates
from app.engine.queries.incidents import IncidentView as IncidentView
from app.engine.queries.incidents import UnknownIncident as UnknownIncident
from app.engine.queries.incidents import count_open_incidents as count_open_incidents
from app.engine.queries.incidents import get_incident as get_incident
from app.engine.queries.incidents import incidents_of as incidents_of
from app.engine.queries.incidents import list_incidents as list_incidents
from app.engine.queries.instances import STATES as STATES
from app.engine.queries.instances import InstanceRow as InstanceRow
from app.engine.queries.instances import UnknownInstance as UnknownInstance
from app.engine.queries.instances import count_by_state as count_by_state
from app.engine.queries.instances import get_instance as get_instance
from app.engine.queries.instances import keys_of as keys_of
from app.engine.queries.instances import list_instances as list_instances
from app.engine.queries.processes import ProcessView as ProcessView
from app.engine.queries.processes import get_process as get_process
from app.engine.queries.tasks import UnknownTask as UnknownTask
from app.engine.queries.tasks import UserTaskView as UserTaskView
from app.engine.queries.tasks import get_user_task as get_user_task
from app.engine.queries.tasks import list_user_tasks as list_user_tasks
