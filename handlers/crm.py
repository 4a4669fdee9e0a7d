"""The CRM: it tells customers what happens to their orders, and remembers what they were told."""

from __future__ import annotations

from typing import Any, Literal

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.http import segment
from handlers.clients.network import ask


@handles("crm.notify", retry=Backoff(first_s=2, factor=3, tries=4), timeout_s=8, system=System("crm"))
def notify(
    work: Work,
    order_id: str,
    customer: str,
    template: str,
    channel: Literal["email", "sms", "letter"] = "email",
    facts: dict[str, Any] | None = None,
) -> Done | Refused:
    """Tell the customer something by a template of the CRM. `facts` are put into its text.

    Outputs  notification_id (str)
    Raises   SystemSilent if the CRM does not answer in time (tried again)
             Refused("no_contact") if the customer has no verified address for the channel
             Refused("unknown_template") if the CRM has no such template
    Repeats  safe: the CRM honours the key
    """
    body = {"order_id": order_id, "customer": customer, "template": template, "channel": channel, "facts": facts or {}}
    answer = ask(work, "POST", "/crm/notifications", body=body)
    return answer if isinstance(answer, Refused) else Done(notification_id=answer["notification_id"])


@notify.verify
def is_told(work: Work, order_id: str) -> Done | None:
    found = ask(work, "GET", "/crm/notifications", params={"order_id": order_id, "key": work.key})
    if isinstance(found, Refused):
        return None
    told = [each["notification_id"] for each in found["notifications"] if not each["voided"]]
    return Done(notification_id=told[0]) if told else None


@notify.undo
def tell_to_disregard(work: Work, outputs: dict[str, Any]) -> Done | Refused:
    answer = ask(work, "DELETE", f"/crm/notifications/{segment(outputs['notification_id'])}")
    return answer if isinstance(answer, Refused) and answer.code != "unknown_notification" else Done()
