"""Billing: what the customer pays for, from when."""

from __future__ import annotations

from typing import Any

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.http import segment
from handlers.clients.network import ask, done_unless

RETRY = Backoff(first_s=1, factor=2, tries=4)
BILLING = System("billing")


@handles("billing.start", retry=RETRY, timeout_s=4, system=BILLING)
def start_billing(work: Work, order_id: str, customer: str, speed_mbps: int) -> Done | Refused:
    """Start to bill the service.

    Outputs  subscription_id (str)
    Raises   SystemSilent if billing does not answer in time (tried again)
             Refused("account_blocked") if the customer's account takes no new subscription
             Refused("already_billed") if another step has started billing for this order
    Repeats  safe: billing honours the key
    """
    body = {"order_id": order_id, "customer": customer, "speed_mbps": speed_mbps}
    answer = ask(work, "POST", "/billing/subscriptions", body=body)
    return answer if isinstance(answer, Refused) else Done(subscription_id=answer["subscription_id"])


@start_billing.verify
def is_billed(work: Work, order_id: str) -> Done | None:
    found = ask(work, "GET", f"/billing/subscriptions/{segment(order_id)}")
    return None if isinstance(found, Refused) else Done(subscription_id=found["subscription_id"])


@start_billing.undo
def stop_billing(work: Work, order_id: str) -> Done | Refused:
    answer = ask(work, "DELETE", f"/billing/subscriptions/{segment(order_id)}")
    if isinstance(answer, Refused) and answer.code != "not_billed":
        return answer
    return Done()


@handles("billing.change", retry=RETRY, timeout_s=4, system=BILLING)
def change_plan(work: Work, subscription_id: str, speed_mbps: int) -> Done | Refused:
    """Bill the subscription for another speed from now on.

    Outputs  speed_before (int)
    Raises   SystemSilent if billing does not answer in time (tried again)
             Refused("not_billed") if there is no such subscription, or it is closed
             Refused("suspended") if it is suspended: resume it first
    Repeats  safe: billing honours the key
    """
    answer = ask(work, "POST", "/billing/changes", body={"subscription_id": subscription_id, "speed_mbps": speed_mbps})
    return answer if isinstance(answer, Refused) else Done(speed_before=answer["speed_before"] or speed_mbps)


@change_plan.verify
def is_changed(work: Work, subscription_id: str, speed_mbps: int) -> Done | None:
    found = _read(work, subscription_id)
    if isinstance(found, Refused) or found["speed_mbps"] != speed_mbps:
        return None
    return Done(speed_before=found["speed_before"] or speed_mbps)


@change_plan.undo
def change_back(work: Work, subscription_id: str, outputs: dict[str, Any]) -> Done | Refused:
    body = {"subscription_id": subscription_id, "speed_mbps": outputs["speed_before"]}
    return done_unless(ask(work, "POST", "/billing/changes", body=body), "not_billed")


@handles("billing.suspend", retry=RETRY, timeout_s=4, system=BILLING)
def suspend(work: Work, subscription_id: str, reason: str) -> Done | Refused:
    """Bill nothing for the subscription until it is resumed.

    Raises   SystemSilent if billing does not answer in time (tried again)
             Refused("not_billed") if there is no such subscription, or it is closed
    Repeats  safe: what is suspended stays so
    """
    answer = ask(work, "POST", "/billing/suspensions", body={"subscription_id": subscription_id, "reason": reason})
    return answer if isinstance(answer, Refused) else Done()


@suspend.verify
def is_suspended(work: Work, subscription_id: str) -> Done | None:
    return _in_state(work, subscription_id, "suspended")


@suspend.undo
def take_suspension_back(work: Work, subscription_id: str) -> Done | Refused:
    return done_unless(
        ask(work, "POST", "/billing/resumptions", body={"subscription_id": subscription_id}), "not_billed"
    )


