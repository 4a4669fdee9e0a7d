"""OLTs: the nodes of the fibre access network, their ports, and the customers' ONTs on them."""

from __future__ import annotations

from typing import Any

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.http import segment
from handlers.clients.network import ask, done_unless

# A node answers in well under a second or is restarting, which takes it a few.
RETRY = Backoff(first_s=1, factor=2, tries=4)
OLT = System("olt={olt}")
LINE = ("olt", "port", "serial", "speed_mbps", "line_profile")


@handles("olt.check_port", retry=RETRY, timeout_s=4, system=OLT)
def check_port(work: Work, olt: str, port: str, serial: str) -> Done | Refused:
    """Look whether the port can serve this ONT.

    Outputs  port_state (str): free (for this ONT), held, taken or faulty
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("unknown_port") if the node has no such port
    Repeats  safe: it only reads
    """
    answer = ask(work, "GET", f"/access/ports/{segment(olt)}/{segment(port)}", params={"serial": serial})
    return answer if isinstance(answer, Refused) else Done(port_state=answer["state"])


@handles("olt.find_free_port", retry=RETRY, timeout_s=4, system=OLT)
def find_free_port(work: Work, olt: str, serial: str, port: str | None = None) -> Done | Refused:
    """Find another port on the node and hold it for this ONT. `port` is the one that could not be had.

    Outputs  port (str): the port that is now held
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("no_free_port") if the node is full
             Refused("unknown_olt") if there is no such node
    Repeats  safe: the node honours the key and answers with the port it held before
    """
    answer = ask(work, "POST", "/access/holds", body={"olt": olt, "serial": serial, "instead_of": port})
    return answer if isinstance(answer, Refused) else Done(port=answer["port"])


@find_free_port.verify
def is_found(work: Work, olt: str, serial: str, port: str | None) -> Done | None:
    found = ask(work, "GET", f"/access/holds/{segment(olt)}/{segment(serial)}")
    return None if isinstance(found, Refused) or found["port"] == port else Done(port=found["port"])


@find_free_port.undo
def give_up_found_port(work: Work, olt: str, serial: str) -> Done | Refused:
    return _release(work, olt, serial)


@handles("olt.reserve_port", retry=RETRY, timeout_s=4, system=OLT)
def reserve_port(work: Work, olt: str, port: str, serial: str) -> Done | Refused:
    """Hold the port that the order names for this ONT, so that no other order takes it meanwhile.

    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("port_taken") if another ONT has it, or it is held for one
             Refused("port_faulty") if the port is out of order
             Refused("unknown_port") if the node has no such port
             Refused("unknown_olt") if there is no such node
    Repeats  safe: a port that is held for this ONT stays so
    """
    answer = ask(work, "POST", "/access/holds", body={"olt": olt, "serial": serial, "port": port})
    return answer if isinstance(answer, Refused) else Done()


@reserve_port.verify
def is_reserved(work: Work, olt: str, port: str, serial: str) -> Done | None:
    found = ask(work, "GET", f"/access/holds/{segment(olt)}/{segment(serial)}")
    return None if isinstance(found, Refused) or found["port"] != port else Done()


@reserve_port.undo
def release_port(work: Work, olt: str, serial: str) -> Done | Refused:
    return _release(work, olt, serial)


@handles("olt.activate_ont", retry=RETRY, timeout_s=4, system=OLT)
def activate_ont(
    work: Work, olt: str, port: str, serial: str, speed_mbps: int, line_profile: str | None = None
) -> Done | Refused:
    """Put the customer's ONT in service on its port. Without a `line_profile` it gets the node's default.

    Outputs  ont_id (str)
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("port_taken") if another ONT holds the port (a BPMN error; uncaught, it falls out)
             Refused("port_faulty") if the port is out of order
             Refused("unknown_port") if the node has no such port
             Refused("unknown_serial") if no such ONT is seen on the fibre
             Refused("serial_in_use") if the ONT is active on another port
             Refused("unknown_line_profile") if the node has no such profile
             Refused("profile_too_slow") if the profile does not reach the speed
    Repeats  safe: an ONT already on the port is returned, not added twice
    Messages  ont_online when the ONT is seen for the first time, with its serial as the key
    """
    body = {"olt": olt, "port": port, "serial": serial, "speed_mbps": speed_mbps, "line_profile": line_profile}
    answer = ask(work, "POST", "/access/onts", body=body)
    return answer if isinstance(answer, Refused) else Done(ont_id=answer["ont_id"])


@activate_ont.verify
def is_active(work: Work, olt: str, port: str, serial: str) -> Done | None:
    found = _read(work, serial)
    if isinstance(found, Refused) or (found["olt"], found["port"]) != (olt, port):
        return None
    return Done(ont_id=found["ont_id"])


@activate_ont.undo
def deactivate_ont(work: Work, serial: str) -> Done | Refused:
    return done_unless(ask(work, "DELETE", f"/access/onts/{segment(serial)}"), "unknown_ont")


