"""What an author reads when the dialect refuses something: why, and what to draw instead."""

from __future__ import annotations

from app.engine.spiff.dialect_table import ACTIVITIES, MODELER, ZEEBE

LATER = "is not supported yet."
UNKNOWN = "Delete it in the modeler; docs/authoring.md lists what a diagram may hold."

DATA_OBJECT = ("A data object holds nothing here.", "Use process variables; a text annotation can tell the reader.")

# element -> (reason, remedy)
REFUSED_ELEMENTS: dict[str, tuple[str, str]] = {
    "callActivity": (
        f"A call activity {LATER}",
        "Use an embedded sub-process, or start the other process from a service task.",
    ),
    "task": (
        "A task without a type does nothing.",
        "Change its type: a service task for a handler, a user task for a person, a script task for a FEEL expression.",
    ),
    "manualTask": (f"A manual task {LATER}", "Use a user task, so that somebody confirms that it is done."),
    "sendTask": (f"A send task {LATER}", "Use a service task with the handler that sends."),
    "receiveTask": (f"A receive task {LATER}", "Use an intermediate catch event with the same message."),
    "script": (
        "No code in diagrams: a script task holds a FEEL expression, not a program.",
        "Choose the implementation 'FEEL expression' in the modeler, or use a service task with a handler.",
    ),
    "inclusiveGateway": (
        f"An inclusive gateway {LATER}",
        "Use a parallel gateway with an exclusive gateway on each branch that may be skipped.",
    ),
    "eventBasedGateway": (
        f"An event-based gateway {LATER}",
        "Use one catch event inside a sub-process with a boundary timer for the time limit.",
    ),
    "complexGateway": ("A complex gateway is not supported.", "Use exclusive and parallel gateways."),
    "intermediateThrowEvent": (
        f"An intermediate throw event {LATER}",
        "Use a service task with a handler that does it; an empty event can be removed.",
    ),
    "transaction": (f"A transaction {LATER}", "Use an embedded sub-process with error boundary events."),
    "adHocSubProcess": (f"An ad-hoc sub-process {LATER}", "Use an embedded sub-process with drawn flows."),
    "multiInstanceLoopCharacteristics": (
        f"Multi-instance {LATER}",
        "Draw a loop with an exclusive gateway, or let one handler work through the list.",
    ),
    "standardLoopCharacteristics": (
        "A loop marker is not supported.",
        "Draw the loop: an exclusive gateway with a flow back to the activity.",
    ),
    "timeCycle": (
        f"A repeating timer {LATER}",
        "Use a duration, and draw a flow back to the event if it has to repeat.",
    ),
    "signalEventDefinition": (f"A signal event {LATER}", "Use a message event."),
    "linkEventDefinition": (
        "A link event is not supported: what follows it would never run.",
        "Draw a sequence flow to the place where the link leads.",
    ),
    "conditionalEventDefinition": (f"A conditional event {LATER}", "Use a message event or a timer, then a gateway."),
    "escalationEventDefinition": (f"An escalation event {LATER}", "Use an error refused by a handler, or a message."),
    "compensateEventDefinition": (f"A compensation event {LATER}", "Draw the steps that take the work back."),
    "cancelEventDefinition": (f"A cancel event {LATER}", "Use an error boundary event on a sub-process."),
    "terminateEventDefinition": (
        f"A terminate end event {LATER}",
        "Let every branch run to its own end event, or join the branches before the end.",
    ),
    "dataObject": (
        "A data object holds nothing here.",
        "Use process variables; a text annotation can tell the reader.",
    ),
    "dataObjectReference": (
        "A data object holds nothing here.",
        "Use process variables; a text annotation can tell the reader.",
    ),
    "dataStoreReference": ("A data store holds nothing here.", "Use a text annotation to tell the reader."),
    "dataStore": ("A data store holds nothing here.", "Delete it."),
    "ioSpecification": (
        "This specification is not read.",
        "Use the input and output mappings of the modeler.",
    ),
    "dataInputAssociation": ("A data association is not read.", "Use input mappings."),
    "dataOutputAssociation": ("A data association is not read.", "Use output mappings."),
    "potentialOwner": (
        "A potential owner is not read.",
        "Use the assignee or the candidate groups.",
    ),
    "import": ("An import is not followed.", "Put all that the process needs into this one file."),
}

# (element, what it holds) -> (reason, remedy); goes before the table above
REFUSED_WITHIN: dict[tuple[str, str], tuple[str, str]] = {
    ("startEvent", "messageEventDefinition"): (
        f"A message start event {LATER}",
        "Use an empty start event and start the process over the API.",
    ),
    ("startEvent", "timerEventDefinition"): (
        f"A timer start event {LATER}",
        "Use an empty start event and start the process over the API.",
    ),
    ("endEvent", "errorEventDefinition"): (
        f"An error end event {LATER}",
        "End with an empty end event after the steps that deal with the failure; handlers refuse with error codes.",
    ),
    ("endEvent", "messageEventDefinition"): (
        f"A message end event {LATER}",
        "Send the message from a service task before an empty end event.",
    ),
    ("boundaryEvent", "messageEventDefinition"): (
        f"A message boundary event {LATER}",
        "Wait for the message in an intermediate catch event after the activity or on a parallel branch.",
    ),
}

