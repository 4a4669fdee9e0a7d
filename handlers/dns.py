"""The name servers: names of customers' hosts, of their addresses, and of their telephone numbers (ENUM)."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from app.handling import Backoff, Done, Refused, System, Work, handles
from app.handling.faults import BadParameter
from handlers.clients.http import segment
from handlers.clients.network import ask

RETRY = Backoff(first_s=1, factor=2, tries=4)
DNS = System("dns")


@handles("dns.add_forward", retry=RETRY, timeout_s=4, system=DNS)
def add_forward(work: Work, host: str, address: str) -> Done | Refused:
    """Let a host's name lead to its address (A or AAAA).

    Raises   SystemSilent if the name server does not answer in time (tried again)
             Refused("record_exists") if the name leads elsewhere
             Refused("not_our_zone") if the name is in no zone of ours
    Repeats  safe: the same record twice is one record
    """
    return _add(work, host, _kind(address), address)


@add_forward.verify
def has_forward(work: Work, host: str, address: str) -> Done | None:
    return _has(work, host, _kind(address), address)


@add_forward.undo
def take_forward_back(work: Work, host: str, address: str) -> Done | Refused:
    return _remove(work, host, _kind(address))


@handles("dns.add_reverse", retry=RETRY, timeout_s=4, system=DNS)
def add_reverse(work: Work, address: str, host: str) -> Done | Refused:
    """Let an address lead back to its host's name (PTR).

    Raises   SystemSilent if the name server does not answer in time (tried again)
             Refused("record_exists") if the address has another name
    Repeats  safe: the same record twice is one record
    """
    return _add(work, _reverse(address), "PTR", _absolute(host))


@add_reverse.verify
def has_reverse(work: Work, address: str, host: str) -> Done | None:
    return _has(work, _reverse(address), "PTR", _absolute(host))


@add_reverse.undo
def take_reverse_back(work: Work, address: str) -> Done | Refused:
    return _remove(work, _reverse(address), "PTR")


@handles("dns.remove_forward", retry=RETRY, timeout_s=4, system=DNS)
def remove_forward(work: Work, host: str, address: str) -> Done | Refused:
    """Take a host's name out of the zone.

    Raises   SystemSilent if the name server does not answer in time (tried again)
    Repeats  safe: what is not there is removed already
    """
    return _remove(work, host, _kind(address))


@remove_forward.verify
def has_no_forward(work: Work, host: str, address: str) -> Done | None:
    return None if _has(work, host, _kind(address), address) else Done()


@remove_forward.undo
def put_forward_back(work: Work, host: str, address: str) -> Done | Refused:
    return _add(work, host, _kind(address), address)


@handles("dns.remove_reverse", retry=RETRY, timeout_s=4, system=DNS)
def remove_reverse(work: Work, address: str, host: str) -> Done | Refused:
    """Take an address's name away. `host` is the name that it has.

    Raises   SystemSilent if the name server does not answer in time (tried again)
    Repeats  safe: what is not there is removed already
    """
    return _remove(work, _reverse(address), "PTR")


@remove_reverse.verify
def has_no_reverse(work: Work, address: str, host: str) -> Done | None:
    return None if _has(work, _reverse(address), "PTR", _absolute(host)) else Done()


@remove_reverse.undo
def put_reverse_back(work: Work, address: str, host: str) -> Done | Refused:
    return _add(work, _reverse(address), "PTR", _absolute(host))


@handles("dns.add_enum", retry=RETRY, timeout_s=4, system=DNS)
def add_enum(work: Work, number: str, sip_user: str) -> Done | Refused:
    """Let a telephone number lead to its SIP account (RFC 6116), so that calls to it stay on the network.

    Raises   SystemSilent if the name server does not answer in time (tried again)
             Refused("record_exists") if the number leads elsewhere
    Repeats  safe: the same record twice is one record
    """
    return _add(work, _enum(number), "NAPTR", _rule(sip_user))


@add_enum.verify
def has_enum(work: Work, number: str, sip_user: str) -> Done | None:
    return _has(work, _enum(number), "NAPTR", _rule(sip_user))


@add_enum.undo
def take_enum_back(work: Work, number: str) -> Done | Refused:
    return _remove(work, _enum(number), "NAPTR")


@handles("dns.remove_enum", retry=RETRY, timeout_s=4, system=DNS)
def remove_enum(work: Work, number: str, sip_user: str) -> Done | Refused:
    """Take a telephone number out of ENUM. `sip_user` is what it leads to.

    Raises   SystemSilent if the name server does not answer in time (tried again)
    Repeats  safe: what is not there is removed already
    """
    return _remove(work, _enum(number), "NAPTR")


@remove_enum.verify
def has_no_enum(work: Work, number: str, sip_user: str) -> Done | None:
    return None if _has(work, _enum(number), "NAPTR", _rule(sip_user)) else Done()


@remove_enum.undo
def put_enum_back(work: Work, number: str, sip_user: str) -> Done | Refused:
    return _add(work, _enum(number), "NAPTR", _rule(sip_user))


def _kind(address: str) -> str:
    return "A" if _parsed(address).version == 4 else "AAAA"


def _reverse(address: str) -> str:
    return f"{_parsed(address).reverse_pointer}."


def _parsed(address: str) -> Any:
    try:
        return ip_address(address)
    except ValueError as error:
        raise BadParameter(f"Expected an IP address, found {address!r}. Correct the input.") from error


def _absolute(host: str) -> str:
    return f"{host.rstrip('.').lower()}."


def _enum(number: str) -> str:
    digits = [each for each in number if each.isdigit()]
    return f"{'.'.join(reversed(digits))}.e164.arpa."


def _rule(sip_user: str) -> str:
    return f'100 10 "u" "E2U+sip" "!^.*$!sip:{sip_user}!" .'


def _add(work: Work, name: str, kind: str, value: str) -> Done | Refused:
    answer = ask(work, "POST", "/dns/records", body={"name": name, "type": kind, "value": value})
    return answer if isinstance(answer, Refused) else Done()


def _has(work: Work, name: str, kind: str, value: str) -> Done | None:
    found = ask(work, "GET", _record(name, kind))
    return None if isinstance(found, Refused) or found["value"] != value else Done()


def _remove(work: Work, name: str, kind: str) -> Done | Refused:
    answer = ask(work, "DELETE", _record(name, kind))
    return answer if isinstance(answer, Refused) and answer.code != "no_record" else Done()


def _record(name: str, kind: str) -> str:
    return f"/dns/records/{segment(_absolute(name))}/{segment(kind)}"
