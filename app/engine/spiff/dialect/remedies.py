"""What an author reads when the dialect refuses something: why, and what to draw instead."""

from __future__ import annotations

from app.engine.diagram import ACTIVITIES
from app.engine.spiff.dialect.table import CAMUNDA, MODELER, ZEEBE
from app.engine.spiff.dialect.triggers import EVENT_SUB, INNER_START, NONE

LATER = "is not supported yet."
UNKNOWN = "Delete it in the modeler; docs/authoring.md lists what a diagram may hold."

CONVERT = "Convert it to Camunda 8: import it on the modeler's page, or run `turnup convert` on the file."
DRAW_ANEW = "Draw it as a Camunda 8 diagram, whose elements are the ones that Turnup reads."
CAMUNDA_7 = ("This is a Camunda 7 diagram.", CONVERT)
DATA_OBJECT = ("A data object holds nothing here.", "Use process variables; a text annotation can tell the reader.")

# element -> (reason, remedy)
REFUSED_ELEMENTS: dict[str, tuple[str, str]] = {
    "script": (
        "No code in diagrams: a script task holds a FEEL expression, not a program.",
        "Choose the implementation 'FEEL expression' in the modeler, or use a service task with a handler.",
    ),
    "complexGateway": ("A complex gateway is not supported.", "Use exclusive and parallel gateways."),
    "adHocSubProcess": (f"An ad-hoc sub-process {LATER}", "Use an embedded sub-process with drawn flows."),
    "standardLoopCharacteristics": (
        "A loop marker is not supported.",
        "Draw the loop: an exclusive gateway with a flow back to the activity. For a list, use multi-instance.",
    ),
    "loopCardinality": (
        "A number of rounds is not read: multi-instance goes through a list.",
        "Give it an input collection, such as =for i in 1..3 return i.",
    ),
    **dict.fromkeys(
        ("loopDataInputRef", "loopDataOutputRef", "inputDataItem", "outputDataItem"),
        ("This part of a multi-instance is not read.", "Use the modeler's input and output collection."),
    ),
    "complexBehaviorDefinition": ("This part of a multi-instance is not read.", "Use a completion condition."),
    "multipleEventDefinition": ("An event with several triggers is not supported.", "Use an event-based gateway."),
    "dataObject": DATA_OBJECT,
    "dataObjectReference": DATA_OBJECT,
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
    ("linkEventDefinition", "source"): ("Links meet by their names.", "Delete it, and give both links the same name."),
    ("linkEventDefinition", "target"): ("Links meet by their names.", "Delete it, and give both links the same name."),
}

# kind of trigger -> (reason, remedy), wherever it stands wrongly
MANY_TRIGGERS: dict[str, tuple[str, str]] = {
    "error": (
        "An error is caught at the border of an activity or by an event sub-process, and thrown by an end.",
        "Use an error boundary event, or an error end event.",
    ),
    "escalation": (
        "An escalation is caught at the border of a sub-process or by an event sub-process.",
        "Use an escalation boundary event, or an event sub-process.",
    ),
    "cancel": (
        "A transaction is cancelled by an end event inside it and caught at its border.",
        "Use a cancel end event in a transaction, and a cancel boundary event on it.",
    ),
    "compensate": (
        "Compensation is thrown by an intermediate event or an end event, and caught at the border of an activity.",
        "Use a compensation boundary event with an association to the activity that takes the work back.",
    ),
    "terminate": ("Only an end event terminates.", "Use a terminate end event."),
    "link": ("A link leads from a throw event to a catch event.", "Use intermediate events, or a sequence flow."),
}

# (place, kind of trigger) -> (reason, remedy); goes before the table above
REFUSED_TRIGGERS: dict[tuple[str, str], tuple[str, str]] = {
    ("startEvent", "conditional"): (
        "A condition starts no process: there are no variables yet that it could look at.",
        "Start the process with a message or a signal from where the condition comes true.",
    ),
    **{
        ("startEvent", kind): (
            "This starts no process, only an event sub-process.",
            "Put it into an event sub-process, or start with a message, a timer or a signal.",
        )
        for kind in ("error", "escalation")
    },
    (EVENT_SUB, NONE): (
        "Nothing would ever start this event sub-process.",
        "Give its start event a trigger: a message, a timer, a signal, an error, an escalation or a condition.",
    ),
    (EVENT_SUB, "compensate"): (
        "A compensation event sub-process is not supported.",
        "Attach compensation boundary events to the activities, each with the activity that takes its work back.",
    ),
    **{
        (INNER_START, kind): (
            "The start of an embedded sub-process has no trigger: it starts when its token comes.",
            "Remove the trigger, or put a catch event after the start; for what may happen meanwhile, use an event"
            " sub-process.",
        )
        for kind in ("message", "timer", "signal", "error", "escalation", "conditional", "compensate")
    },
    ("endEvent", "link"): ("A link is no end.", "Use an intermediate throw event."),
    ("endEvent", "timer"): ("An end waits for nothing.", "Put a timer catch event before the end."),
    ("endEvent", "conditional"): ("An end waits for nothing.", "Put a conditional catch event before the end."),
    ("intermediateThrowEvent", "error"): (
        "After an error nothing goes on, so it is thrown by an end event.",
        "Use an error end event, or an escalation if the flow has to go on.",
    ),
}

