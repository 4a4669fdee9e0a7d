"""Short ways to evaluate a text in tests."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.decisions.feel import compile_feel

SCOPE: dict[str, Any] = {
    "order": {
        "id": "o-7",
        "speed_mbps": 250,
        "price": 29.9,
        "lines": [{"sku": "fibre", "qty": 1}, {"sku": "tv", "qty": 2}],
    },
    "tags": ["new", "urgent"],
    "active": True,
    "nothing": None,
}


def value(text: str, scope: Mapping[str, Any] = SCOPE) -> Any:
    return compile_feel(text).evaluate(scope)


def shape(found: Any) -> Any:
    """A value with its kind, so that 1, True and 1.0 are three things when they are compared."""
    if isinstance(found, list):
        return [shape(element) for element in found]
    if isinstance(found, dict):
        return {key: shape(element) for key, element in found.items()}
    return type(found), found


def number(text: str | int) -> Decimal:
    return Decimal(text)
