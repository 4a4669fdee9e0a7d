"""The field force: appointments of technicians at customers' homes. What came of one is told by a message."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.http import segment
from handlers.clients.network import ask, done_unless

# The planner recalculates its routes for up to a minute.
RETRY = Backoff(first_s=2, factor=3, tries=4)
FIELD = System("field")


@handles("field.book", retry=RETRY, timeout_s=8, system=FIELD)
def book(work: Work, order_id: str, customer: str, address: str, wanted_on: date | None = None) -> Done | Refused:
    """Book a technician's visit at the customer's, on the day that is wanted or the first that is free.

    What comes of it is the message `visit_outcome` with the key `appointment_id`: its `visit_state` is done, no_access
    (nobody was at home) or rescheduled (the customer has moved it), with `technician` and `visit_at`.

    Outputs  appointment_id (str)
             visit_at (str): when, in ISO 8601
             technician (str)
    Raises   SystemSilent if the field force does not answer in time (tried again)
             Refused("no_slot") if nobody is free within two weeks
             Refused("address_unknown") if no house is found for the address
    Repeats  safe: the field force honours the key
    Messages  visit_outcome when the technician was there, or was not let in, or the customer has moved the visit
    """
    wanted = wanted_on.isoformat() if wanted_on else None
    body = {"order_id": order_id, "customer": customer, "address": address, "wanted_on": wanted}
    answer = ask(work, "POST", "/field/appointments", body=body)
    return answer if isinstance(answer, Refused) else _booked(answer)


@book.verify
def is_booked(work: Work, order_id: str, address: str) -> Done | None:
    found = ask(work, "GET", "/field/appointments", params={"order_id": order_id})
    if isinstance(found, Refused) or (found["state"], found["address"]) != ("booked", address.strip()):
        return None
    return _booked(found)


@book.undo
def take_booking_back(work: Work, outputs: dict[str, Any]) -> Done | Refused:
    return done_unless(ask(work, "DELETE", _appointment(outputs["appointment_id"])), "unknown_appointment")


@handles("field.reschedule", retry=RETRY, timeout_s=8, system=FIELD)
def reschedule(work: Work, order_id: str, appointment_id: str, wanted_on: date | None = None) -> Done | Refused:
    """Move a visit to the day that is wanted, or to the first that is free. It may have been tried before.

    Outputs  visit_at (str): when it is now
             visit_at_before (str)
    Raises   SystemSilent if the field force does not answer in time (tried again)
             Refused("appointment_closed") if it was cancelled
             Refused("unknown_appointment") if there is none
    Repeats  safe: the field force honours the key
    """
    body = {"order_id": order_id, "wanted_on": wanted_on.isoformat() if wanted_on else None}
    answer = ask(work, "POST", f"{_appointment(appointment_id)}/reschedule", body=body)
    if isinstance(answer, Refused):
        return answer
    return Done(visit_at=answer["visit_at"], visit_at_before=answer["visit_at_before"])


@reschedule.verify
def is_rescheduled(work: Work, appointment_id: str, wanted_on: date | None) -> Done | None:
    found = ask(work, "GET", _appointment(appointment_id))
    if isinstance(found, Refused) or wanted_on is None or not found["visit_at"].startswith(wanted_on.isoformat()):
        return None  # without a day there is nothing to tell it by; the key makes the repeat safe
    return Done(visit_at=found["visit_at"], visit_at_before=found["visit_at_before"])


@reschedule.undo
def move_back(work: Work, order_id: str, appointment_id: str, outputs: dict[str, Any]) -> Done | Refused:
    body = {"order_id": order_id, "wanted_on": outputs["visit_at_before"][:10]}
    return done_unless(
        ask(work, "POST", f"{_appointment(appointment_id)}/reschedule", body=body), "unknown_appointment"
    )


@handles("field.cancel", retry=RETRY, timeout_s=8, system=FIELD)
def cancel(work: Work, order_id: str, appointment_id: str) -> Done | Refused:
    """Cancel a visit.

    Raises   SystemSilent if the field force does not answer in time (tried again)
             Refused("unknown_appointment") if there is none
    Repeats  safe: what is cancelled stays so
    """
    answer = ask(work, "DELETE", _appointment(appointment_id))
    return answer if isinstance(answer, Refused) else Done()


@cancel.verify
def is_cancelled(work: Work, appointment_id: str) -> Done | None:
    found = ask(work, "GET", _appointment(appointment_id))
    return None if isinstance(found, Refused) or found["state"] != "cancelled" else Done()


@cancel.undo
def reinstate(work: Work, order_id: str, appointment_id: str) -> Done | Refused:
    body = {"order_id": order_id}
    return done_unless(ask(work, "POST", f"{_appointment(appointment_id)}/reinstate", body=body), "unknown_appointment")


def _appointment(appointment_id: str) -> str:
    return f"/field/appointments/{segment(appointment_id)}"


def _booked(found: dict[str, Any]) -> Done:
    return Done(**{name: found[name] for name in ("appointment_id", "visit_at", "technician")})
