"""Personal values are masked by the names of their fields, and where texts repeat them."""

from __future__ import annotations

import pytest

from app.core.personal import MASK, PersonalInputs, masked, masking, personal_values

NAMES = frozenset({"phone", "contact"})


def test_a_field_is_masked_however_deep_and_the_shape_stays() -> None:
    order = {"phone": "0171 2345678", "n": 1, "sites": [{"contact": {"name": "Anna"}, "olt": "lon-3"}], "contact": None}
    assert masked(order, NAMES) == {
        "phone": MASK,
        "n": 1,
        "sites": [{"contact": MASK, "olt": "lon-3"}],
        "contact": None,
    }
    assert order["phone"] == "0171 2345678"


@pytest.mark.parametrize("value", ["text", 7, 1.5, True, [1], {"a": 1}])
def test_a_field_of_any_kind_is_masked(value: object) -> None:
    assert masked({"phone": value}, NAMES) == {"phone": MASK}


def test_values_are_found_in_texts_unless_too_short_to_be_told_from_others() -> None:
    given = {
        "phone": "0171 2345678",
        "contact": {"name": "Anna", "house": "7", "born": 1984, "id": 123456, "vip": True},
    }
    assert set(personal_values(given, NAMES)) == {"0171 2345678", "Anna", "123456"}
    text = masking(personal_values(given, NAMES)).text("Anna (0171 2345678, 123456) at 7, born 1984")
    assert text == f"{MASK} ({MASK}, {MASK}) at 7, born 1984"


def test_a_line_of_the_log_is_masked_both_ways() -> None:
    inputs = PersonalInputs({"phone": "0171 2345678", "olt": "lon-3"}, NAMES)
    line = {"event": "called 0171 2345678 on lon-3", "answer": {"contact": "somebody else"}, "level": "info"}
    assert inputs.value(line) == {"event": f"called {MASK} on lon-3", "answer": {"contact": MASK}, "level": "info"}
    assert "0171" not in repr(inputs)