# (place, time) -> (reason, remedy)
REFUSED_TIMES: dict[tuple[str, str], tuple[str, str]] = {
    ("startEvent", "timeDuration"): (
        "There is nothing that a process could start a duration after.",
        "Use a date, or a cycle such as R/P1D.",
    ),
    (EVENT_SUB, "timeCycle"): ("What interrupts happens once.", "Use a duration or a date, or do not interrupt."),
    ("intermediateCatchEvent", "timeCycle"): (
        "This event happens once.",
        "Use a duration, and draw a flow back to the event if it has to repeat.",
    ),
    ("boundaryEvent", "timeCycle"): ("What interrupts happens once.", "Use a duration or a date, or do not interrupt."),
}

REFUSED_EXTENSIONS: dict[str, tuple[str, str]] = {
    "executionListeners": (f"An execution listener {LATER}", "Use a service task before or after the element."),
    "taskListeners": (f"A task listener {LATER}", "Use a service task before or after the element."),
    "priorityDefinition": (f"A task priority {LATER}", "Leave the priority empty."),
    "linkedResources": (f"A linked resource {LATER}", "Give the handler what it needs as an input."),
    "publishMessage": (
        "A message to be published is read only on send tasks and inside the definition of a message event.",
        "Move it into the bpmn:messageEventDefinition of the event.",
    ),
    "conditionalFilter": (
        f"A filter of a condition {LATER}",
        "Delete it: the condition is looked at after every change.",
    ),
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
    **{
        (task, "ioMapping"): ("Nothing is done here that could take or give variables.", "Use a script task.")
        for task in ("task", "manualTask")
    },
    **{
        (task, "taskDefinition"): ("This task runs no handler.", "Change it to a service task.")
        for task in ("task", "manualTask", "receiveTask", "callActivity")
    },
    **{
        (activity, "loopCharacteristics"): (
            "The collections of a multi-instance belong into its multi-instance marker.",
            "Choose the multi-instance marker in the modeler, then its input collection.",
        )
        for activity in ACTIVITIES
    },
}

# (element, attribute) -> (reason, remedy)
REFUSED_ATTRIBUTES: dict[tuple[str, str], tuple[str, str]] = {
    ("transaction", "triggeredByEvent"): ("A transaction is started by its token.", "Delete triggeredByEvent."),
    ("transaction", "method"): ("A transaction is cancelled by compensation.", "Delete its method."),
    ("callActivity", "calledElement"): (CAMUNDA_7[0], "Name the process in the modeler, as zeebe:calledElement."),
    ("calledElement", "processIdExpression"): (
        "This older way to compute the process is not read.",
        "Write the expression into the process id, with '=' before it.",
    ),
    ("calledElement", "bindingType"): ("This binding is not known.", "Choose latest, deployment or version tag."),
    ("calledElement", "businessId"): (f"A business id of its own {LATER}", "The called process has the caller's key."),
    ("receiveTask", "instantiate"): ("A receive task starts no process.", "Use a message start event."),
    ("eventBasedGateway", "instantiate"): ("A gateway starts no process.", "Use several start events."),
    ("eventBasedGateway", "eventGatewayType"): ("Only the first event can win.", "Use a parallel gateway for all."),
    ("compensateEventDefinition", "waitForCompletion"): (
        "A compensation event always waits until all is taken back.",
        "Delete waitForCompletion; put the event on a parallel branch if nothing has to wait for it.",
    ),
    ("multiInstanceLoopCharacteristics", "behavior"): ("Events of iterations are not read.", "Delete behavior."),
    ("taskDefinition", "retries"): ("retries is not a whole number.", "Write a number, or leave it to the handler."),
    ("calledDecision", "bindingType"): (f"This binding of a decision {LATER}", "Choose the binding 'latest'."),
    ("calledDecision", "versionTag"): (f"A version tag of a decision {LATER}", "Choose the binding 'latest'."),
    ("formDefinition", "bindingType"): ("This binding is not known.", "Choose latest, deployment or version tag."),
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
    **{
        (task, "default"): (
            "A default flow of an activity is not read.",
            "Let an exclusive gateway follow the activity, and choose its default flow.",
        )
        for task in ACTIVITIES
    },
}

# namespace -> (reason, remedy)
REFUSED_NAMESPACES: dict[str, tuple[str, str]] = {
    CAMUNDA: CAMUNDA_7,
    "http://activiti.org/bpmn": ("This is an Activiti diagram.", DRAW_ANEW),
    "http://flowable.org/bpmn": ("This is a Flowable diagram.", DRAW_ANEW),
    "http://spiffworkflow.org/bpmn/schema/1.0/core": (
        "This is a SpiffWorkflow diagram; its extensions may hold Python code.",
        CONVERT,
    ),
    ZEEBE: ("This setting of the modeler is not known here.", "Remove it in the modeler's properties panel."),
    MODELER: ("The diagram is not meant for Camunda 8.", CONVERT),
}
