"""The built-in functions by name."""

from __future__ import annotations

from app.decisions.feel import builtin_conversions as conversions
from app.decisions.feel import builtin_lists as lists
from app.decisions.feel import builtin_numbers as numbers
from app.decisions.feel import builtin_texts as texts
from app.decisions.feel.signature import Builtin

FUNCTIONS: dict[str, tuple[Builtin, ...]] = {
    "not": (Builtin(conversions.negation, ("negand",)),),
    "is defined": (Builtin(conversions.is_defined, ("value",)),),
    "string": (Builtin(conversions.string, ("from",)),),
    "number": (Builtin(conversions.number, ("from", "grouping separator", "decimal separator"), optional=2),),
    "date": (
        Builtin(conversions.date_from, ("from",)),
        Builtin(conversions.date_of_parts, ("year", "month", "day")),
    ),
    "time": (
        Builtin(conversions.time_from, ("from",)),
        Builtin(conversions.time_of_parts, ("hour", "minute", "second", "offset"), optional=1),
    ),
    "date and time": (
        Builtin(conversions.date_time_from, ("from",)),
        Builtin(conversions.date_time_of_parts, ("date", "time")),
    ),
    "duration": (Builtin(conversions.duration, ("from",)),),
    "now": (Builtin(conversions.now),),
    "today": (Builtin(conversions.today),),
    "contains": (Builtin(texts.contains, ("string", "match")),),
    "starts with": (Builtin(texts.starts_with, ("string", "match")),),
    "ends with": (Builtin(texts.ends_with, ("string", "match")),),
    "upper case": (Builtin(texts.upper_case, ("string",)),),
    "lower case": (Builtin(texts.lower_case, ("string",)),),
    "string length": (Builtin(texts.string_length, ("string",)),),
    "substring": (Builtin(texts.substring, ("string", "start position", "length"), optional=1),),
    "string join": (Builtin(texts.string_join, ("list", "delimiter"), optional=1),),
    "count": (Builtin(lists.count, ("list",)),),
    "sum": (Builtin(lists.total, ("list",), variadic=True),),
    "min": (Builtin(lists.least, ("list",), variadic=True),),
    "max": (Builtin(lists.greatest, ("list",), variadic=True),),
    "append": (Builtin(lists.append, ("list", "item"), variadic=True),),
    "concatenate": (Builtin(lists.concatenate, ("list",), variadic=True),),
    "list contains": (Builtin(lists.list_contains, ("list", "element")),),
    "abs": (Builtin(numbers.absolute, ("n",)),),
    "floor": (Builtin(numbers.floor, ("n",)),),
    "ceiling": (Builtin(numbers.ceiling, ("n",)),),
    "modulo": (Builtin(numbers.modulo, ("dividend", "divisor")),),
}
