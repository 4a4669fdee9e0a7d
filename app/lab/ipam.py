"""IP address management: a pool of shared addresses and a small one of public, static ones for each town.

Its commands honour keys. Refusals are problem documents (RFC 9457) beside the code.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from ipaddress import ip_network

from app.lab.homes import DYNAMIC, HOMES, STATIC, town_of
from app.lab.operations import Answer, Arguments, Failure, Operation, Scene

TABLES = """
CREATE TABLE IF NOT EXISTS pool (
    name TEXT PRIMARY KEY, network TEXT NOT NULL, given INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lease (
    ip_address TEXT PRIMARY KEY, pool TEXT NOT NULL, owner TEXT NOT NULL, state TEXT NOT NULL
    CHECK (state IN ('assigned', 'released')));
CREATE INDEX IF NOT EXISTS lease_owner ON lease (owner);
"""


def _problem(status: int, slug: str, title: str, when: str) -> Failure:
    detail: dict[str, str | int] = {
        "type": f"https://ipam.example.net/problems/{slug}",
        "title": title.partition(":")[0],
    }
    return Failure(status, title, when, detail=detail)


FAILURES = {
    "unknown_pool": _problem(404, "unknown-pool", "No such pool: {pool}", "an order for a town without addresses"),
    "pool_exhausted": _problem(
        409,
        "pool-exhausted",
        "No address left: {pool} is used up",
        "more was sold than planned; somebody adds a network",
    ),
    "unknown_address": _problem(
        404, "unknown-address", "Not managed here: {ip_address}", "an address of another operator"
    ),
    "not_assigned": _problem(
        404, "not-assigned", "Not assigned: {owner} has no address of {pool}", "it was released before"
    ),
}


def seed(connection: sqlite3.Connection) -> None:
    lived_in: dict[str, int] = dict.fromkeys(DYNAMIC, 0)
    for home in HOMES:
        lived_in[town_of(home.olt)] += 1
    rows = [(f"{town}-dynamic", network, lived_in[town]) for town, network in DYNAMIC.items()]
    rows += [(f"{town}-static", network, 0) for town, network in STATIC.items()]
    connection.executemany("INSERT INTO pool VALUES (?, ?, ?)", rows)
    connection.executemany(
        "INSERT INTO lease VALUES (?, ?, ?, 'assigned')",
        [(home.ip_address, f"{town_of(home.olt)}-dynamic", home.order_id) for home in HOMES],
    )


def subject(connection: sqlite3.Connection, arguments: Arguments) -> Mapping[str, str]:
    """The pool of an address, so that a fault of the pool meets what is done to it too."""
    if "ip_address" not in arguments:
        return {}
    row = connection.execute("SELECT pool FROM lease WHERE ip_address = ?", (str(arguments["ip_address"]),)).fetchone()
    return {"pool": row["pool"]} if row else {}


def assign(scene: Scene, arguments: Arguments) -> Answer:
    """The owner's address of this pool, or the next that is free."""
    pool, owner = arguments["pool"], arguments["owner"]
    found = scene.one("SELECT * FROM pool WHERE name = ?", pool)
    if found is None:
        raise scene.no("unknown_pool")
    if yours := _assigned(scene, pool, owner):
        return Answer(dict(yours))
    network = ip_network(found["network"])
    if found["given"] < network.num_addresses - 2:
        ip_address = str(network[found["given"] + 1])
        scene.connection.execute("UPDATE pool SET given = given + 1 WHERE name = ?", (pool,))
    elif old := scene.one("SELECT ip_address FROM lease WHERE pool = ? AND state = 'released'", pool):
        ip_address = old["ip_address"]
    else:
        raise scene.no("pool_exhausted")
    scene.connection.execute("INSERT OR REPLACE INTO lease VALUES (?, ?, ?, 'assigned')", (ip_address, pool, owner))
    return Answer(dict(_lease(scene, ip_address)), effect=f"{ip_address} assigned to {owner}", status=201)


def find(scene: Scene, arguments: Arguments) -> Answer:
    found = _assigned(scene, arguments["pool"], arguments["owner"])
    if found is None:
        raise scene.no("not_assigned")
    return Answer(dict(found))


def read(scene: Scene, arguments: Arguments) -> Answer:
    return Answer(dict(_lease(scene, arguments["ip_address"])))


def release(scene: Scene, arguments: Arguments) -> Answer:
    lease = _lease(scene, arguments["ip_address"])
    if lease["state"] == "released":
        return Answer(dict(lease))
    return _set_state(scene, lease, "released")


def restore(scene: Scene, arguments: Arguments) -> Answer:
    """Gives an address that was released back to its owner, unless somebody else has it by now."""
    lease = _lease(scene, arguments["ip_address"])
    if lease["state"] == "assigned":
        if lease["owner"] != arguments["owner"]:
            raise scene.no("pool_exhausted", pool=lease["pool"])
        return Answer(dict(lease))
    return _set_state(scene, lease, "assigned")


def _assigned(scene: Scene, pool: str, owner: str) -> sqlite3.Row | None:
    return scene.one("SELECT * FROM lease WHERE pool = ? AND owner = ? AND state = 'assigned'", pool, owner)


def _lease(scene: Scene, ip_address: str) -> sqlite3.Row:
    found = scene.one("SELECT * FROM lease WHERE ip_address = ?", ip_address)
    if found is None:
        raise scene.no("unknown_address", ip_address=ip_address)
    return found


def _set_state(scene: Scene, lease: sqlite3.Row, state: str) -> Answer:
    ip_address = lease["ip_address"]
    scene.connection.execute("UPDATE lease SET state = ? WHERE ip_address = ?", (state, ip_address))
    return Answer(dict(_lease(scene, ip_address)), effect=f"{ip_address} {state}")


_ADDRESS = "/ipam/addresses/<ip_address>"
OPERATIONS = (
    Operation("ipam.assign", "POST", "/ipam/addresses", assign, {"pool": str, "owner": str}, keyed=True),
    Operation("ipam.find", "GET", "/ipam/pools/<pool>/<path:owner>", find),
    Operation("ipam.read", "GET", _ADDRESS, read),
    Operation("ipam.release", "DELETE", _ADDRESS, release, keyed=True),
    Operation("ipam.restore", "PUT", _ADDRESS, restore, {"owner": str}, keyed=True),
)
