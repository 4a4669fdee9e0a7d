"""The name servers: forward records of customers' hosts, reverse records of their addresses, ENUM of their numbers.

Updates are those of RFC 2136, and refusals carry its response codes. Commands honour keys.
"""

from __future__ import annotations

from ipaddress import ip_address

from app.lab.operations import Answer, Arguments, LabRefusal, Operation, Scene

TABLES = """
CREATE TABLE IF NOT EXISTS record (
    name TEXT NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL, ttl_s INTEGER NOT NULL,
    PRIMARY KEY (name, type)) WITHOUT ROWID;
"""
# What is this server's to change
ZONES = ("customers.example.net.", "in-addr.arpa.", "ip6.arpa.", "4.4.e164.arpa.")
TYPES = ("A", "AAAA", "PTR", "NAPTR")
TTL_S = 3600


def add_record(scene: Scene, arguments: Arguments) -> Answer:
    name, type_, value = _checked(arguments), arguments["type"], arguments["value"]
    if found := scene.one("SELECT * FROM record WHERE name = ? AND type = ?", name, type_):
        if found["value"] != value:
            raise LabRefusal(409, "record_exists", f"nsupdate: rcode YXRRSET {name} {type_} {found['value']}")
        return Answer(dict(found))
    scene.connection.execute("INSERT INTO record VALUES (?, ?, ?, ?)", (name, type_, value, TTL_S))
    body = {"name": name, "type": type_, "value": value, "ttl_s": TTL_S}
    return Answer(body, effect=f"{name} {TTL_S} IN {type_} {value}", status=201)


def read_record(scene: Scene, arguments: Arguments) -> Answer:
    name, type_ = _absolute(arguments["name"]), arguments["type"]
    found = scene.one("SELECT * FROM record WHERE name = ? AND type = ?", name, type_)
    if found is None:
        raise LabRefusal(404, "no_record", f"status: NXDOMAIN {name} {type_}")
    return Answer(dict(found))


def remove_record(scene: Scene, arguments: Arguments) -> Answer:
    name, type_ = _absolute(arguments["name"]), arguments["type"]
    if not scene.connection.execute("DELETE FROM record WHERE name = ? AND type = ?", (name, type_)).rowcount:
        raise LabRefusal(404, "no_record", f"nsupdate: rcode NXRRSET {name} {type_}")
    return Answer({"name": name, "type": type_}, effect=f"{name} {type_} removed")


def _checked(arguments: Arguments) -> str:
    name, type_, value = _absolute(arguments["name"]), arguments["type"], arguments["value"]
    if type_ not in TYPES:
        raise LabRefusal(422, "bad_record", f"nsupdate: rcode FORMERR type {type_}")
    if not name.endswith(tuple(f".{zone}" for zone in ZONES)):
        raise LabRefusal(422, "not_our_zone", f"nsupdate: rcode NOTZONE {name}")
    if type_ in ("A", "AAAA") and not _is_address(value, 4 if type_ == "A" else 6):
        raise LabRefusal(422, "bad_record", f"nsupdate: rcode FORMERR {name} {type_} {value}")
    return name


def _absolute(name: str) -> str:
    return name.lower() if name.endswith(".") else f"{name.lower()}."


def _is_address(text: str, version: int) -> bool:
    try:
        return ip_address(text).version == version
    except ValueError:
        return False


OPERATIONS = (
    Operation(
        "dns.add_record",
        "POST",
        "/dns/records",
        add_record,
        {"name": str, "type": str, "value": str},
        keyed=True,
    ),
    Operation("dns.read_record", "GET", "/dns/records/<name>/<type>", read_record),
    Operation("dns.remove_record", "DELETE", "/dns/records/<name>/<type>", remove_record, keyed=True),
)
