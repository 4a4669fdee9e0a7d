"""The clearing house for numbers that change operators. It answers a request days later, by messages."""

from __future__ import annotations

from datetime import date

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.network import ask

# A public service with maintenance windows of minutes.
RETRY = Backoff(first_s=2, factor=3, tries=4)
PORTING = System("porting")


@handles("porting.request_port", retry=RETRY, timeout_s=8, system=PORTING)
def request_port(
    work: Work, order_id: str, number: str, donor: str, account: str, wanted_on: date | None = None
) -> Done | Refused:
    """Ask for a number to be ported in from the operator that has it. `account` is the customer's there.

    The answer is the message `porting_answer` with the key `port_id`: `porting_state` accepted with `port_date`, or
    rejected with `reject_code` and `reject_text`. On the day `number_ported` follows, with the same key.

    Outputs  port_id (str)
    Raises   SystemSilent if the clearing house does not answer in time (tried again)
             Refused("unknown_operator") if it knows no such operator
             Refused("not_portable") if the number is in no range that can be ported
    Repeats  safe: the clearing house honours the key
    Messages  porting_answer when the other operator has answered
              number_ported on the day
    """
    wanted = wanted_on.isoformat() if wanted_on else None
    body = {"order_id": order_id, "number": number, "donor": donor, "account": account, "wanted_on": wanted}
    answer = ask(work, "POST", "/porting/requests", body=body)
    return answer if isinstance(answer, Refused) else Done(port_id=answer["port_id"])


@request_port.verify
def is_requested(work: Work, order_id: str, number: str, donor: str, account: str) -> Done | None:
    found = ask(work, "GET", "/porting/requests", params={"order_id": order_id})
    if isinstance(found, Refused) or found["state"] in ("rejected", "cancelled"):
        return None
    same = (found["number"], found["donor"], found["account"]) == (number, donor, account)
    return Done(port_id=found["port_id"]) if same else None


@request_port.undo
def take_request_back(work: Work, order_id: str) -> Done | Refused:
    answer = ask(work, "POST", "/porting/cancellations", body={"order_id": order_id})
    return answer if isinstance(answer, Refused) and answer.code != "unknown_request" else Done()


@handles("porting.cancel_port", retry=RETRY, timeout_s=8, system=PORTING)
def cancel_port(work: Work, order_id: str) -> Done | Refused:
    """Take the order's last porting request back, if it has one that is still open.

    There is no undo: a number is asked for anew by another request, with another day.

    Outputs  cancelled (bool): False if there was nothing to take back
    Raises   SystemSilent if the clearing house does not answer in time (tried again)
             Refused("too_late") if the number has been ported
    Repeats  safe: the clearing house honours the key
    """
    answer = ask(work, "POST", "/porting/cancellations", body={"order_id": order_id})
    if isinstance(answer, Refused):
        return Done(cancelled=False) if answer.code == "unknown_request" else answer
    return Done(cancelled=answer["state"] == "cancelled")


@cancel_port.verify
def is_cancelled(work: Work, order_id: str) -> Done | None:
    found = ask(work, "GET", "/porting/requests", params={"order_id": order_id})
    return None if isinstance(found, Refused) or found["state"] != "cancelled" else Done(cancelled=True)
