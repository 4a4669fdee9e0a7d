"""The voice core: telephone numbers, and the SIP accounts that customers' routers register with."""

from __future__ import annotations

from typing import Any, Literal

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.http import segment
from handlers.clients.network import ask, done_unless

# An HSS fails over within seconds.
RETRY = Backoff(first_s=1, factor=2, tries=4)
VOICE = System("voice")


@handles("voice.reserve_number", retry=RETRY, timeout_s=4, system=VOICE)
def reserve_number(work: Work, order_id: str, area: str | None = None, number: str | None = None) -> Done | Refused:
    """Reserve a telephone number for the order: the one that is wanted, or any of an area.

    Outputs  number (str): in E.164, such as +442079460012
    Raises   SystemSilent if the voice core does not answer in time (tried again)
             Refused("number_taken") if the wanted number serves somebody else
             Refused("not_our_number") if the wanted number is none of the operator's
             Refused("no_free_number") if the area has none left
             Refused("unknown_area") if the operator has no numbers there
    Repeats  safe: the voice core honours the key, and an order's own number is no conflict
    """
    body = {"order_id": order_id, "area": area, "number": number}
    answer = ask(work, "POST", "/voice/reservations", body=body)
    return answer if isinstance(answer, Refused) else Done(number=answer["number"])


@reserve_number.verify
def is_reserved(work: Work, order_id: str, number: str | None) -> Done | None:
    found = ask(work, "GET", "/voice/reservations", params={"order_id": order_id})
    if isinstance(found, Refused) or number not in (None, found["number"]):
        return None
    return Done(number=found["number"])


@reserve_number.undo
def release_number(work: Work, outputs: dict[str, Any]) -> Done | Refused:
    answer = ask(work, "DELETE", f"/voice/reservations/{segment(outputs['number'])}")
    return done_unless(answer, "no_reservation")


@handles("voice.create_account", retry=RETRY, timeout_s=4, system=VOICE)
def create_account(
    work: Work, order_id: str, number: str, customer: str, channels: int = 2, ported: bool = False
) -> Done | Refused:
    """Give the number a SIP account. `ported` is a number of another operator, which needs no reservation.

    Outputs  sip_user (str): what the router registers as
    Raises   SystemSilent if the voice core does not answer in time (tried again)
             Refused("identity_exists") if the number has an account of another order on the HSS
             Refused("number_not_reserved") if the number is not the order's
    Repeats  safe: the voice core honours the key, and the order's own account is returned
    """
    body = {"order_id": order_id, "number": number, "customer": customer, "channels": channels, "ported": ported}
    answer = ask(work, "POST", "/voice/accounts", body=body)
    return answer if isinstance(answer, Refused) else Done(sip_user=answer["sip_user"])


@create_account.verify
def has_account(work: Work, order_id: str, number: str) -> Done | None:
    found = ask(work, "GET", "/voice/accounts", params={"number": number})
    if isinstance(found, Refused) or found["order_id"] != order_id:
        return None
    return Done(sip_user=found["sip_user"])


@create_account.undo
def remove_account(work: Work, outputs: dict[str, Any]) -> Done | Refused:
    return done_unless(ask(work, "DELETE", _account(outputs["sip_user"])), "unknown_account")


@handles("voice.read_account", retry=RETRY, timeout_s=4, system=VOICE)
def read_account(work: Work, sip_user: str) -> Done | Refused:
    """Read a SIP account back from the HSS and the registrar.

    Outputs  registered (bool): whether the customer's router is registered
             registrar (str): the registrar's last answer
             barring (str): none, outgoing or all
             channels (int)
    Raises   SystemSilent if the voice core does not answer in time (tried again)
             Refused("unknown_account") if the HSS has no such user
    Repeats  safe: it only reads
    """
    answer = ask(work, "GET", _account(sip_user))
    if isinstance(answer, Refused):
        return answer
    return Done(**{name: answer[name] for name in ("registered", "registrar", "barring", "channels")})


