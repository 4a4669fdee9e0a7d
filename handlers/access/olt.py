"""OLTs: the nodes of the fibre access network, their ports, and the customers' ONTs on them."""

from __future__ import annotations

from typing import Any

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.http import call, segment

# A node answers in well under a second or is restarting, which takes it a few.
RETRY = Backoff(first_s=1, factor=2, tries=4)
OLT = System("olt={olt}")


@handles("olt.check_port", retry=RETRY, timeout_s=4, system=OLT)
def check_port(work: Work, olt: str, port: str, serial: str) -> Done | Refused:
    """Look whether the port can serve this ONT.

    Outputs  port_state (str): free (for this ONT), held, taken or faulty
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("unknown_port") if the node has no such port
    Repeats  safe: it only reads
    """
    answer = _ask(work, "GET", f"/access/ports/{segment(olt)}/{segment(port)}", params={"serial": serial})
    return answer if isinstance(answer, Refused) else Done(port_state=answer["state"])


@handles("olt.find_free_port", retry=RETRY, timeout_s=4, system=OLT)
def find_free_port(work: Work, olt: str, serial: str, port: str | None = None) -> Done | Refused:
    """Find another port on the node and hold it for this ONT. `port` is the one that could not be had.

    Outputs  port (str): the port that is now held
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("no_free_port") if the node is full
    Repeats  safe: the node honours the key and answers with the port it held before
    """
    answer = _ask(work, "POST", "/access/holds", body={"olt": olt, "serial": serial, "instead_of": port})
    return answer if isinstance(answer, Refused) else Done(port=answer["port"])


@handles("olt.activate_ont", retry=RETRY, timeout_s=4, system=OLT)
def activate_ont(work: Work, olt: str, port: str, serial: str, speed_mbps: int) -> Done | Refused:
    """Put the customer's ONT in service on its port.

    Outputs  ont_id (str)
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("port_taken") if another ONT holds the port (a BPMN error; uncaught, it falls out)
             Refused("port_faulty") if the port is out of order
             Refused("unknown_serial") if no such ONT is seen on the fibre
             Refused("serial_in_use") if the ONT is active on another port
    Repeats  safe: an ONT already on the port is returned, not added twice
    """
    body = {"olt": olt, "port": port, "serial": serial, "speed_mbps": speed_mbps}
    answer = _ask(work, "POST", "/access/onts", body=body)
    return answer if isinstance(answer, Refused) else Done(ont_id=answer["ont_id"])


@activate_ont.verify
def is_active(work: Work, olt: str, port: str, serial: str) -> Done | None:
    found = _ask(work, "GET", f"/access/onts/{segment(serial)}")
    if isinstance(found, Refused) or (found["olt"], found["port"]) != (olt, port):
        return None
    return Done(ont_id=found["ont_id"])


@activate_ont.undo
def deactivate_ont(work: Work, serial: str) -> Done | Refused:
    answer = _ask(work, "DELETE", f"/access/onts/{segment(serial)}")
    if isinstance(answer, Refused) and answer.code != "unknown_ont":
        return answer
    return Done()


@handles("olt.read_optical_level", retry=RETRY, timeout_s=4)
def read_optical_level(work: Work, serial: str) -> Done | Refused:
    """Measure how much light arrives from the customer's ONT.

    Outputs  level_dbm (float): -8 to -27 is good
    Raises   SystemSilent if the node does not answer in time (tried again)
             Refused("unknown_ont") if the ONT is not active
    Repeats  safe: it only reads
    """
    answer = _ask(work, "GET", f"/access/onts/{segment(serial)}/optical-level")
    return answer if isinstance(answer, Refused) else Done(level_dbm=answer["level_dbm"])


def _ask(work: Work, method: str, path: str, **parts: Any) -> dict[str, Any] | Refused:
    return call(work, work.setting("lab_url"), method, path, **parts)
