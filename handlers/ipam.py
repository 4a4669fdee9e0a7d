"""IP address management: every town has a pool of shared addresses, and a small one of static ones."""

from __future__ import annotations

from typing import Any

from app.handling import Backoff, Done, Refused, System, Work, handles
from handlers.clients.http import segment
from handlers.clients.network import ask

RETRY = Backoff(first_s=1, factor=2, tries=4)
IPAM = System("ipam")


@handles("ipam.reserve_address", retry=RETRY, timeout_s=4, system=IPAM)
def reserve_address(work: Work, order_id: str, olt: str) -> Done | Refused:
    """Reserve an address for the order, from the pool of the OLT's town.

    Outputs  ip_address (str)
    Raises   SystemSilent if IPAM does not answer in time (tried again)
             Refused("pool_exhausted") if the town has none left
             Refused("unknown_pool") if the town has no pool
    Repeats  safe: an order has one address, however often it asks
    """
    answer = _assign(work, _pool(olt, "dynamic"), order_id)
    return answer if isinstance(answer, Refused) else Done(ip_address=answer["ip_address"])


@reserve_address.verify
def is_address_reserved(work: Work, order_id: str, olt: str) -> Done | None:
    found = _find(work, _pool(olt, "dynamic"), order_id)
    return None if isinstance(found, Refused) else Done(ip_address=found["ip_address"])


@reserve_address.undo
def give_address_back(work: Work, outputs: dict[str, Any]) -> Done | Refused:
    return _release(work, outputs["ip_address"])


@handles("ipam.assign_static", retry=RETRY, timeout_s=4, system=IPAM)
def assign_static(work: Work, subscriber: str, olt: str) -> Done | Refused:
    """Assign the subscriber a static address of the OLT's town.

    Outputs  static_address (str)
    Raises   SystemSilent if IPAM does not answer in time (tried again)
             Refused("pool_exhausted") if the town has none left
             Refused("unknown_pool") if the town has no pool
    Repeats  safe: a subscriber has one static address, however often it is asked for
    """
    answer = _assign(work, _pool(olt, "static"), subscriber)
    return answer if isinstance(answer, Refused) else Done(static_address=answer["ip_address"])


@assign_static.verify
def is_static_assigned(work: Work, subscriber: str, olt: str) -> Done | None:
    found = _find(work, _pool(olt, "static"), subscriber)
    return None if isinstance(found, Refused) else Done(static_address=found["ip_address"])


@assign_static.undo
def give_static_back(work: Work, outputs: dict[str, Any]) -> Done | Refused:
    return _release(work, outputs["static_address"])


@handles("ipam.release_address", retry=RETRY, timeout_s=4, system=IPAM)
def release_address(work: Work, ip_address: str) -> Done | Refused:
    """Give an address back to its pool.

    Outputs  released_from (str): who had it
    Raises   SystemSilent if IPAM does not answer in time (tried again)
             Refused("unknown_address") if IPAM does not manage it
    Repeats  safe: what is released stays so
    """
    answer = ask(work, "DELETE", _address(ip_address))
    return answer if isinstance(answer, Refused) else Done(released_from=answer["owner"])


@release_address.verify
def is_released(work: Work, ip_address: str) -> Done | None:
    found = ask(work, "GET", _address(ip_address))
    return None if isinstance(found, Refused) or found["state"] != "released" else Done(released_from=found["owner"])


@release_address.undo
def assign_again(work: Work, ip_address: str, outputs: dict[str, Any]) -> Done | Refused:
    answer = ask(work, "PUT", _address(ip_address), body={"owner": outputs["released_from"]})
    return answer if isinstance(answer, Refused) else Done()


@handles("ipam.read_address", retry=RETRY, timeout_s=4, system=IPAM)
def read_address(work: Work, ip_address: str) -> Done | Refused:
    """Read whose an address is.

    Outputs  lease (dict): ip_address, pool, owner and state (assigned or released)
    Raises   SystemSilent if IPAM does not answer in time (tried again)
             Refused("unknown_address") if IPAM does not manage it
    Repeats  safe: it only reads
    """
    answer = ask(work, "GET", _address(ip_address))
    return answer if isinstance(answer, Refused) else Done(lease=answer)


def _pool(olt: str, kind: str) -> str:
    """An OLT's name begins with its town, such as lon-3."""
    return f"{olt.partition('-')[0]}-{kind}"


def _assign(work: Work, pool: str, owner: str) -> dict[str, Any] | Refused:
    return ask(work, "POST", "/ipam/addresses", body={"pool": pool, "owner": owner})


def _find(work: Work, pool: str, owner: str) -> dict[str, Any] | Refused:
    return ask(work, "GET", f"/ipam/pools/{segment(pool)}/{segment(owner)}")


def _release(work: Work, ip_address: str) -> Done | Refused:
    answer = ask(work, "DELETE", _address(ip_address))
    return answer if isinstance(answer, Refused) and answer.code != "unknown_address" else Done()


def _address(ip_address: str) -> str:
    return f"/ipam/addresses/{segment(ip_address)}"
