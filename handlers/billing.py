"""Billing: what the customer pays for, from when."""

from __future__ import annotations

from typing import Any

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.http import call, segment

BILLING = System("billing")


@handles("billing.start", retry=Backoff(first_s=1, factor=2, tries=4), timeout_s=4, system=BILLING)
def start_billing(work: Work, order_id: str, customer: str, speed_mbps: int) -> Done | Refused:
    """Start to bill the service.

    Outputs  subscription_id (str)
    Raises   SystemSilent if billing does not answer in time (tried again)
             Refused("account_blocked") if the customer's account takes no new subscription
             Refused("already_billed") if another step has started billing for this order
    Repeats  safe: billing honours the key
    """
    body = {"order_id": order_id, "customer": customer, "speed_mbps": speed_mbps}
    answer = _ask(work, "POST", "/billing/subscriptions", body=body)
    return answer if isinstance(answer, Refused) else Done(subscription_id=answer["subscription_id"])


@start_billing.verify
def is_billed(work: Work, order_id: str) -> Done | None:
    found = _ask(work, "GET", f"/billing/subscriptions/{segment(order_id)}")
    return None if isinstance(found, Refused) else Done(subscription_id=found["subscription_id"])


@start_billing.undo
def stop_billing(work: Work, order_id: str) -> Done | Refused:
    answer = _ask(work, "DELETE", f"/billing/subscriptions/{segment(order_id)}")
    if isinstance(answer, Refused) and answer.code != "not_billed":
        return answer
    return Done()


def _ask(work: Work, method: str, path: str, **parts: Any) -> dict[str, Any] | Refused:
    return call(work, work.setting("lab_url"), method, path, **parts)