REFUSED_EXTENSIONS: dict[str, tuple[str, str]] = {
    "executionListeners": (f"An execution listener {LATER}", "Use a service task before or after the element."),
    "taskListeners": (f"A task listener {LATER}", "Use a service task before or after the element."),
    "loopCharacteristics": REFUSED_ELEMENTS["multiInstanceLoopCharacteristics"],
    "calledElement": REFUSED_ELEMENTS["callActivity"],
    "userTaskForm": (f"A form inside the diagram {LATER}", "Store the form apart and name it by its id."),
    "taskSchedule": (f"A due date or follow-up date {LATER}", "Use a boundary timer on the user task."),
    "priorityDefinition": (f"A task priority {LATER}", "Leave the priority empty."),
    "linkedResources": (f"A linked resource {LATER}", "Give the handler what it needs as an input."),
    "publishMessage": (f"Sending a message from an event {LATER}", "Use a service task with the handler that sends."),
    "conditionalFilter": REFUSED_ELEMENTS["conditionalEventDefinition"],
    "adHoc": REFUSED_ELEMENTS["adHocSubProcess"],
}

# (element, extension) -> (reason, remedy); goes before the table above
REFUSED_EXTENSIONS_WITHIN: dict[tuple[str, str], tuple[str, str]] = {
    ("businessRuleTask", "taskDefinition"): (
        "A business rule task runs no handler.",
        "Choose the implementation 'DMN decision' in the modeler, or change it to a service task.",
    ),
    ("scriptTask", "taskDefinition"): ("A script task runs no handler.", "Change it to a service task."),
    ("userTask", "taskDefinition"): ("A user task runs no handler.", "Change it to a service task."),
    ("serviceTask", "script"): ("A service task evaluates no expression.", "Change it to a script task."),
    ("startEvent", "ioMapping"): (
        f"An output mapping on a start event {LATER}",
        "Pass the variables as they are named in the process, or use a script task after the start.",
    ),
    ("endEvent", "ioMapping"): (f"A mapping on an end event {LATER}", "Use a script task before the end."),
}

# (element, attribute) -> (reason, remedy)
REFUSED_ATTRIBUTES: dict[tuple[str, str], tuple[str, str]] = {
    ("subProcess", "triggeredByEvent"): (
        f"An event sub-process {LATER}",
        "Use boundary events on an embedded sub-process around the steps.",
    ),
    ("taskDefinition", "retries"): ("retries is not a whole number.", "Write a number, or leave it to the handler."),
    ("formDefinition", "bindingType"): (f"This binding of a form {LATER}", "Choose the binding 'latest'."),
    ("assignmentDefinition", "candidateUsers"): (f"Candidate users {LATER}", "Use candidate groups or an assignee."),
    ("definitions", "expressionLanguage"): (
        "Expressions are FEEL, always.",
        "Delete the attribute expressionLanguage.",
    ),
    ("conditionExpression", "language"): ("Expressions are FEEL, always.", "Delete this attribute."),
    ("property", "name"): (
        "No property of this name is known to Turnup.",
        "Names that start with 'turnup:' are its own; on a process there is turnup:variables.",
    ),
    ("serviceTask", "implementation"): (
        "The implementation of a service task is its handler.",
        "Choose a handler in the modeler (task definition type).",
    ),
    **{(task, "isForCompensation"): REFUSED_ELEMENTS["compensateEventDefinition"] for task in ACTIVITIES},
    **{
        (task, "default"): (
            "A default flow of an activity is not read.",
            "Let an exclusive gateway follow the activity, and choose its default flow.",
        )
        for task in ACTIVITIES
    },
}

CAMUNDA_7 = (
    "This is a Camunda 7 diagram.",
    "Choose Camunda 8 when you create the diagram in the modeler; its elements are the ones that Turnup reads.",
)
# namespace -> (reason, remedy)
REFUSED_NAMESPACES: dict[str, tuple[str, str]] = {
    "http://camunda.org/schema/1.0/bpmn": CAMUNDA_7,
    "http://activiti.org/bpmn": ("This is an Activiti diagram.", CAMUNDA_7[1]),
    "http://flowable.org/bpmn": ("This is a Flowable diagram.", CAMUNDA_7[1]),
    "http://spiffworkflow.org/bpmn/schema/1.0/core": (
        "This is a SpiffWorkflow diagram; its extensions may hold Python code.",
        CAMUNDA_7[1],
    ),
    ZEEBE: ("This setting of the modeler is not known here.", "Remove it in the modeler's properties panel."),
    MODELER: ("The diagram is not meant for Camunda 8.", CAMUNDA_7[1]),
}
