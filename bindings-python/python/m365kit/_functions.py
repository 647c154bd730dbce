"""Functions of the user: what each is asked, what it gives, and where it runs."""

from __future__ import annotations

from datetime import UTC, datetime

from ._values import moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any, NoReturn, Protocol, TypeAlias

    from ._faces.shared_records import DeviceCodePrompt
    from ._native import Reply

    class SomeToken(Protocol):
        """Whatever looks like an `AccessToken`, such as that of `azure.core.credentials`."""

        @property
        def token(self) -> str: ...
        @property
        def expires_on(self) -> datetime | float | None: ...

    TokenFunction: TypeAlias = Callable[
        ["TokenRequest"], str | SomeToken | Awaitable[str] | Awaitable[SomeToken]
    ]
    DeviceCodeFunction: TypeAlias = Callable[[DeviceCodePrompt], Awaitable[None] | None]
    AssertionFunction: TypeAlias = Callable[[], str | Awaitable[str]]
    SignFunction: TypeAlias = Callable[[bytes], bytes | Awaitable[bytes]]
    OpenBrowserFunction: TypeAlias = Callable[[str], Awaitable[object] | object]
    LoadFunction: TypeAlias = Callable[[], bytes | Awaitable[bytes | None] | None]
    SaveFunction: TypeAlias = Callable[[bytes], Awaitable[None] | None]


class TokenRequest:
    """What a token is asked for.

    Attributes:
        scope: The scope of the v2 endpoint, such as `https://manage.office.com/.default`.
        resource: The resource of the v1 endpoint, such as `https://manage.office.com`.
        tenant: The tenant, as the client was given it.
        claims: The claims that the service demands of the token, as JSON text; `None` as a rule.
    """

    __slots__ = ("claims", "resource", "scope", "tenant")

    def __init__(self, scope: str, resource: str, tenant: str, claims: str | None = None) -> None:
        self.scope = scope
        self.resource = resource
        self.tenant = tenant
        self.claims = claims

    def __repr__(self) -> str:
        asked = f"scope={self.scope!r}, resource={self.resource!r}, tenant={self.tenant!r}"
        return f"TokenRequest({asked}, claims={self.claims!r})"


class AccessToken:
    """A token from a source of your own.

    Args:
        token: The token.
        expires_on: When it ends, as an aware `datetime` or in seconds since 1970. Left out, it is
            used until the service refuses it.
    """

    __slots__ = ("expires_on", "token")

    def __init__(self, token: str, expires_on: datetime | float | None = None) -> None:
        if isinstance(expires_on, datetime):
            moment("expires_on", expires_on)
        self.token = token
        self.expires_on = expires_on

    def __repr__(self) -> str:
        return f"AccessToken(token=***, expires_on={self.expires_on!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an AccessToken is not pickled, since it holds a secret")


def is_async(function: object) -> bool:
    """Whether calling it gives a coroutine."""
    code = getattr(function, "__code__", None) or getattr(
        getattr(function, "__call__", None),  # noqa: B004 (the method is wanted, not the answer)
        "__code__",
        None,
    )
    return bool(getattr(code, "co_flags", 0) & 0x80)


def start(
    given: Mapping[str, Callable[..., Any]],
    name: str,
    question: str,
    event_loop: AbstractEventLoop | None,
    reply: Reply,
) -> None:
    """Called by the native half on a thread that must not stay: the function runs elsewhere."""
    from json import loads

    function = given[name]
    read, write = _KINDS[name]
    arguments = read(loads(question))
    if is_async(function):
        _run_on(event_loop, function(*arguments), write, reply)
        return
    from threading import Thread

    # Not from a pool: there is one token an hour, and a daemon does not hold up the exit.
    Thread(
        target=_run,
        args=(function, arguments, write, event_loop, reply),
        name="m365kit-token",
        daemon=True,
    ).start()


def _run(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    write: Callable[[Any], Any],
    event_loop: AbstractEventLoop | None,
    reply: Reply,
) -> None:
    try:
        given = function(*arguments)
        if hasattr(given, "__await__"):
            _run_on(event_loop, given, write, reply)
        else:
            _answer(given, write, reply)
    except BaseException as error:
        reply.failure(error)


def _run_on(
    event_loop: AbstractEventLoop | None,
    awaitable: Any,
    write: Callable[[Any], Any],
    reply: Reply,
) -> None:
    from asyncio import run_coroutine_threadsafe

    try:
        if event_loop is None:
            raise TypeError("an async callback needs an event loop: use AsyncClient")
        waiting = _wait(awaitable, write, reply)
        try:
            run_coroutine_threadsafe(waiting, event_loop)
        except BaseException:
            waiting.close()
            raise
    except BaseException:
        close = getattr(awaitable, "close", None)
        if close is not None:
            close()
        raise


async def _wait(awaitable: Any, write: Callable[[Any], Any], reply: Reply) -> None:
    try:
        _answer(await awaitable, write, reply)
    except BaseException as error:
        reply.failure(error)
        if not isinstance(error, Exception):
            raise


def _answer(given: Any, write: Callable[[Any], Any], reply: Reply) -> None:
    from json import dumps

    reply.answer(dumps(write(given)))


def _prompt(prompt: dict[str, Any]) -> tuple[Any, ...]:
    from ._faces.shared_records import DeviceCodePrompt

    return (DeviceCodePrompt._load(prompt),)


def _decoded(text: str) -> tuple[bytes]:
    from base64 import b64decode

    return (b64decode(text),)


def _nothing(_: object) -> None:
    return None


def _token(given: Any) -> dict[str, str | None]:
    if isinstance(given, str):
        return {"token": given, "expires_on": None}
    token = getattr(given, "token", None)
    if not isinstance(token, str):
        raise TypeError(
            f"a token callback gives an AccessToken or a str, not {type(given).__name__}"
        )
    end = getattr(given, "expires_on", None)
    if isinstance(end, datetime):
        moment("expires_on", end)
    elif end is not None:
        end = datetime.fromtimestamp(float(end), UTC)
    return {"token": token, "expires_on": None if end is None else end.isoformat()}


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise TypeError(f"an assertion is a str, not {type(given).__name__}")
    return given


def _encoded(given: Any) -> str:
    from base64 import b64encode

    if not isinstance(given, bytes | bytearray | memoryview):
        raise TypeError(f"expected bytes, not {type(given).__name__}")
    return b64encode(given).decode()


_KINDS: dict[str, tuple[Callable[[Any], tuple[Any, ...]], Callable[[Any], Any]]] = {
    "token": (lambda asked: (TokenRequest(**asked),), _token),
    "device_code": (_prompt, _nothing),
    "assertion": (lambda _: (), _text),
    "sign": (_decoded, _encoded),
    "open_browser": (lambda url: (url,), _nothing),
    "load_cache": (lambda _: (), lambda given: None if given is None else _encoded(given)),
    "save_cache": (_decoded, _nothing),
}
"""How the question of each becomes arguments, and what it gives an answer."""