@handles("billing.resume", retry=RETRY, timeout_s=4, system=BILLING)
def resume(work: Work, subscription_id: str) -> Done | Refused:
    """Bill a suspended subscription again.

    Raises   SystemSilent if billing does not answer in time (tried again)
             Refused("not_billed") if there is no such subscription, or it is closed
    Repeats  safe: what is billed stays so
    """
    answer = ask(work, "POST", "/billing/resumptions", body={"subscription_id": subscription_id})
    return answer if isinstance(answer, Refused) else Done()


@resume.verify
def is_resumed(work: Work, subscription_id: str) -> Done | None:
    return _in_state(work, subscription_id, "active")


@resume.undo
def suspend_again(work: Work, subscription_id: str) -> Done | Refused:
    body = {"subscription_id": subscription_id, "reason": "as before"}
    return done_unless(ask(work, "POST", "/billing/suspensions", body=body), "not_billed")


@handles("billing.stop", retry=RETRY, timeout_s=4, system=BILLING)
def stop(work: Work, subscription_id: str) -> Done | Refused:
    """Close the subscription: the customer pays for it no more.

    Raises   SystemSilent if billing does not answer in time (tried again)
             Refused("not_billed") if there is no such subscription
    Repeats  safe: what is closed stays so
    """
    answer = ask(work, "POST", "/billing/closures", body={"subscription_id": subscription_id})
    return answer if isinstance(answer, Refused) else Done()


@stop.verify
def is_stopped(work: Work, subscription_id: str) -> Done | None:
    return _in_state(work, subscription_id, "closed")


@stop.undo
def reopen(work: Work, subscription_id: str) -> Done | Refused:
    return done_unless(
        ask(work, "POST", "/billing/reopenings", body={"subscription_id": subscription_id}), "not_billed"
    )


@handles("billing.open_dunning", retry=RETRY, timeout_s=4, system=BILLING)
def open_dunning(work: Work, order_id: str, account: str, owed_cents: int) -> Done | Refused:
    """Put the account into dunning: a payment is told from now on, as the message `payment_received` with its key.

    Raises   SystemSilent if billing does not answer in time (tried again)
             Refused("already_in_dunning") if it is in dunning for another sum
    Repeats  safe: billing honours the key
    Messages  payment_received for each payment
    """
    body = {"order_id": order_id, "account": account, "owed_cents": owed_cents}
    answer = ask(work, "POST", "/billing/dunning", body=body)
    return answer if isinstance(answer, Refused) else Done()


@open_dunning.verify
def is_in_dunning(work: Work, account: str, owed_cents: int) -> Done | None:
    found = ask(work, "GET", f"/billing/dunning/{segment(account)}")
    return None if isinstance(found, Refused) or found["opened_cents"] != owed_cents else Done()


@open_dunning.undo
def close_dunning(work: Work, account: str) -> Done | Refused:
    answer = ask(work, "DELETE", f"/billing/dunning/{segment(account)}")
    return answer if isinstance(answer, Refused) else Done()


@handles("billing.read_debt", retry=RETRY, timeout_s=4, system=BILLING)
def read_debt(work: Work, account: str) -> Done | Refused:
    """Read what the account still owes.

    Outputs  owed_cents (int): 0 if it is not in dunning
    Raises   SystemSilent if billing does not answer in time (tried again)
    Repeats  safe: it only reads
    """
    answer = ask(work, "GET", f"/billing/dunning/{segment(account)}")
    return answer if isinstance(answer, Refused) else Done(owed_cents=answer["owed_cents"])


def _read(work: Work, subscription_id: str) -> dict[str, Any] | Refused:
    return ask(work, "GET", "/billing/subscriptions", params={"subscription_id": subscription_id})


def _in_state(work: Work, subscription_id: str, state: str) -> Done | None:
    found = _read(work, subscription_id)
    return None if isinstance(found, Refused) or found["state"] != state else Done()
