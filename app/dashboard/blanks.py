"""What a new file has in it, for each kind that is drawn here."""

from __future__ import annotations

import json
from typing import Final

from app.core.ids import new_id
from app.drafts.reading import DraftKind

_PLATFORM: Final = (
    'xmlns:modeler="http://camunda.org/schema/modeler/1.0" exporter="Turnup" exporterVersion="1" '
    'modeler:executionPlatform="Camunda Cloud" modeler:executionPlatformVersion="8.7.0"'
)
_PROCESS: Final = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
    xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
    {platform} id="definitions_{own}" targetNamespace="http://bpmn.io/schema/bpmn">
  <bpmn:process id="process_{own}" name="New process" isExecutable="true">
    <bpmn:startEvent id="begin" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram">
    <bpmndi:BPMNPlane id="plane" bpmnElement="process_{own}">
      <bpmndi:BPMNShape id="begin_shape" bpmnElement="begin">
        <dc:Bounds x="180" y="160" width="36" height="36" />
      </bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""
_DECISIONS: Final = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/"
    xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" id="decisions_{own}" name="New decisions" namespace="turnup">
  <decision id="decision_{own}" name="New decision">
    <decisionTable id="table_{own}" hitPolicy="UNIQUE">
      <input id="input_1" label="Input">
        <inputExpression id="expression_1" typeRef="string"><text>input</text></inputExpression>
      </input>
      <output id="output_1" label="Output" name="output" typeRef="string" />
    </decisionTable>
  </decision>
  <dmndi:DMNDI>
    <dmndi:DMNDiagram id="diagram">
      <dmndi:DMNShape id="shape_1" dmnElementRef="decision_{own}">
        <dc:Bounds height="80" width="180" x="160" y="100" />
      </dmndi:DMNShape>
    </dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>
"""


def blank(kind: DraftKind) -> str:
    """A file with next to nothing in it, under an id that no other has."""
    own = new_id()[-7:]
    if kind is DraftKind.FORM:
        return json.dumps({"type": "default", "id": f"form_{own}", "schemaVersion": 18, "components": []}, indent=2)
    text = _PROCESS if kind is DraftKind.PROCESS else _DECISIONS
    return text.replace("{own}", own).replace("{platform}", _PLATFORM)
