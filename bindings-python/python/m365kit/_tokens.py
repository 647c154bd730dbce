"""Tokens from a callable of the user: what it is asked, what it gives, and where it runs."""

from __future__ import annotations

from datetime import datetime

from ._values import moment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Awaitable, Callable
    from typing import Any, NoReturn, Protocol, TypeAlias

    from ._native import TokenReply

    class SomeToken(Protocol):
        """Whatever looks like an `AccessToken`, such as that of `azure.core.credentials`."""

        @property
        def token(self) -> str: ...
        @property
        def expires_on(self) -> datetime | float | None: ...

    TokenFunction: TypeAlias = Callable[
        ["TokenRequest"], str | SomeToken | Awaitable[str] | Awaitable[SomeToken]
    ]


class TokenRequest:
    """What a token is asked for.

    Attributes:
        scope: The scope of the v2 endpoint, such as `https://manage.office.com/.default`.
        resource: The resource of the v1 endpoint, such as `https://manage.office.com`.
        tenant: The tenant, as the client was given it.
    """

    __slots__ = ("resource", "scope", "tenant")

    def __init__(self, scope: str, resource: str, tenant: str) -> None:
        self.scope = scope
        self.resource = resource
        self.tenant = tenant

    def __repr__(self) -> str:
        asked = f"scope={self.scope!r}, resource={self.resource!r}, tenant={self.tenant!r}"
        return f"TokenRequest({asked})"


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
    function: TokenFunction,
    asked: tuple[str, str, str],
    event_loop: AbstractEventLoop | None,
    reply: TokenReply,
) -> None:
    """Called by the native half on a thread that must not stay: the callable runs elsewhere."""
    request = TokenRequest(*asked)
    if is_async(function):
        _run_on(event_loop, function(request), reply)
        return
    from threading import Thread

    # Not from a pool: there is one token an hour, and a daemon does not hold up the exit.
    Thread(
        target=_run, args=(function, request, event_loop, reply), name="m365kit-token", daemon=True
    ).start()


def _run(
    function: TokenFunction,
    request: TokenRequest,
    event_loop: AbstractEventLoop | None,
    reply: TokenReply,
) -> None:
    try:
        given = function(request)
        if hasattr(given, "__await__"):
            _run_on(event_loop, given, reply)
        else:
            _answer(given, reply)
    except BaseException as error:
        reply.failure(error)


def _run_on(event_loop: AbstractEventLoop | None, awaitable: Any, reply: TokenReply) -> None:
    from asyncio import run_coroutine_threadsafe

    try:
        if event_loop is None:
            raise TypeError("an async callback needs an event loop: use AsyncClient")
        waiting = _wait(awaitable, reply)
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


async def _wait(awaitable: Any, reply: TokenReply) -> None:
    try:
        _answer(await awaitable, reply)
    except BaseException as error:
        reply.failure(error)
        if not isinstance(error, Exception):
            raise


def _answer(given: Any, reply: TokenReply) -> None:
    if isinstance(given, str):
        reply.token(given)
        return
    token = getattr(given, "token", None)
    if not isinstance(token, str):
        raise TypeError(
            f"a token callback gives an AccessToken or a str, not {type(given).__name__}"
        )
    expires_on = getattr(given, "expires_on", None)
    if isinstance(expires_on, datetime):
        moment("expires_on", expires_on)
        expires_on = expires_on.timestamp()
    reply.token(token, None if expires_on is None else float(expires_on))