@handles("olt.modify_ont", retry=RETRY, timeout_s=4)
def modify_ont(work: Work, serial: str, speed_mbps: int, line_profile: str | None = None) -> Done | Refused:
    """Give a line in service another speed and profile.

    Outputs  line_before (dict): speed_mbps and line_profile, as they were
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("unknown_ont") if the ONT is not active
             Refused("unknown_line_profile") if the node has no such profile
             Refused("profile_too_slow") if the profile does not reach the speed
    Repeats  safe: the node honours the key
    """
    body = {"speed_mbps": speed_mbps, "line_profile": line_profile}
    answer = ask(work, "PATCH", f"/access/onts/{segment(serial)}", body=body)
    return answer if isinstance(answer, Refused) else Done(line_before=_before(answer))


@modify_ont.verify
def is_modified(work: Work, serial: str, speed_mbps: int, line_profile: str | None) -> Done | None:
    found = _read(work, serial)
    if isinstance(found, Refused) or (found["speed_mbps"], found["line_profile"]) != (speed_mbps, line_profile):
        return None
    return Done(line_before=_before(found))


@modify_ont.undo
def modify_back(work: Work, serial: str, outputs: dict[str, Any]) -> Done | Refused:
    return done_unless(
        ask(work, "PATCH", f"/access/onts/{segment(serial)}", body=outputs["line_before"]), "unknown_ont"
    )


@handles("olt.replace_ont", retry=RETRY, timeout_s=4)
def replace_ont(work: Work, serial: str, new_serial: str) -> Done | Refused:
    """Let another ONT take over a line, with its port, speed and profile.

    Outputs  ont_id (str): of the new one
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("unknown_ont") if the old ONT is not active
             Refused("unknown_serial") if no such ONT is seen on the fibre
             Refused("serial_in_use") if the new ONT is active elsewhere
    Repeats  safe: the node honours the key
    Messages  ont_online when the new ONT is seen for the first time, with its serial as the key
    """
    answer = ask(work, "POST", f"/access/onts/{segment(serial)}/replacement", body={"new_serial": new_serial})
    return answer if isinstance(answer, Refused) else Done(ont_id=answer["ont_id"])


@replace_ont.verify
def is_replaced(work: Work, serial: str, new_serial: str) -> Done | None:
    if not isinstance(_read(work, serial), Refused):
        return None
    found = _read(work, new_serial)
    return None if isinstance(found, Refused) else Done(ont_id=found["ont_id"])


@replace_ont.undo
def put_old_ont_back(work: Work, serial: str, new_serial: str) -> Done | Refused:
    answer = ask(work, "POST", f"/access/onts/{segment(new_serial)}/replacement", body={"new_serial": serial})
    return done_unless(answer, "unknown_ont")


@handles("olt.remove_ont", retry=RETRY, timeout_s=4)
def remove_ont(work: Work, serial: str) -> Done | Refused:
    """Take a customer's ONT out of service; its port is free again.

    Outputs  removed_line (dict): olt, port, serial, speed_mbps and line_profile, as they were
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("unknown_ont") if the ONT is not active
    Repeats  safe: the node honours the key and answers as before
    """
    answer = ask(work, "DELETE", f"/access/onts/{segment(serial)}")
    return answer if isinstance(answer, Refused) else Done(removed_line={name: answer[name] for name in LINE})


@remove_ont.undo
def put_back_in_service(work: Work, outputs: dict[str, Any]) -> Done | Refused:
    answer = ask(work, "POST", "/access/onts", body=outputs["removed_line"])
    return answer if isinstance(answer, Refused) else Done()


@handles("olt.read_ont", retry=RETRY, timeout_s=4)
def read_ont(work: Work, serial: str) -> Done | Refused:
    """Read a line back from the network.

    Outputs  line (dict): olt, port, serial, speed_mbps and line_profile
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("unknown_ont") if the ONT is not active
    Repeats  safe: it only reads
    """
    answer = _read(work, serial)
    return answer if isinstance(answer, Refused) else Done(line={name: answer[name] for name in LINE})


@handles("olt.read_optical_level", retry=RETRY, timeout_s=4)
def read_optical_level(work: Work, serial: str) -> Done | Refused:
    """Measure how much light arrives from the customer's ONT.

    Outputs  level_dbm (float): -8 to -27 is good
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("unknown_ont") if the ONT is not active
    Repeats  safe: it only reads
    """
    answer = ask(work, "GET", f"/access/onts/{segment(serial)}/optical-level")
    return answer if isinstance(answer, Refused) else Done(level_dbm=answer["level_dbm"])


def _read(work: Work, serial: str) -> dict[str, Any] | Refused:
    return ask(work, "GET", f"/access/onts/{segment(serial)}")


def _release(work: Work, olt: str, serial: str) -> Done | Refused:
    return done_unless(ask(work, "DELETE", f"/access/holds/{segment(olt)}/{segment(serial)}"), "not_held")


def _before(line: dict[str, Any]) -> dict[str, Any]:
    """What the line had before its last change; what it has if it was never changed."""
    if line["speed_before"] is None:
        return {name: line[name] for name in ("speed_mbps", "line_profile")}
    return {"speed_mbps": line["speed_before"], "line_profile": line["line_profile_before"]}
