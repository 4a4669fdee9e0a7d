"""Faults by chance: at a rate, and the same ones again for the same calls with the same seed.

What is drawn depends on the call and on how often it was made, not on when: orders that run side by side meet the same
faults however their calls fall between one another.
"""

from __future__ import annotations

import sqlite3
from hashlib import sha256

from app.lab.faults import Fault
from app.lab.settings import Chance

KINDS = ("unavailable", "time_out", "answer_lost")
HOLD_S = {"time_out": 1.0}


def draw(connection: sqlite3.Connection, chance: Chance, operation: str, arguments: str) -> Fault | None:
    """`arguments` as one text. How often the call was made is kept, also when the lab is killed in between."""
    if not chance.rate:
        return None
    call = sha256(f"{operation} {arguments}".encode()).hexdigest()
    (times,) = connection.execute(
        "INSERT INTO chance VALUES (?, 1) ON CONFLICT (call) DO UPDATE SET times = times + 1 RETURNING times", (call,)
    ).fetchone()
    drawn = int.from_bytes(sha256(f"{chance.seed} {call} {times}".encode()).digest()[:8])
    if drawn / 2**64 >= chance.rate:
        return None
    kind = KINDS[drawn % len(KINDS)]
    return Fault(kind, hold_s=HOLD_S.get(kind, 0))
