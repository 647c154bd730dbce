"""What records and enums stand on: plain classes, made in bulk, that lose nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from . import _native
from ._values import write_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar, Self


class Record:
    """A record of the model: equal to another when all its fields are."""

    __slots__ = ()

    _fields: ClassVar[tuple[tuple[str, str, Callable[[Any], Any] | None], ...]] = ()
    """Each field's name here, its name in the model, and how it is read."""
    _keys: ClassVar[frozenset[str]] = frozenset()
    _open: ClassVar[bool] = False
    """Whether members that this version does not know are kept, in `extra`."""
    _heavy: ClassVar[str] = ""
    """The field that is too much to be shown."""
    __match_args__: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        cls._keys = frozenset(key for _, key, _ in cls._fields)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Makes a record from its members as the model spells them.

        Args:
            data: The members; those that this version does not know are kept in `extra`.
        """
        return cls._load(data)

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Makes a record from a JSON object.

        Args:
            text: The object, as the model spells it.
        """
        from json import loads

        return cls._load(loads(text))

    @classmethod
    def _load(cls, data: Mapping[str, Any], payload: bytes = b"") -> Self:
        self = cls.__new__(cls)
        get = data.get
        known = 0
        for name, key, read in cls._fields:
            value = get(key)
            if value is not None:
                known += 1
                if read is not None:
                    value = read(value)
            setattr(self, name, value)
        if cls._open:
            extra = None
            if known != len(data):
                keys = cls._keys
                extra = {key: value for key, value in data.items() if key not in keys} or None
            setattr(self, "extra", extra)  # noqa: B010 (the slot is the subclass's)
        return self

    def to_dict(self) -> dict[str, Any]:
        """The record as the model spells it, in values that JSON has.

        Fields without a value are left out.
        """
        data: dict[str, Any] = {}
        for name, key, _ in self._fields:
            value = getattr(self, name)
            if value is None:
                continue
            data[key] = plain(value, name)
        if self._open:
            data.update(getattr(self, "extra") or {})  # noqa: B009
        return data

    def _values(self) -> tuple[Any, ...]:
        names = (*self.__match_args__, "extra") if self._open else self.__match_args__
        return tuple(getattr(self, name) for name in names)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, Record):
            return NotImplemented
        return self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = [
            f"{name}={value!r}"
            for name in self.__match_args__
            if (value := getattr(self, name)) is not None and name != self._heavy
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __getstate__(self) -> dict[str, Any]:
        names = (*self.__match_args__, "extra") if self._open else self.__match_args__
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Also what an older version has pickled, which lacks the fields that came since.
        for name in self.__match_args__:
            setattr(self, name, state.get(name))
        if self._open:
            setattr(self, "extra", state.get("extra"))  # noqa: B010


class _Filled(type):
    """Classes whose fields are not slots but filled from a page when they are touched."""

    def __new__(meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> Any:
        fields = namespace.get("_fields", ())
        for at, (field, key, read) in enumerate(fields):
            namespace[field] = _native.Field(at, field, key, read)
        if "__slots__" in namespace:
            # For type checkers: what is named there would hide its field.
            namespace["__slots__"] = tuple(
                slot for slot in namespace["__slots__"] if slot not in namespace
            )
        return super().__new__(meta, name, bases, namespace)


class RawRecord(Record, _native.Row, metaclass=_Filled):
    """A record that carries the JSON text it was made from.

    One that came in a page holds that page's memory while it lives; a copy or a pickle does not.
    """

    __slots__ = ()

    _heavy: ClassVar[str] = "raw"
    raw: str

    @classmethod
    def _load(cls, data: Mapping[str, Any], payload: bytes = b"") -> Self:
        self = super()._load(data)
        where = data.get("raw")
        if isinstance(where, list):
            start, length = where
            self.raw = payload[start : start + length].decode("utf-8", "surrogateescape")
        return self

    @property
    def data(self) -> Any:
        """The whole original record as native values, parsed from `raw` at each access."""
        from json import loads

        return loads(self.raw)


class BytesRecord(Record):
    """A record that carries bytes. They have no form in JSON, and are left out of it."""

    __slots__ = ()

    @classmethod
    def _load(cls, data: Mapping[str, Any], payload: bytes = b"") -> Self:
        where = data.get(cls._heavy)
        if not isinstance(where, list):
            return super()._load(data)
        start, length = where
        return super()._load({**data, cls._heavy: payload[start : start + length]})

    def to_dict(self) -> dict[str, Any]:
        """The record as the model spells it, in values that JSON has: all but its bytes.

        Fields without a value are left out.
        """
        data = super().to_dict()
        data.pop(self._heavy, None)
        return data


def plain(value: Any, name: str = "value") -> Any:
    """A value of the model in what JSON has; `name` is for the message when it has no such form."""
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, datetime):
        return write_time(name, value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, OpenText):
        return str.__str__(value)
    if isinstance(value, OpenNumber):
        return int(value)
    if isinstance(value, list):
        return [plain(item, name) for item in value]
    if isinstance(value, dict):
        return {key: plain(item, key) for key, item in value.items()}
    return value


if TYPE_CHECKING:
    _Values = dict[Any, Any]
else:
    _Values = dict


class _Known(_Values):
    """The members of an enum by value; makes one of any other value."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __missing__(self, value: Any) -> Any:
        return self._make(value)


class OpenText(str):
    """Text with well-known values; one that this version does not know is kept as it came."""

    __slots__ = ()

    _members: ClassVar[dict[str, str]] = {}
    """The value of each constant."""
    if TYPE_CHECKING:

        @classmethod
        def _of(cls, value: Any) -> Self:
            """The constant of a value, or a new value."""
            ...

    def __init_subclass__(cls) -> None:
        known = _Known(cls)
        for constant, value in cls._members.items():
            known[value] = cls(value)
            setattr(cls, constant, known[value])
        setattr(cls, "_of", known.__getitem__)  # noqa: B010 (a method for the type checker)


class OpenNumber(int):
    """A number with well-known values; one that this version does not know is kept as it came."""

    __slots__ = ()

    _members: ClassVar[dict[str, tuple[int, str]]] = {}
    """The value of each constant, and the service's name for it."""
    _names: ClassVar[dict[int, tuple[str, str]]] = {}
    if TYPE_CHECKING:

        @classmethod
        def _of(cls, value: Any) -> Self:
            """The constant of a value, or a new value."""
            ...

    def __init_subclass__(cls) -> None:
        known = _Known(cls)
        cls._names = {}
        for constant, (value, name) in cls._members.items():
            known[value] = cls(value)
            cls._names.setdefault(value, (constant, name))
            setattr(cls, constant, known[value])
        setattr(cls, "_of", known.__getitem__)  # noqa: B010 (a method for the type checker)

    @property
    def name(self) -> str | None:
        """The service's name for the value, or `None` if this version does not know it."""
        known = self._names.get(int(self))
        return known and known[1]

    def __repr__(self) -> str:
        known = self._names.get(int(self))
        constant = f".{known[0]}" if known else ""
        return f"<{type(self).__name__}{constant}: {int(self)}>"

    __str__ = int.__repr__
