"""What the access network is built of: OLTs, line cards, splitters in the street, ports, line profiles; and its words.

A port is `frame/slot/port` and serves one ONT: it is a leg of the splitter that the slot's line card feeds.
"""

from __future__ import annotations

import sqlite3

from app.lab.homes import HOME_PORTS, HOME_SLOT, HOMES, OLTS, town_of
from app.lab.operations import Failure

SLOTS = range(1, 9)
PORTS = range(1, 17)
FAULTY_PORT = 15  # in every slot, so that samples can count on them
TAKEN_PORT = 16
NEIGHBOUR = "LABX00000001"  # the ONT on every taken port

TABLES = """
CREATE TABLE IF NOT EXISTS port (
    olt TEXT NOT NULL, port TEXT NOT NULL, slot INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('free', 'held', 'taken', 'faulty')),
    serial TEXT, splitter TEXT NOT NULL,
    PRIMARY KEY (olt, port)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ont (
    serial TEXT PRIMARY KEY, ont_id TEXT NOT NULL, olt TEXT NOT NULL, port TEXT NOT NULL, speed_mbps INTEGER NOT NULL,
    line_profile TEXT, speed_before INTEGER, line_profile_before TEXT);
CREATE TABLE IF NOT EXISTS line_profile (
    name TEXT PRIMARY KEY, vendor TEXT NOT NULL, limit_mbps INTEGER NOT NULL) WITHOUT ROWID;
"""
# By the ONT's vendor; `gen`: what any ONT understands
LINE_PROFILES = {
    "hw-100": ("Huawei", 100),
    "hw-500": ("Huawei", 500),
    "hw-1g": ("Huawei", 1000),
    "nk-100": ("Nokia", 100),
    "nk-500": ("Nokia", 500),
    "nk-1g": ("Nokia", 1000),
    "gen-500": ("any", 500),
    "gen-1g": ("any", 1000),
}

FAILURES = {
    "unknown_olt": Failure(404, "% Unknown host: {olt}", "the order names a node that there is not"),
    "unknown_port": Failure(
        404,
        "% Invalid slot or port: {port} on {olt}",
        "the order names a port that the node has not",
        nokia="Error : instance does not exist: pon-port {port} ({olt})",
    ),
    "no_free_port": Failure(
        409, "Failure: No idle port on {olt}, the splitters are full", "every port of the node is taken, held or faulty"
    ),
    "port_taken": Failure(
        409,
        "Failure: The port {port} on {olt} is already bound to another ONT",
        "two orders want one port, or records are older than the network",
        nokia="Error : instance exists already: pon-port {port} ({olt}) serves another ONT",
    ),
    "port_faulty": Failure(
        409,
        "Failure: The port {port} on {olt} is in the fault state (laser off)",
        "port 15 of every slot; a burnt optic in life",
        nokia="Error : pon-port {port} ({olt}) oper-state down, alarm: loss-of-signal",
    ),
    "unknown_serial": Failure(
        422,
        "Failure: The ONT {serial} is not found in the auto-find list",
        "the serial number was copied wrongly, or the ONT is not connected",
        nokia="Error : no ONT with sernum {serial} is discovered on any pon",
    ),
    "serial_in_use": Failure(
        409,
        "Failure: SN already exists: {serial} is active on {found}",
        "the ONT came back from another customer and was not removed there",
        nokia="Error : sernum {serial} is provisioned already on {found}",
    ),
    "unknown_ont": Failure(
        404,
        "Failure: The ONT does not exist: {serial}",
        "the line was removed by hand, or the ONT was replaced and nobody said so",
        nokia="Error : instance does not exist: ont sernum {serial}",
    ),
    "unknown_line_profile": Failure(
        422,
        "Failure: The line profile does not exist: {line_profile}",
        "a profile was not rolled out to this node",
        nokia="Error : bandwidth-profile {line_profile} does not exist",
    ),
    "profile_too_slow": Failure(
        422,
        "Failure: The traffic table of {line_profile} is smaller than {speed_mbps} Mbit/s",
        "the profile does not fit the speed that was sold",
        nokia="Error : shaper of {line_profile} below the committed rate {speed_mbps}",
    ),
    "not_held": Failure(404, "Failure: No port on {olt} is reserved for {serial}", "the reservation ran out"),
}


def seed(connection: sqlite3.Connection) -> None:
    """Every port, the profiles, and the customers of the first day on slot 9."""
    states = {FAULTY_PORT: "faulty", TAKEN_PORT: "taken"}
    homes = {(home.olt, home.port): home.serial for home in HOMES}
    rows = []
    for olt in OLTS:
        for slot in (*SLOTS, HOME_SLOT):
            for number in PORTS:
                port = f"1/{slot}/{number}"
                serial = homes.get((olt, port)) or (NEIGHBOUR if number == TAKEN_PORT else None)
                taken = slot == HOME_SLOT and number in HOME_PORTS
                rows.append(
                    (olt, port, slot, "taken" if taken else states.get(number, "free"), serial, splitter(olt, slot))
                )
    connection.executemany("INSERT INTO port VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.executemany(
        "INSERT INTO line_profile VALUES (?, ?, ?)", [(name, *about) for name, about in LINE_PROFILES.items()]
    )
    connection.executemany(
        "INSERT INTO ont (serial, ont_id, olt, port, speed_mbps) VALUES (?, ?, ?, ?, ?)",
        [
            (home.serial, f"{home.olt}:{home.port}:{home.serial}", home.olt, home.port, home.speed_mbps)
            for home in HOMES
        ],
    )


def splitter(olt: str, slot: int) -> str:
    """The cabinet in the street that the slot's line card feeds, such as SPL-LON1-03."""
    return f"SPL-{town_of(olt).upper()}{olt.rpartition('-')[2]}-{slot:02d}"
