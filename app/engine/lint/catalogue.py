"""Every code that a check of diagrams gives, with what it says; docs/lint.md shows this table.

A finding's own message and remedy name the names; here stands what all findings of a code have in common. Codes are
stored in nothing, but pipelines name them: a code keeps its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.decisions.dmn.catalogue import MODELS


@dataclass(frozen=True)
class Rule:
    """What a code says, in one sentence, and what puts it right."""

    means: str
    remedy: str


_DOCUMENT = {
    "empty": ("The document is empty.", "Send the file that the modeler saved."),
    "encoding": ("The document is not in UTF-8.", "Save it as UTF-8."),
    "nul_byte": ("The document holds NUL bytes.", "Save it again in the modeler."),
    "not_xml": ("The document is no well-formed XML.", "Save it again in the modeler."),
    "doctype": ("The document declares a document type.", "Remove the DOCTYPE: modelers write none."),
    "too_large": ("The document is larger than any diagram needs to be.", "Split it into smaller ones."),
    "too_deep": ("Elements are nested too deep.", "Flatten it."),
    "too_many_elements": ("There are too many elements in it.", "Split it into smaller ones."),
    "too_many_attributes": ("An element has too many attributes.", "Remove the surplus."),
    "too_many_findings": ("There is more wrong with it than is listed.", "Correct what is listed first."),
    "wrong_root": ("The document is no BPMN.", "Send the BPMN file that the modeler saved."),
    "withdrawn": ("The latest version says the same and is withdrawn.", "Put it back, or change the diagram."),
    "file_name_differs": ("File and process have different names.", "Call the file `<process id>.bpmn`."),
}
_DIALECT = {
    "unknown_element": ("An element that the engine does not run.", "Draw it with an element of docs/authoring.md."),
    "unknown_attribute": ("An attribute that the engine would ignore.", "Delete it in the modeler."),
    "attribute_value": ("A value that the attribute does not take.", "Choose another one in the modeler."),
    "unknown_extension": ("A setting of the modeler that the engine would ignore.", "Delete it, or use the one named."),
    "unknown_property": ("A property `turnup:...` that means nothing.", "Correct its name."),
    "loose_text": ("Text where none belongs.", "Delete it; notes go into a text annotation."),
    "repeated": ("What may be there once is there twice.", "Keep one."),
    "not_executable": ("A process is drawn and never run.", "Tick *Executable* if it should run."),
    "process_in_layout": ("A part of a process stands in the layout.", "Delete it."),
    "no_executable_process": ("No process in it is executable.", "Tick *Executable*."),
    "several_executable_processes": ("More than one process in it is executable.", "One file holds one process."),
    "missing_id": ("An element has no id.", "Give it one."),
    "bad_id": ("An id cannot be one.", "Use letters, digits, `_`, `-` and `.`, a letter first."),
    "duplicate_id": ("Two elements have one id.", "Give each an id of its own."),
    "dangling_reference": ("A reference leads to nothing.", "Choose again in the modeler."),
    "variables_schema": ("`turnup:variables` is no JSON Schema that can be used.", "Correct the schema."),
    "messages_property": ("`turnup:messages` is no list of message names.", "Write names with commas between them."),
    "signals_property": ("`turnup:signals` is no list of signal names.", "Write names with commas between them."),
    "form": ("A form is not one that can be shown.", "Correct the form, or leave it out."),
    "no_form": ("A user task names a form that is not there.", "Save the form in the modeler again."),
}
_SHAPE = {
    "dangling_flow": ("A flow begins or ends at nothing.", "Delete it and draw it again."),
    "crosses_border": ("A flow crosses the border of a sub-process.", "End it inside; draw another one outside."),
    "flow_into_start": ("A flow leads to what no flow may lead to.", "Let it lead to what follows."),
    "flow_out_of_end": ("A flow leaves what no flow may leave.", "Delete it."),
    "several_outgoing_flows": ("An element that is no gateway splits.", "Draw a gateway after it."),
    "ignored_condition": ("A condition that nothing looks at.", "Draw an exclusive gateway before the flow."),
    "missing_condition": ("A flow leaves a gateway with neither a condition nor as its default.", "Give it one."),
    "condition_on_default": ("The condition of a default flow is never looked at.", "Delete it."),
    "bad_default_flow": ("The default flow does not leave the gateway.", "Choose it again."),
    "no_start": ("There is no start event.", "Draw one."),
    "several_starts": ("There is more than one start event without a trigger.", "Keep one."),
    "unreachable": ("It never runs: no flow from the start leads there.", "Connect it, or delete it."),
    "no_end": ("The flow stops without an end event.", "Connect it to one."),
    "endless": ("From here no end can be reached.", "Draw a way out of the loop."),
    "few_events": ("An event-based gateway with fewer than two events.", "Add one, or use the event alone."),
    "no_event": ("What follows an event-based gateway waits for nothing.", "Draw a catch event or a receive task."),
    "shared_event": ("Other flows lead to an event after an event-based gateway.", "Draw one of its own for them."),
    "no_plain_event": ("A receive task after an event-based gateway has more to do than wait.", "Take that off it."),
    "no_link": ("A link has no name.", "Give the link that is thrown and the one that catches one name."),
    "link_caught_twice": ("Two events catch one link.", "Rename one, or merge them."),
    "link_without_catch": ("Nothing catches the link: what follows would be lost.", "Draw the catch event."),
    "link_without_throw": ("Nothing leads to the link.", "Draw the throw event, or delete it."),
}
_STEPS = {
    "does_nothing": ("A task without a type does nothing.", "Choose a type."),
    "no_handler": ("A service task names no handler.", "Choose one in the modeler."),
    "unknown_handler": ("No handler is known by that name.", "Correct the name, or install the handler first."),
    "unknown_parameter": ("The handler has no such parameter.", "Correct the name of the input."),
    "missing_parameter": ("Nothing gives the handler a parameter that it needs.", "Map an input to it."),
    "mistyped_input": ("An input is of another type than the handler's parameter.", "Map a value of the type named."),
    "never_refused": ("The handler never refuses with the code that is waited for.", "Choose a code that it has."),
    "no_script": ("A script task has no FEEL expression.", "Write one."),
    "no_decision": ("A business rule task calls no decision.", "Give it the decision's id."),
    "unknown_decision": ("The decision is not in the house.", "Deploy its `.dmn` file with the diagram, or before."),
    "missing_input": ("A decision reads what nothing gives it.", "Map an input to it."),
    "unfit_input": ("A decision is given something of another type than it asks for.", "Map what it asks for."),
    "no_process": ("A call activity calls no process.", "Give it the id of one."),
    "unknown_process": ("The called process is not in the house.", "Deploy it with the diagram, or before."),
    "unknown_form": ("The form is not in the house.", "Deploy its `.form` file with the diagram, or before."),
    "form_id": ("A form in a file of its own has no id.", "Give it one in the editor."),
    "no_plain_start": ("A called process is one that only events start.", "Draw a start without a trigger."),
    "missing_variable": ("A called process needs what it is not given.", "Map an input to it."),
    "bad_binding": ("Binding and version tag of a call or a form contradict each other.", "Keep one of them."),
    "endless_call": ("Every way through the process calls the process itself.", "Draw a way past the call."),
}
_VARIABLES = {
    "bad_expression": ("FEEL that does not compile.", "Correct the expression."),
    "no_expression": ("FEEL is expected, and the `=` is missing.", "Write `=` before it."),
    "long_expression": ("An expression is too long.", "Let a handler do it."),
    "empty_expression": ("A field that has to say something is empty.", "Fill it in, or delete it."),
    "bad_name": ("This cannot be the name of a variable.", "Use letters, digits and `_`."),
    "unknown_variable": ("An expression reads a variable that nothing sets.", "Correct the name, or declare it."),
    "unknown_field": ("An expression reads a field that the variable does not have.", "Correct it, or declare it."),
    "mistyped_expression": ("An expression gives what its place cannot take.", "Correct the expression."),
    "concurrent_writes": ("Two branches write one variable at the same time.", "Write two, choose after the join."),
    "leaves_iteration": ("A result would leave iterations that run at the same time.", "Collect it as the output."),
    "may_leave_iteration": ("Results may leave iterations that run at the same time.", "Give it output mappings."),
    "no_collection": ("A multi-instance has no input collection.", "Give it one."),
    "half_output": ("A multi-instance has half of an output.", "Give it collection and element, or neither."),
    "not_checked": ("There is too much of it to be checked for this.", "Split it."),
}
_EVENTS = {
    "no_trigger": ("Nothing would ever make the event happen.", "Choose its trigger."),
    "several_triggers": ("An event has more than one trigger.", "Keep one."),
    "wrong_trigger": ("The trigger has no place there.", "Choose one of those named."),
    "always_interrupting": ("An event that always interrupts is said not to.", "Make it interrupting."),
    "event_mapping": ("Mappings on an event that takes or brings nothing.", "Delete them."),
    "no_time": ("A timer has no time, and would never be due.", "Give it a duration, a date or a cycle."),
    "several_times": ("A timer has more than one time.", "Keep one."),
    "bad_time": ("A time that is none, so the timer would never be due.", "Write it in ISO 8601, or in FEEL."),
    "wrong_time": ("This kind of time has no place there.", "Use one of those named."),
    "bad_start_time": ("The time of a start event cannot be told at deployment.", "Use no variables."),
    "no_condition": ("A conditional event has no condition.", "Write one in FEEL."),
    "no_message": ("A message has no fixed name.", "Give it one."),
    "no_correlation_key": ("A message that is waited for has no key.", "Give it one, such as `=order_id`."),
    "no_sender": ("Nothing says how a message is sent, or what waits is said to send.", "Give it a handler."),
    "two_senders": ("A message would be sent twice.", "Keep one of the two."),
    "never_sent": ("Nothing in the house sends the message.", "Correct its name, or say who sends it."),
    "long_name": ("The name of a message or signal is too long.", "Give it a shorter one."),
    "never_broadcast": ("Nothing in the house broadcasts the signal.", "Correct its name, or say who broadcasts it."),
    "no_signal": ("A signal has no name.", "Give it one."),
    "error_without_code": ("An error has no code.", "Give it one."),
    "error_code_expression": ("The code that is waited for is an expression.", "Write the code itself."),
    "escalation_without_code": ("An escalation has no code.", "Give it one."),
    "escalation_code_expression": ("The code that is waited for is an expression.", "Write the code itself."),
    "uncaught_error": ("An error is thrown, and nothing leads past it.", "Catch it, or end without an error."),
    "uncaught_escalation": ("An escalation is thrown, and nothing takes it up.", "Catch it, or leave it out."),
    "endless_retry": ("After an error the same is done again at once, for ever.", "Wait first, or ask somebody."),
    "never_happens": ("The event never happens: what it stands on cannot cause it.", "Delete it, or move it."),
    "same_event_twice": ("Two events wait for the same thing at one place.", "Keep one."),
    "same_error_twice": ("Two events catch one error at one place.", "Keep one."),
    "same_escalation_twice": ("Two events catch one escalation at one place.", "Keep one."),
    "not_attached": ("A boundary event is not on an activity that can have one.", "Move it onto one."),
    "bad_event_sub": ("An event sub-process with a marker that it cannot have.", "Remove the marker."),
    "cancel_outside": ("A cancel event where there is no transaction.", "Use a transaction, or an error."),
    "cancel_uncaught": ("Nothing says how it goes on after a transaction is cancelled.", "Attach a cancel event."),
    "no_compensation": ("Nothing says what takes the work back.", "Draw an association to what does."),
    "bad_compensation": ("The activity that takes work back cannot.", "Choose the activity again."),
    "several_compensations": ("A compensation event leads to more than one activity.", "Keep one association."),
    "nothing_to_take_back": ("A compensation event does nothing.", "Say how the work is taken back."),
}

SUBJECTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "The document": _DOCUMENT,
    "What may be in a diagram": _DIALECT,
    "Flows and gateways": _SHAPE,
    "Activities": _STEPS,
    "Expressions and variables": _VARIABLES,
    "Events": _EVENTS,
    "Decision models": MODELS,
}
RULES: Mapping[str, Rule] = {code: Rule(*words) for rules in SUBJECTS.values() for code, words in rules.items()}
