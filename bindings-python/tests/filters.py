"""Filters of a scenario, made as programs make them."""

from __future__ import annotations

import operator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from m365kit import Filter, element, enum_literal, field

COMPARISONS = {name: getattr(operator, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")}


def filter_of(tree: Any) -> Filter:
    """The filter that crosses as this JSON."""
    if isinstance(tree, str):
        return Filter.raw(tree)
    for word, join in (("and", operator.and_), ("or", operator.or_)):
        if word in tree:
            first, *rest = map(filter_of, tree[word])
            for part in rest:
                first = join(first, part)
            return first
    if "not" in tree:
        return ~filter_of(tree["not"])
    if "any" in tree:
        return field(tree["any"]).any(filter_of(tree["where"]))
    if "all" in tree:
        return field(tree["all"]).all(filter_of(tree["where"]))
    subject = field(tree["field"]) if tree["field"] else element()
    value = literal_of(tree["value"])
    made = COMPARISONS.get(tree["op"]) or (lambda of, text: getattr(of, tree["op"])(text))
    result = made(subject, value)
    assert isinstance(result, Filter)
    return result


def literal_of(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((tag, said),) = value.items()
    make: dict[str, Any] = {
        "time": datetime.fromisoformat,
        "date": date.fromisoformat,
        "guid": UUID,
        "enum": enum_literal,
        "duration": lambda seconds: timedelta(seconds=seconds),
    }
    return make[tag](said)
