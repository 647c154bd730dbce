"""Values on their way in and out: times, durations, paths, lists, and arguments as JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ._errors import InvalidRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from os import PathLike
    from typing import Any, TypeVar

    T = TypeVar("T")


def read_time(text: str) -> datetime | None:
    """The time of the core's RFC 3339 text; `None` for a year that Python has not."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def write_time(name: str, time: datetime) -> str:
    """RFC 3339 in UTC, with no more digits of a second than there are.

    Raises:
        InvalidRequest: It has no time zone.
    """
    moment(name, time)
    text = time.astimezone(UTC).isoformat()
    text = text.removesuffix("+00:00")
    return (text.rstrip("0") if "." in text else text) + "Z"


def moment(name: str, value: datetime | None) -> datetime | None:
    """Checks an argument that is a point in time.

    Raises:
        InvalidRequest: It is no `datetime`, or has no time zone.
    """
    if value is None:
        return value
    if not isinstance(value, datetime):
        raise InvalidRequest(
            f"{name}: expected a datetime, not {type(value).__name__}",
            hint="pass an aware datetime, such as datetime.now(timezone.utc) - timedelta(hours=1)",
        )
    if value.utcoffset() is None:
        raise InvalidRequest(
            f"{name}: the datetime {value.isoformat(' ')} is naive: it names no time zone",
            hint="use datetime.now(timezone.utc) in place of now() or utcnow(), or call "
            ".astimezone() on it if it is in local time",
        )
    return value


def span(name: str, value: timedelta | str | None) -> float | str | None:
    """Checks an argument that is a length of time; a `timedelta` becomes seconds.

    Raises:
        InvalidRequest: It is neither a `timedelta` nor text.
    """
    if isinstance(value, timedelta):
        return value.total_seconds()
    if value is None or isinstance(value, str):
        return value
    raise InvalidRequest(
        f"{name}: expected a timedelta or text, not {type(value).__name__}",
        hint='pass timedelta(hours=24), or text such as "24h", "7d" or "90m"',
    )


def as_path(name: str, value: str | PathLike[str] | None) -> str | None:
    """Checks an argument that is a path; one of `pathlib` becomes text.

    Raises:
        InvalidRequest: It is neither text nor a path, or a path of bytes.
    """
    from os import fspath

    if value is None:
        return value
    try:
        found = fspath(value)
    except TypeError:
        pass
    else:
        if isinstance(found, str):
            return found
    raise InvalidRequest(
        f"{name}: expected a path or text, not {type(value).__name__}",
        hint='pass text, or a path such as pathlib.Path("audit.m365state")',
    )


def several(name: str, value: Iterable[T] | None) -> list[T] | None:
    """Checks an argument that is a list; any iterable but text will do.

    Raises:
        InvalidRequest: It is one text, or cannot be iterated.
    """
    if value is None:
        return value
    if isinstance(value, (str, bytes)):
        raise InvalidRequest(f"{name}: expected a list, not one text", hint=f"pass [{value!r}]")
    try:
        return list(value)
    except TypeError:
        raise InvalidRequest(f"{name}: expected a list, not {type(value).__name__}") from None


def read_list(read: Callable[[Any], T]) -> Callable[[list[Any]], list[T]]:
    """A reader of lists, from that of an item."""
    return lambda values: [read(value) for value in values]


def read_map(read: Callable[[Any], T]) -> Callable[[dict[str, Any]], dict[str, T]]:
    """A reader of maps, from that of a value."""
    return lambda values: {key: read(value) for key, value in values.items()}


def read_span(seconds: float) -> timedelta:
    """The duration of a number of seconds."""
    return timedelta(seconds=seconds)


def as_it_is(value: Any) -> Any:
    """The reader of what JSON holds already."""
    return value


def encode(args: Mapping[str, Any]) -> bytes:
    """Arguments as JSON; `None` was not said.

    Raises:
        InvalidRequest: One of them has no form in JSON.
    """
    from json import dumps

    said = {name: value for name, value in args.items() if value is not None}

    def write(value: Any) -> bytes:
        return dumps(value, default=_other, allow_nan=False, ensure_ascii=False).encode()

    try:
        return write(said)
    except InvalidRequest:
        raise
    except (TypeError, ValueError):
        for name, value in said.items():
            try:
                write(value)
            except (TypeError, ValueError) as error:
                raise InvalidRequest(f"{name}: it cannot be written as JSON: {error}") from error
        raise


def _other(value: object) -> Any:
    from ._record import Record, plain

    if isinstance(value, (Record, datetime, timedelta)):
        return plain(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
