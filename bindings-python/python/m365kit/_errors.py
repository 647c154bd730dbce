"""The exceptions: one base, one class for each kind of the core."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

_DETAILS = (
    ("status", "status"),
    ("code", "code"),
    ("request_id", "requestId"),
    ("oauth_error", "oauthError"),
    ("suberror", "suberror"),
    ("claims", "claims"),
    ("trace_id", "traceId"),
    ("correlation_id", "correlationId"),
    ("retry_after", "retryAfter"),
    ("hint", "hint"),
    ("content_type", "contentType"),
    ("content_id", "contentId"),
    ("index", "index"),
)


class M365Error(Exception):
    """Anything that goes wrong in a call. Each kind has a class of its own below this one.

    Attributes:
        kind: The name of the kind, the same in every language.
        message: What went wrong, in words; the service's own where it gave any.
        status: The HTTP status, if there was an answer.
        code: The service's own code, such as `AF20022` or `AADSTS7000215`.
        request_id: The id under which the service's support finds the request.
        oauth_error: The word of the sign-in's refusal, such as `invalid_grant`; `None` for all
            other errors, as are those of the next four.
        suberror: The sign-in's finer word, such as `bad_token` or `basic_action`.
        claims: The claims that a new sign-in must bring, as JSON text, for `SignIn` to pass on.
        trace_id: The id under which the sign-in's support finds the request.
        correlation_id: The id of the request that the sign-in answered.
        interaction_required: Whether the user has to sign in, consent, or do something about it.
        retryable: Whether the same call may succeed later.
        retry_after: How many seconds the service asked to be left alone.
        hint: What to do about it, where the cause is known.
        content_type: Where in a feed it arose: the content type that was being read.
        content_id: The content (blob) that was being read.
        index: The position of the record within its content, counted from zero.
        start: The beginning of the span that was being listed.
        end: The end of the span that was being listed.
        errors: The single failures of which this error is the summary; empty for all others.
    """

    kind: str = "M365Error"
    message: str
    status: int | None
    code: str | None
    request_id: str | None
    oauth_error: str | None
    suberror: str | None
    claims: str | None
    trace_id: str | None
    correlation_id: str | None
    interaction_required: bool
    retryable: bool
    retry_after: float | None
    hint: str | None
    content_type: str | None
    content_id: str | None
    index: int | None
    start: datetime | None
    end: datetime | None
    errors: list[M365Error]

    def __init__(self, message: str = "", *, hint: str | None = None) -> None:
        super().__init__(message)
        self._fill({"message": message, "hint": hint})

    def _fill(self, data: dict[str, Any]) -> None:
        self.message = data.get("message", "")
        self.retryable = bool(data.get("retryable"))
        self.interaction_required = bool(data.get("interactionRequired"))
        for name, key in _DETAILS:
            setattr(self, name, data.get(key))
        self.start = _moment(data.get("start"))
        self.end = _moment(data.get("end"))
        self.errors = [from_dict(error) for error in data.get("errors") or ()]

    def __str__(self) -> str:
        http = None if self.status is None else f"HTTP {self.status}"
        details = ", ".join(detail for detail in (http, self.code) if detail)
        text = f"{self.message} ({details})" if details else self.message
        return f"{text}. {self.hint}" if self.hint else text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.message,), self.__dict__)


class AuthError(M365Error):
    """No token could be had, or the service refused the one that was sent."""

    kind = "AuthError"


class PermissionDenied(M365Error, PermissionError):
    """The token is good but lacks a permission, or an administrator has switched the thing off."""

    kind = "PermissionDenied"


class NotFound(M365Error):
    """The thing asked for does not exist."""

    kind = "NotFound"


class Throttled(M365Error):
    """The service refused because of its rate limits, and went on doing so until the deadline."""

    kind = "Throttled"


class InvalidRequest(M365Error, ValueError):
    """The request cannot be right: refused before it was sent, or by the service."""

    kind = "InvalidRequest"


class Conflict(M365Error):
    """The request clashes with the present state of the thing."""

    kind = "Conflict"


class Gone(M365Error):
    """The thing existed and is no longer kept, such as content older than seven days."""

    kind = "Gone"


class ServiceError(M365Error):
    """The service failed, or answered something that nobody could make sense of."""

    kind = "ServiceError"


class NetworkError(M365Error, ConnectionError):
    """The connection failed: name not found, refused, reset, cut, or not trusted."""

    kind = "NetworkError"


class Timeout(M365Error, TimeoutError):
    """Nothing arrived for too long, or the deadline of the call has passed."""

    kind = "Timeout"


class DecodeError(M365Error):
    """An answer arrived whole but has not the shape that it should have."""

    kind = "DecodeError"


class StorageError(M365Error):
    """A file of this machine, such as the state of a follower, could not be read or written."""

    kind = "StorageError"


class UnsupportedOnWire(M365Error):
    """The operation does not exist on the wire that the client speaks."""

    kind = "UnsupportedOnWire"


class Cancelled(M365Error):
    """The client was closed while the call was under way."""

    kind = "Cancelled"


KINDS: dict[str, type[M365Error]] = {
    kind.kind: kind
    for kind in (
        AuthError,
        PermissionDenied,
        NotFound,
        Throttled,
        InvalidRequest,
        Conflict,
        Gone,
        ServiceError,
        NetworkError,
        Timeout,
        DecodeError,
        StorageError,
        UnsupportedOnWire,
        Cancelled,
    )
}


class _Cause(Exception):
    """One step of what lies behind an error, as the core tells it."""


def from_dict(data: dict[str, Any], exception: BaseException | None = None) -> M365Error:
    """The exception for an error of the core; `exception` is what the user's callback raised."""
    error = KINDS.get(data["kind"], M365Error)(data.get("message", ""))
    error._fill(data)
    if type(error) is M365Error:
        error.kind = data["kind"]
    error.__cause__ = exception or _chain(data.get("causes") or ())
    return error


def from_json(data: bytes, exception: BaseException | None = None) -> M365Error:
    """What the native half calls for every error."""
    from json import loads

    return from_dict(loads(data), exception)


def _chain(causes: tuple[str, ...] | list[str]) -> BaseException | None:
    behind: BaseException | None = None
    for text in reversed(causes):
        cause = _Cause(text)
        cause.__cause__ = behind
        behind = cause
    return behind


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    from ._values import read_time

    return read_time(text)