@handles("voice.modify_account", retry=RETRY, timeout_s=4, system=VOICE)
def modify_account(work: Work, sip_user: str, channels: int) -> Done | Refused:
    """Change how many calls a SIP account carries at once.

    Outputs  channels_before (int)
    Raises   SystemSilent if the voice core does not answer in time (tried again)
             Refused("unknown_account") if the HSS has no such user
             Refused("unable_to_comply") for less than 1 or more than 30
    Repeats  safe: the voice core honours the key
    """
    answer = ask(work, "PATCH", _account(sip_user), body={"channels": channels})
    return answer if isinstance(answer, Refused) else Done(channels_before=answer["channels_before"])


@modify_account.verify
def is_modified(work: Work, sip_user: str, channels: int) -> Done | None:
    found = ask(work, "GET", _account(sip_user))
    if isinstance(found, Refused) or found["channels"] != channels:
        return None
    return Done(channels_before=found["channels_before"])


@modify_account.undo
def modify_back(work: Work, sip_user: str, outputs: dict[str, Any]) -> Done | Refused:
    answer = ask(work, "PATCH", _account(sip_user), body={"channels": outputs["channels_before"]})
    return done_unless(answer, "unknown_account")


@handles("voice.suspend_account", retry=RETRY, timeout_s=4, system=VOICE)
def suspend_account(work: Work, sip_user: str, barring: Literal["outgoing", "all"] = "all") -> Done | Refused:
    """Bar a SIP account: `outgoing` leaves the customer reachable, and emergency calls always go through.

    Raises   SystemSilent if the voice core does not answer in time (tried again)
             Refused("unknown_account") if the HSS has no such user
    Repeats  safe: an account that is barred like this stays so
    """
    answer = ask(work, "POST", f"{_account(sip_user)}/suspend", body={"barring": barring})
    return answer if isinstance(answer, Refused) else Done()


@suspend_account.verify
def is_suspended(work: Work, sip_user: str, barring: str) -> Done | None:
    found = ask(work, "GET", _account(sip_user))
    return None if isinstance(found, Refused) or found["barring"] != barring else Done()


@suspend_account.undo
def unbar(work: Work, sip_user: str) -> Done | Refused:
    return done_unless(ask(work, "POST", f"{_account(sip_user)}/resume"), "unknown_account")


@handles("voice.resume_account", retry=RETRY, timeout_s=4, system=VOICE)
def resume_account(work: Work, sip_user: str) -> Done | Refused:
    """Lift every barring from a SIP account.

    Outputs  barring_before (str): none, outgoing or all
    Raises   SystemSilent if the voice core does not answer in time (tried again)
             Refused("unknown_account") if the HSS has no such user
    Repeats  safe: an account without barring stays so
    """
    answer = ask(work, "POST", f"{_account(sip_user)}/resume")
    return answer if isinstance(answer, Refused) else Done(barring_before=answer["barring_before"])


@resume_account.verify
def is_resumed(work: Work, sip_user: str) -> Done | None:
    found = ask(work, "GET", _account(sip_user))
    if isinstance(found, Refused) or found["barring"] != "none":
        return None
    return Done(barring_before=found["barring_before"])


@resume_account.undo
def bar_again(work: Work, sip_user: str, outputs: dict[str, Any]) -> Done | Refused:
    if outputs["barring_before"] == "none":
        return Done()
    answer = ask(work, "POST", f"{_account(sip_user)}/suspend", body={"barring": outputs["barring_before"]})
    return done_unless(answer, "unknown_account")


@handles("voice.delete_account", retry=RETRY, timeout_s=4, system=VOICE)
def delete_account(work: Work, sip_user: str) -> Done | Refused:
    """Delete a SIP account. Its number rests for a while before somebody else has it.

    Raises   SystemSilent if the voice core does not answer in time (tried again)
    Repeats  safe: an account that is gone stays so
    """
    return done_unless(ask(work, "DELETE", _account(sip_user)), "unknown_account")


@delete_account.verify
def is_deleted(work: Work, sip_user: str) -> Done | None:
    found = ask(work, "GET", _account(sip_user))
    return Done() if isinstance(found, Refused) and found.code == "unknown_account" else None


@delete_account.undo
def restore_account(work: Work, sip_user: str) -> Done | Refused:
    return done_unless(ask(work, "POST", f"{_account(sip_user)}/restore"), "unknown_account")


def _account(sip_user: str) -> str:
    return f"/voice/accounts/{segment(sip_user)}"
