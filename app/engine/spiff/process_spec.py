"""The container of specs that SpiffWorkflow runs."""

from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec


class ProcessSpec(BpmnProcessSpec):
    """A process or sub-process; begins with its start event, and ends when nothing in it is open."""

    def __init__(self, name: str) -> None:
        WorkflowSpec.__init__(self, name=name)
        self.description = name
        self.data_objects: dict[str, Any] = {}
        self.data_stores: dict[str, Any] = {}
        self.correlation_keys: dict[str, Any] = {}
        self.io_specification = None
        self.bpmn_start_events: list[Any] = []
        self.listeners: list[Any] = []  # what stands by for its event sub-processes
