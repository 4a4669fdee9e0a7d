"""The unmodified SpiffWorkflow wheel, in memory, with its best settings: CPU milliseconds per instance on stdout."""

import copy
import logging
import sys
import time
from typing import Any

from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition

from tests.benchmarks.flows import ORDER, stock


class Handlers(PythonScriptEngine):  # type: ignore[misc]  # Spiff is untyped
    calls = 0

    def call_service(self, *_: Any, **__: Any) -> str:
        self.calls += 1
        return '{"result": "R-1"}'


def run(spec: Any, inner: Any, engine: Handlers) -> None:
    workflow = BpmnWorkflow(spec, inner, script_engine=engine)
    workflow.task_tree.data.update(copy.deepcopy(ORDER))
    workflow.do_engine_steps()
    workflow.send_event(BpmnEvent(MessageEventDefinition("port_ready", None, None, None), {"port": 7}))
    workflow.do_engine_steps()
    assert workflow.is_completed()


def main(instances: int) -> None:
    for name in ("spiff.task", "spiff.workflow", "spiff.data"):
        logging.getLogger(name).setLevel(logging.WARNING)  # without it, every log line's extras are built for nobody
    parser = SpiffBpmnParser()
    parser.add_bpmn_str(stock())
    spec, inner = parser.get_spec("fulfil"), parser.get_subprocess_specs("fulfil")
    engine = Handlers(TaskDataEnvironment())
    for _ in range(5):
        run(spec, inner, engine)
    engine.calls = 0
    began = time.process_time()
    for _ in range(instances):
        run(spec, inner, engine)
    spent = time.process_time() - began
    assert engine.calls == 8 * instances, engine.calls
    print(spent / instances * 1000)


if __name__ == "__main__":
    main(int(sys.argv[1]))
