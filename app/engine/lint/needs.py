"""What a diagram needs of the house around it: processes that it calls, decisions that it asks, who catches what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from app.engine.diagram import Call, Diagram, Element, Finding
from app.engine.lint.asking import check_asked
from app.engine.lint.expressions import is_feel
from app.engine.lint.house import ANY_PROCESS, House, Offer, offer_of
from app.engine.lint.passing import check_passed
from app.engine.lint.sent import check_sent, meant
from app.engine.lint.thrown import Listeners, Thrown, thrown_out, uncaught
from app.handling.registry import Handler


def check_house(
    diagram: Diagram, house: House, known_handlers: Callable[[str], Handler | None], handler_types: Collection[str]
) -> Iterator[Finding]:
    """Warnings: what is missing may come with another deployment."""
    own = offer_of(diagram, known_handlers)
    yield from _check_thrown(diagram, own, house)
    yield from check_passed(diagram, house, known_handlers)
    yield from check_asked(diagram, house.asked_by, known_handlers)
    for element in diagram.elements.values():
        if element.call is not None and element.call.process and not is_feel(element.call.process):
            yield from _check_called(element, element.call, own, house)
        if element.decision is not None and element.decision[0].strip() and not is_feel(element.decision[0]):
            yield from _check_decided(element, element.decision[0], house)
        if element.linked_form is not None and not is_feel(element.linked_form.form_id):
            yield from _check_form(element, element.linked_form.form_id, house)
    yield from check_sent(diagram, own, house, known_handlers, handler_types)


def _check_thrown(diagram: Diagram, own: Offer, house: House) -> Iterator[Finding]:
    """What leaves this process and no caller catches; what leaves a process that it calls and is not caught here."""
    for element, thrown in thrown_out(diagram):
        processes, codes = (thrown.process_id, ANY_PROCESS), (thrown.code, None)
        ways = {Thrown(thrown.kind, process_id, code) for process_id in processes for code in codes}
        if ways.isdisjoint(own.catches) and ways.isdisjoint(house.whole.catches):
            yield uncaught(element, thrown)
    listeners = Listeners(diagram)
    for element in diagram.elements.values():
        for thrown in house.thrown_by(element.call.process) if element.call is not None else ():
            if not listeners.catch(element, thrown.kind, thrown.code or ""):
                yield uncaught(element, thrown)


def _check_called(element: Element, call: Call, own: Offer, house: House) -> Iterator[Finding]:
    process = call.process
    there = own if process in own.processes else house.whole
    if process in there.uncallable and call.binding != "versionTag":  # which may be of an older version
        message = f"Only events start the process '{process[:60]}', so this call would fall out."
        remedy = "Draw a start event without a trigger in it, or send it the message or signal that it waits for."
        yield Finding.warning(element, "no_plain_start", message, remedy)
    if process in there.processes:
        return
    message = f"There is no process '{process[:60]}' in the house, so this call would wait for somebody to deploy it."
    remedy = meant(process, house.whole.processes) or "Correct its id, or deploy its diagram too."
    yield Finding.warning(element, "unknown_process", message, remedy)


def _check_form(element: Element, form_id: str, house: House) -> Iterator[Finding]:
    if form_id in house.whole.forms:
        return
    message = f"There is no form '{form_id[:60]}' in the house, so this task would wait for somebody to deploy it."
    remedy = meant(form_id, house.whole.forms) or "Correct its id, or deploy its .form file too."
    yield Finding.warning(element, "unknown_form", message, remedy)


def _check_decided(element: Element, decision: str, house: House) -> Iterator[Finding]:
    if decision in house.whole.decisions:
        return
    message = f"There is no decision '{decision[:60]}' in the house."
    remedy = meant(decision, house.whole.decisions) or "Correct its id, or deploy its .dmn file too."
    yield Finding.warning(element, "unknown_decision", message, remedy)
