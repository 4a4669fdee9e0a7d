"""The flow that is measured, for stock SpiffWorkflow and for Turnup: the same elements in the same order.

Script, exclusive gateway, eight handler calls, parallel split and join, message catch, boundary timer, embedded
sub-process.
"""

from tests.factories.diagrams import Diagram

STEPS = "qualify reserve_fiber reserve_dsl config_olt config_cpe create_voice activate notify".split()
FLOWS = [
    ("start", "validate"),
    ("validate", "qualify"),
    ("qualify", "gw_tech"),
    ("reserve_fiber", "gw_merge"),
    ("reserve_dsl", "gw_merge"),
    ("gw_merge", "split"),
    ("split", "config_olt"),
    ("split", "config_cpe"),
    ("config_cpe", "create_voice"),
    ("config_olt", "join"),
    ("create_voice", "join"),
    ("join", "wait_port"),
    ("wait_port", "activate"),
    ("activate", "billing"),
    ("act_timeout", "end_timeout"),
    ("billing", "notify"),
    ("notify", "end"),
]
ORDER = {
    "order_id": "O-1",
    "customer": {"name": "A Customer", "addr": {"street": "1 High St", "city": "Town", "post": "AB1 2CD"}},
    "items": [
        {"id": n, "tech": "fiber", "speed": 1000, "chars": {"vlan": 100 + n, "ont": f"ONT{n:05}", "profile": "gold"}}
        for n in range(3)
    ],
}


def durable() -> bytes:
    """In Turnup's dialect."""
    diagram = Diagram("fulfil").start("start").script("validate", "=items[1].tech", "tech")
    diagram.xor("gw_tech", default="f_dsl").xor("gw_merge").parallel("split").parallel("join")
    for step in STEPS:
        diagram.service(step, "bench.do", inputs={"order_id": "=order_id"}, outputs={f"r_{step}": "=result"})
    diagram.boundary_timer("act_timeout", "activate", "PT1H").message("wait_port", "port_ready", "=order_id")
    inner = Diagram("inner").start("b_start").end("b_end").chain("b_start", "bill_open", "b_end")
    inner.service("bill_open", "bench.do", inputs={"order_id": "=order_id"}, outputs={"r_bill_open": "=result"})
    diagram.sub("billing", inner).end("end_timeout").end("end")
    for source, target in FLOWS:
        diagram.flow(source, target)
    diagram.flow("gw_tech", "reserve_fiber", '=tech = "fiber"').flow("gw_tech", "reserve_dsl", id="f_dsl")
    return diagram.xml()


def line(length: int) -> bytes:
    """That many service tasks in a row."""
    ids = [f"s{n}" for n in range(length)]
    diagram = Diagram(f"line{length}").start("start").end("end").chain("start", *ids, "end")
    for step in ids:
        diagram.service(step, "bench.do", inputs={"order_id": "=order_id"}, outputs={"r": "=result"})
    return diagram.xml()


def each(*, sequential: bool) -> bytes:
    """A service task for each of `items`."""
    diagram = Diagram("each").start().end().chain("s", "a", "e")
    diagram.service("a", "bench.echo", inputs={"value": "=item"})
    return diagram.each("=items", "item", collect=("results", "=result"), sequential=sequential).xml()


def sub_each() -> bytes:
    """For each of `items` a sub-process: two service tasks in branches, and one that joins what came of them."""
    inner = Diagram("inner").start("i_start").parallel("split").parallel("join").end("i_end")
    for step, value in (("a", "item"), ("b", "item + 1"), ("c", "r_a + r_b")):
        inner.service(step, "bench.echo", inputs={"value": f"={value}"}, outputs={f"r_{step}": "=result"})
    inner.chain("i_start", "split", "a", "join", "c", "i_end").chain("split", "b", "join")
    local = {f"r_{step}": "=null" for step in "abc"}
    diagram = Diagram("sub_each").start().end().chain("s", "sub", "e").sub("sub", inner, inputs=local)
    return diagram.each("=items", "item", collect=("results", "=r_c")).xml()


def rounds(count: int, *, waits: bool = False) -> bytes:
    """A loop with a service task, that many times; then, if it waits, a person's task."""
    diagram = Diagram("rounds").start().script("init", "=0", "n").xor("again").xor("done", "done_e").end()
    diagram.service("a", "bench.echo", inputs={"value": "=n + 1"}, outputs={"n": "=result"})
    diagram.chain("s", "init", "again", "a", "done").flow("done", "again", f"=n < {count}")
    if waits:
        return diagram.user("u").flow("done", "u", id="done_e").chain("u", "e").xml()
    return diagram.flow("done", "e", id="done_e").xml()


def branches(count: int) -> bytes:
    """A service task in each of so many parallel branches."""
    diagram = (
        Diagram("branches").start().parallel("split").parallel("join").end().chain("s", "split").chain("join", "e")
    )
    for number in range(count):
        diagram.service(f"a{number}", "bench.echo", {"value": f"={number}"}, {f"r.b{number}": "=result"})
        diagram.chain("split", f"a{number}", "join")
    return diagram.xml()


_HEAD = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t"
 xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core"><bpmn:message id="m_port" name="port_ready"/>
<bpmn:process id="fulfil" isExecutable="true"><bpmn:startEvent id="start"/>
<bpmn:scriptTask id="validate"><bpmn:script>tech = items[0]['tech']</bpmn:script></bpmn:scriptTask>
<bpmn:exclusiveGateway id="gw_tech" default="f_dsl"/><bpmn:exclusiveGateway id="gw_merge"/>
<bpmn:parallelGateway id="split"/><bpmn:parallelGateway id="join"/>
<bpmn:boundaryEvent id="act_timeout" attachedToRef="activate"><bpmn:timerEventDefinition>
<bpmn:timeDuration>"PT1H"</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
<bpmn:intermediateCatchEvent id="wait_port"><bpmn:messageEventDefinition messageRef="m_port"/>
</bpmn:intermediateCatchEvent><bpmn:endEvent id="end_timeout"/><bpmn:endEvent id="end"/>"""


def stock() -> bytes:
    """As stock SpiffWorkflow reads it, with Python in place of FEEL."""
    inner = "<bpmn:startEvent id='b_start'/><bpmn:endEvent id='b_end'/>" + _step("bill_open")
    inner += _flow("b_start", "bill_open") + _flow("bill_open", "b_end")
    body = "".join(_step(step) for step in STEPS) + f"<bpmn:subProcess id='billing'>{inner}</bpmn:subProcess>"
    body += "".join(_flow(source, target) for source, target in FLOWS)
    body += _flow("gw_tech", "reserve_fiber", "tech == 'fiber'") + _flow("gw_tech", "reserve_dsl", flow_id="f_dsl")
    return f"{_HEAD}{body}</bpmn:process></bpmn:definitions>".encode()


def _step(step: str) -> str:
    return f"""<bpmn:serviceTask id="{step}"><bpmn:extensionElements>
<spiffworkflow:serviceTaskOperator id="do" resultVariable="r_{step}"><spiffworkflow:parameters>
<spiffworkflow:parameter id="p_{step}" type="str" value="order_id"/></spiffworkflow:parameters>
</spiffworkflow:serviceTaskOperator></bpmn:extensionElements></bpmn:serviceTask>"""


def _flow(source: str, target: str, condition: str = "", flow_id: str = "") -> str:
    inside = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    name = flow_id or f"f_{source}_{target}"
    return f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inside}</bpmn:sequenceFlow>'
