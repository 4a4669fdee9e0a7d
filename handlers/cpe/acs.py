"""The auto configuration server: it configures customers' routers (CPE) over TR-069.

It knows no keys, so a step that may be a repeat looks first whether its work is done. What the ACS cannot pass on to a
router at once it refuses with the router's fault.
"""

from __future__ import annotations

from typing import Any

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.http import segment
from handlers.clients.network import ask, done_unless

RETRY = Backoff(first_s=1, factor=2, tries=4)
ACS = System("acs")
DEVICE = ("serial", "model", "profile", "parameters", "reboots", "state")


@handles("acs.push_cpe_profile", retry=RETRY, timeout_s=4, system=ACS)
def push_cpe_profile(work: Work, serial: str, profile: str) -> Done | Refused:
    """Send the customer's router the profile of its product.

    Outputs  push_id (int)
    Raises   SystemSilent if the ACS does not answer in time (tried again)
             Refused("unknown_profile") if the ACS has no such profile
             Refused("device_offline") if the router is switched off
             Refused("cwmp_9002") if the router is busy: again in some minutes
    Repeats  not safe to count on: the ACS knows no keys, so each attempt may be another push. A push of the same
             profile changes nothing for the customer.
    """
    answer = _push(work, serial, profile)
    return answer if isinstance(answer, Refused) else Done(push_id=answer["push_id"])


@push_cpe_profile.verify
def has_profile(work: Work, serial: str, profile: str) -> Done | None:
    found = _read(work, serial)
    if isinstance(found, Refused) or found["profile"] != profile or found["last_push"] is None:
        return None
    return Done(push_id=found["last_push"])


@push_cpe_profile.undo
def push_profile_before(work: Work, serial: str) -> Done | Refused:
    """A router that had none before keeps the one it has: it goes back to the shelf with its line."""
    found = _read(work, serial)
    if isinstance(found, Refused) or found["profile_before"] is None:
        return Done()
    answer = _push(work, serial, found["profile_before"])
    return answer if isinstance(answer, Refused) else Done()


@handles("acs.set_parameters", retry=RETRY, timeout_s=4, system=ACS)
def set_parameters(work: Work, serial: str, parameters: dict[str, Any]) -> Done | Refused:
    """Set parameters of the customer's router, by their TR-181 names; null gives one its factory value again.

    Outputs  parameters_before (dict): what those had before
    Raises   SystemSilent if the ACS does not answer in time (tried again)
             Refused("unknown_device") if the router has never informed
             Refused("device_offline") if the router is switched off
             Refused("cwmp_9001") if the router's firmware does not allow it
             Refused("cwmp_9002") if the router is busy: again in some minutes
             Refused("cwmp_9004") if the router's memory is full until it is restarted
             Refused("cwmp_9005") if the router has no such parameter
             Refused("cwmp_9007") if a value does not fit
    Repeats  safe: what is set twice is set
    """
    answer = ask(work, "POST", f"{_device(serial)}/parameters", body={"parameters": parameters})
    return answer if isinstance(answer, Refused) else Done(parameters_before=answer["before"])


@set_parameters.verify
def are_set(work: Work, serial: str, parameters: dict[str, Any]) -> Done | None:
    found = _read(work, serial)
    if isinstance(found, Refused) or any(found["parameters"].get(name) != value for name, value in parameters.items()):
        return None
    before = found["parameters_before"]
    return Done(parameters_before=before) if before.keys() == parameters.keys() else None


@set_parameters.undo
def set_parameters_back(work: Work, serial: str, outputs: dict[str, Any]) -> Done | Refused:
    body = {"parameters": outputs["parameters_before"]}
    return done_unless(ask(work, "POST", f"{_device(serial)}/parameters", body=body), "unknown_device")


@handles("acs.reboot", retry=RETRY, timeout_s=4, system=ACS)
def reboot(work: Work, serial: str) -> Done | Refused:
    """Restart the customer's router. There is nothing to take back, and no way to tell one restart from another.

    Outputs  reboots (int): how often it was restarted so far
    Raises   SystemSilent if the ACS does not answer in time (tried again)
             Refused("unknown_device") if the router has never informed
             Refused("device_offline") if the router is switched off
             Refused("cwmp_9001") if the router's firmware does not allow it
             Refused("cwmp_9002") if the router is busy: again in some minutes
    Repeats  each attempt may be another restart of a minute
    """
    answer = ask(work, "POST", f"{_device(serial)}/reboots")
    return answer if isinstance(answer, Refused) else Done(reboots=answer["reboots"])


@handles("acs.swap_device", retry=RETRY, timeout_s=4, system=ACS)
def swap_device(work: Work, serial: str, new_serial: str) -> Done | Refused:
    """Let another router take over the profile and the parameters of the customer's.

    Raises   SystemSilent if the ACS does not answer in time (tried again)
             Refused("unknown_device") if the old router has never informed
             Refused("device_exists") if the new router serves another customer
             Refused("device_offline") if the new router is switched off
             Refused("cwmp_9002") if the new router is busy: again in some minutes
             Refused("cwmp_9004") if the new router's memory is full until it is restarted
    Repeats  safe: what was swapped is found swapped
    """
    answer = ask(work, "POST", f"{_device(serial)}/replacement", body={"new_serial": new_serial})
    return answer if isinstance(answer, Refused) else Done()


@swap_device.verify
def is_swapped(work: Work, serial: str, new_serial: str) -> Done | None:
    if not isinstance(_read(work, serial), Refused) or isinstance(_read(work, new_serial), Refused):
        return None
    return Done()


@swap_device.undo
def swap_back(work: Work, serial: str, new_serial: str) -> Done | Refused:
    answer = ask(work, "POST", f"{_device(new_serial)}/replacement", body={"new_serial": serial})
    return done_unless(answer, "unknown_device")


@handles("acs.read_device", retry=RETRY, timeout_s=4, system=ACS)
def read_device(work: Work, serial: str) -> Done | Refused:
    """Read how the customer's router is configured.

    Outputs  device (dict): serial, model, profile, parameters, reboots and state
    Raises   SystemSilent if the ACS does not answer in time (tried again)
             Refused("unknown_device") if the router has never informed
    Repeats  safe: it only reads
    """
    answer = _read(work, serial)
    return answer if isinstance(answer, Refused) else Done(device={name: answer[name] for name in DEVICE})


def _push(work: Work, serial: str, profile: str) -> dict[str, Any] | Refused:
    return ask(work, "POST", "/acs/pushes", body={"serial": serial, "profile": profile})


def _read(work: Work, serial: str) -> dict[str, Any] | Refused:
    return ask(work, "GET", _device(serial))


def _device(serial: str) -> str:
    return f"/acs/devices/{segment(serial)}"
