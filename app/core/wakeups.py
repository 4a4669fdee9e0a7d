"""How any floor asks that an instance be looked at."""

from datetime import datetime
from typing import Protocol

from app.core.db import Transaction


class Wakeups(Protocol):
    """Wake-ups carry nothing: the database says what there is to do. Losing one is harmless, sweeps find the work."""

    def wake(self, tx: Transaction, instance_id: str, at: datetime | None = None) -> None:
        """Have some worker look at the instance once `tx` is committed, or at `at` if that is later."""
        ...
