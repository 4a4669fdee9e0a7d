"""The built-in functions by name (DMN 1.5, 10.3.4), with the names of their parameters."""

from __future__ import annotations

import decimal

from app.decisions.feel import builtin_contexts as contexts
from app.decisions.feel import builtin_conversions as conversions
from app.decisions.feel import builtin_dates as dates
from app.decisions.feel import builtin_lists as lists
from app.decisions.feel import builtin_numbers as numbers
from app.decisions.feel import builtin_patterns as patterns
from app.decisions.feel import builtin_ranges as ranges
from app.decisions.feel import builtin_statistics as statistics
from app.decisions.feel import builtin_texts as texts
from app.decisions.feel.signature import Builtin

_CONVERSIONS: dict[str, tuple[Builtin, ...]] = {
    "not": (Builtin(conversions.negation, ("negand",)),),
    "is defined": (Builtin(conversions.is_defined, ("value",), takes_lists=True),),
    "string": (Builtin(conversions.string, ("from",), takes_lists=True),),
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
    "years and months duration": (Builtin(dates.years_and_months, ("from", "to")),),
    "range": (Builtin(ranges.range_from, ("from",)),),
}
_DATES = {
    "now": (Builtin(dates.now),),
    "today": (Builtin(dates.today),),
    "day of year": (Builtin(dates.day_of_year, ("date",)),),
    "day of week": (Builtin(dates.day_of_week, ("date",)),),
    "month of year": (Builtin(dates.month_of_year, ("date",)),),
    "week of year": (Builtin(dates.week_of_year, ("date",)),),
    "is": (Builtin(dates.identical, ("value1", "value2"), takes_lists=True),),
}
_TEXTS = {
    "contains": (Builtin(texts.contains, ("string", "match")),),
    "starts with": (Builtin(texts.starts_with, ("string", "match")),),
    "ends with": (Builtin(texts.ends_with, ("string", "match")),),
    "upper case": (Builtin(texts.upper_case, ("string",)),),
    "lower case": (Builtin(texts.lower_case, ("string",)),),
    "string length": (Builtin(texts.string_length, ("string",)),),
    "substring": (Builtin(texts.substring, ("string", "start position", "length"), optional=1),),
    "substring before": (Builtin(texts.substring_before, ("string", "match")),),
    "substring after": (Builtin(texts.substring_after, ("string", "match")),),
    "string join": (Builtin(texts.string_join, ("list", "delimiter"), optional=1, takes_lists=True),),
    "matches": (Builtin(patterns.matches, ("input", "pattern", "flags"), optional=1),),
    "replace": (Builtin(patterns.replace, ("input", "pattern", "replacement", "flags"), optional=1),),
    "split": (Builtin(patterns.split, ("string", "delimiter")),),
}
_LISTS = {
    "append": (Builtin(lists.append, ("list", "item"), variadic=True, takes_lists=True),),
    "concatenate": (Builtin(lists.concatenate, ("list",), variadic=True, takes_lists=True),),
    "distinct values": (Builtin(lists.distinct_values, ("list",), takes_lists=True),),
    "duplicate values": (Builtin(lists.duplicate_values, ("list",), takes_lists=True),),
    "flatten": (Builtin(lists.flatten, ("list",), takes_lists=True),),
    "index of": (Builtin(lists.index_of, ("list", "match"), takes_lists=True),),
    "insert before": (Builtin(lists.insert_before, ("list", "position", "newItem"), takes_lists=True),),
    "list contains": (Builtin(lists.list_contains, ("list", "element"), takes_lists=True),),
    "list replace": (
        Builtin(lists.list_replace, ("list", "position", "newItem"), takes_lists=True),
        Builtin(lists.list_replace, ("list", "match", "newItem"), takes_lists=True),
    ),
    "remove": (Builtin(lists.remove, ("list", "position"), takes_lists=True),),
    "reverse": (Builtin(lists.reverse, ("list",), takes_lists=True),),
    "sort": (Builtin(lists.sort, ("list", "precedes"), takes_lists=True),),
    "sublist": (Builtin(lists.sublist, ("list", "start position", "length"), optional=1, takes_lists=True),),
    "union": (Builtin(lists.union, ("list",), variadic=True, takes_lists=True),),
}
_STATISTICS = {
    "count": (Builtin(statistics.count, ("list",), takes_lists=True),),
    **{
        name: (Builtin(function, ("list",), variadic=True, takes_lists=True),)
        for name, function in {
            "all": statistics.all_true,
            "any": statistics.any_true,
            "max": statistics.greatest,
            "mean": statistics.mean,
            "median": statistics.median,
            "min": statistics.least,
            "mode": statistics.mode,
            "product": statistics.product,
            "stddev": statistics.stddev,
            "sum": statistics.total,
        }.items()
    },
}
_NUMBERS = {
    "abs": (Builtin(numbers.absolute, ("n",)), Builtin(numbers.absolute, ("number",))),
    "decimal": (Builtin(numbers.rounding(decimal.ROUND_HALF_EVEN), ("n", "scale")),),
    "floor": (Builtin(numbers.rounding(decimal.ROUND_FLOOR, needs_scale=False), ("n", "scale"), optional=1),),
    "ceiling": (Builtin(numbers.rounding(decimal.ROUND_CEILING, needs_scale=False), ("n", "scale"), optional=1),),
    "round up": (Builtin(numbers.rounding(decimal.ROUND_UP), ("n", "scale")),),
    "round down": (Builtin(numbers.rounding(decimal.ROUND_DOWN), ("n", "scale")),),
    "round half up": (Builtin(numbers.rounding(decimal.ROUND_HALF_UP), ("n", "scale")),),
    "round half down": (Builtin(numbers.rounding(decimal.ROUND_HALF_DOWN), ("n", "scale")),),
    "modulo": (Builtin(numbers.modulo, ("dividend", "divisor")),),
    "sqrt": (Builtin(numbers.square_root, ("number",)),),
    "log": (Builtin(numbers.logarithm, ("number",)),),
    "exp": (Builtin(numbers.exponential, ("number",)),),
    "odd": (Builtin(numbers.odd, ("number",)),),
    "even": (Builtin(numbers.even, ("number",)),),
    "random number": (Builtin(numbers.random_number),),
}
_CONTEXTS = {
    "context": (Builtin(contexts.context, ("entries",), takes_lists=True),),
    "context put": (
        Builtin(contexts.context_put, ("context", "key", "value"), takes_lists=True),
        Builtin(contexts.context_put, ("context", "keys", "value"), takes_lists=True),
    ),
    "context merge": (Builtin(contexts.context_merge, ("contexts",), takes_lists=True),),
    "get value": (Builtin(contexts.get_value, ("m", "key")), Builtin(contexts.get_value, ("context", "key"))),
    "get entries": (Builtin(contexts.get_entries, ("m",)), Builtin(contexts.get_entries, ("context",))),
}
_RANGES = {
    name: tuple(Builtin(ranges.relation(ways), tuple(names.split())) for names in ways)
    for name, ways in ranges.RELATIONS.items()
}
FUNCTIONS: dict[str, tuple[Builtin, ...]] = {
    **_CONVERSIONS,
    **_DATES,
    **_TEXTS,
    **_LISTS,
    **_STATISTICS,
    **_NUMBERS,
    **_CONTEXTS,
    **_RANGES,
}
