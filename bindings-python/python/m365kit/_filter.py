"""Filters: which things a listing gives, said with Python's operators."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from ._errors import InvalidRequest
from ._record import OpenNumber, OpenText
from ._values import moment, write_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, TypeAlias

    Value: TypeAlias = (
        "str | bool | int | float | datetime | date | timedelta | UUID | EnumLiteral | None"
    )

_SIGNS = {"eq": "==", "ne": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def field(name: str) -> Field:
    """Begins a filter: a property as the service spells it, such as `isResolved`, or a path.

    Example:
        `(field("isResolved") == False) & (field("service") == "Exchange Online")`
    """
    return Field(name)


def element() -> Field:
    """The element of a collection itself, within `any` and `all` of a field."""
    return Field("")


def enum_literal(member: str) -> EnumLiteral:
    """The member of an enumeration by its name, where the package has no constant for it."""
    return EnumLiteral(member)


class EnumLiteral:
    """The member of an enumeration; made by `enum_literal`."""

    __slots__ = ("_member",)

    def __init__(self, member: str) -> None:
        self._member = member

    def __repr__(self) -> str:
        return f"enum_literal({self._member!r})"


class Field:
    """A property that a filter speaks of; made by `field` and `element`.

    Its comparisons give a `Filter`, not a truth value.
    """

    __slots__ = ("_name",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise InvalidRequest(f"field: expected text, not {type(name).__name__}")
        self._name = name

    def __eq__(self, value: Value) -> Filter:  # type: ignore[override]
        return self._is("eq", value)

    def __ne__(self, value: Value) -> Filter:  # type: ignore[override]
        return self._is("ne", value)

    def __gt__(self, value: Value) -> Filter:
        return self._is("gt", value)

    def __ge__(self, value: Value) -> Filter:
        return self._is("ge", value)

    def __lt__(self, value: Value) -> Filter:
        return self._is("lt", value)

    def __le__(self, value: Value) -> Filter:
        return self._is("le", value)

    def startswith(self, text: str) -> Filter:
        """It is a text that begins with this one."""
        return self._is("startswith", text)

    def endswith(self, text: str) -> Filter:
        """It is a text that ends with this one."""
        return self._is("endswith", text)

    def contains(self, text: str) -> Filter:
        """It is a text that holds this one."""
        return self._is("contains", text)

    def any(self, of: Filter | str) -> Filter:
        """At least one element of this collection is so."""
        return Filter({"any": self._name, "where": _tree(of)})

    def all(self, of: Filter | str) -> Filter:
        """All elements of this collection are so."""
        return Filter({"all": self._name, "where": _tree(of)})

    def __bool__(self) -> NoReturn:
        raise TypeError("a field has no truth value: compare it, as in field('isResolved') == True")

    def __repr__(self) -> str:
        return _field(self._name)

    def _is(self, op: str, value: Value) -> Filter:
        return Filter({"field": self._name, "op": op, "value": _literal(self._name, value)})


class Filter:
    """Which things a listing gives; made by comparing a `field`, and joined with `&`, `|` and `~`.

    `and`, `or` and `not` are not for filters: they raise `TypeError`.
    """

    __slots__ = ("_tree",)

    def __init__(self, tree: Any) -> None:
        self._tree = tree

    @staticmethod
    def raw(expression: str) -> Filter:
        """An OData expression as the service takes it, to be joined with others."""
        return Filter(_tree(expression))

    def __and__(self, other: Filter | str) -> Filter:
        return self._join("and", other)

    def __or__(self, other: Filter | str) -> Filter:
        return self._join("or", other)

    def __rand__(self, other: str) -> Filter:
        return Filter.raw(other) & self

    def __ror__(self, other: str) -> Filter:
        return Filter.raw(other) | self

    def __invert__(self) -> Filter:
        return Filter({"not": self._tree})

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a filter has no truth value: join filters with & and |, and negate one with ~; "
            "put each comparison in parentheses"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Filter):
            return NotImplemented
        # By what they write: True and 1 are equal in Python, and not in a filter.
        return repr(self._tree) == repr(other._tree)

    def __hash__(self) -> int:
        return hash(repr(self._tree))

    def __repr__(self) -> str:
        return _shown(self._tree)

    def _join(self, word: str, other: Filter | str) -> Filter:
        if not isinstance(other, (Filter, str)):
            return NotImplemented
        parts = self._tree.get(word) if isinstance(self._tree, dict) else None
        return Filter({word: [*(parts or [self._tree]), _tree(other)]})


def as_filter(name: str, value: Filter | str | None) -> Any:
    """Checks an argument that is a filter, and gives it as it crosses.

    Raises:
        InvalidRequest: It is neither a `Filter` nor text.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Filter):
        return value._tree
    raise InvalidRequest(
        f"{name}: expected a Filter or text, not {type(value).__name__}",
        hint='pass field("isResolved") == False, or text such as "isResolved eq false"',
    )


def _tree(of: Filter | str) -> Any:
    tree = as_filter("filter", of)
    if tree is None:
        raise InvalidRequest("filter: expected a Filter or text, not None")
    return tree


def _literal(name: str, value: Any) -> Any:
    if isinstance(value, OpenText):
        return {"enum": str.__str__(value)}
    if isinstance(value, EnumLiteral):
        return {"enum": value._member}
    if isinstance(value, OpenNumber):
        return int(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, datetime):
        moment(name, value)
        return {"time": write_time(name, value)}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, timedelta):
        return {"duration": value.total_seconds()}
    if isinstance(value, UUID):
        return {"guid": str(value)}
    raise InvalidRequest(
        f"{name}: {type(value).__name__} is no value in a filter",
        hint="compare with text, a number, a bool, None, a datetime, date, timedelta or UUID",
    )


def _field(name: str) -> str:
    return f"field({name!r})" if name else "element()"


def _shown(tree: Any) -> str:
    if isinstance(tree, str):
        return f"Filter.raw({tree!r})"
    for word, sign in (("and", " & "), ("or", " | ")):
        if word in tree:
            return sign.join(f"({_shown(part)})" for part in tree[word])
    if "not" in tree:
        return f"~({_shown(tree['not'])})"
    for word in ("any", "all"):
        if word in tree:
            return f"{_field(tree[word])}.{word}({_shown(tree['where'])})"
    name, op, value = _field(tree["field"]), tree["op"], tree["value"]
    if isinstance(value, dict):
        ((tag, said),) = value.items()
        shown = f"enum_literal({said!r})" if tag == "enum" else str(said)
    else:
        shown = repr(value)
    return f"{name} {_SIGNS[op]} {shown}" if op in _SIGNS else f"{name}.{op}({shown})"
