"""The auto configuration server: it configures customers' routers (CPE)."""

from __future__ import annotations

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.http import call

ACS = System("acs")


@handles("acs.push_cpe_profile", retry=Backoff(first_s=1, factor=2, tries=4), timeout_s=4, system=ACS)
def push_cpe_profile(work: Work, serial: str, profile: str) -> Done | Refused:
    """Send the customer's router the profile of its product.

    Outputs  push_id (int)
    Raises   SystemSilent if the ACS does not answer in time (tried again)
             Refused("unknown_profile") if the ACS has no such profile
    Repeats  not safe to count on: the ACS knows no keys, so each attempt is another push. A push of the same profile
             changes nothing for the customer, which is why there is no verify.
    """
    body = {"serial": serial, "profile": profile}
    answer = call(work, work.setting("lab_url"), "POST", "/acs/pushes", body=body)
    return answer if isinstance(answer, Refused) else Done(push_id=answer["push_id"])
