"""The systems of the laboratory, one module each. Whoever adds one adds its row to `SYSTEMS`.

A module has OPERATIONS and TABLES; its docstring is what its page says of it. It may have FAILURES (how it refuses),
`seed` (what is in its tables on the first day) and `subject` (what else a fault may name to meet a call).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.lab import aaa, access, acs, billing, crm, dns, ipam, porting, voice
from app.lab import field as field_force
from app.lab.operations import Arguments, Failure, Operation


def _nothing(connection: sqlite3.Connection) -> None:
    """A system that begins empty."""


def _no_more(connection: sqlite3.Connection, arguments: Arguments) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class LabSystem:
    """`outages` are its words, by kind of fault, when it answers nothing of use."""

    name: str  # the first part of its operations' names, and of their paths
    title: str
    about: str | None
    operations: tuple[Operation, ...]
    tables: str
    failures: Mapping[str, Failure] = field(default_factory=dict)
    outages: Mapping[str, str] = field(default_factory=dict)
    seed: Callable[[sqlite3.Connection], None] = _nothing
    subject: Callable[[sqlite3.Connection, Arguments], Mapping[str, str]] = _no_more

    def subject_of(self, connection: sqlite3.Connection, operation: Operation, arguments: Arguments) -> dict[str, Any]:
        """What a fault may name: the call's arguments, what the system knows of them, the operation and the system."""
        found = self.subject(connection, arguments)
        return {**found, **arguments, "operation": operation.name, "system": self.name}


SYSTEMS = (
    LabSystem(
        "access",
        "Access network",
        access.__doc__,
        access.OPERATIONS,
        access.TABLES,
        access.FAILURES,
        {
            "unavailable": "% Connection refused by remote host: the node is down for maintenance",
            "time_out": "% Connection timed out; remote host not responding",
            "answer_lost": "% Connection closed by foreign host: the work is done, its answer was lost",
        },
        access.seed,
        access.subject,
    ),
    LabSystem(
        "aaa",
        "AAA server",
        aaa.__doc__,
        aaa.OPERATIONS,
        aaa.TABLES,
        aaa.FAILURES,
        {
            "unavailable": "LDAP: Can't contact LDAP server (-1); the server is in read-only mode",
            "time_out": "No reply from server for ID 17 after 3 retransmissions",
        },
        aaa.seed,
    ),
    LabSystem(
        "acs",
        "Auto configuration server",
        acs.__doc__,
        acs.OPERATIONS,
        acs.TABLES,
        acs.FAILURES,
        {"unavailable": "503 Service Unavailable: the CWMP server is down for maintenance (retry after 30)"},
        acs.seed,
    ),
    LabSystem(
        "ipam",
        "IP address management",
        ipam.__doc__,
        ipam.OPERATIONS,
        ipam.TABLES,
        ipam.FAILURES,
        {"unavailable": "about:blank 503 Service Unavailable: the primary is being promoted"},
        ipam.seed,
        ipam.subject,
    ),
    LabSystem("voice", "Voice core", voice.__doc__, voice.OPERATIONS, voice.TABLES),
    LabSystem("porting", "Number porting", porting.__doc__, porting.OPERATIONS, porting.TABLES),
    LabSystem("dns", "Name servers", dns.__doc__, dns.OPERATIONS, dns.TABLES),
    LabSystem("field", "Field force", field_force.__doc__, field_force.OPERATIONS, field_force.TABLES),
    LabSystem("crm", "CRM", crm.__doc__, crm.OPERATIONS, crm.TABLES),
    LabSystem("billing", "Billing", billing.__doc__, billing.OPERATIONS, billing.TABLES, seed=billing.seed),
)
BY_NAME = {system.name: system for system in SYSTEMS}


def system_of(operation: str) -> LabSystem:
    return BY_NAME[operation.partition(".")[0]]
