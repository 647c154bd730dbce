"""What the generated faces stand on: clients, groups, and how a call goes to the native half."""

from __future__ import annotations

from . import _native
from ._errors import InvalidRequest
from ._values import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Any, Self, TypeVar

    from ._cache import TokenCache
    from ._credentials import AnyCredential, CloudBase

    R = TypeVar("R")


class Scope:
    """Where blocking calls go."""

    __slots__ = ("native",)

    def __init__(self, native: _native.Client) -> None:
        self.native = native

    def call(
        self,
        name: str,
        args: Mapping[str, Any],
        read: Callable[[Any], R],
        payload: bytes | None = None,
    ) -> R:
        """Makes a call and reads its result."""
        return _read(self.native.call(name, encode(args), payload), read)

    def call_body(self, name: str, args: Mapping[str, Any], payload: bytes | None = None) -> Any:
        """Makes a call whose answer is JSON or bytes."""
        return _body(self.native.call(name, encode(args), payload))


class AsyncScope:
    """Where asynchronous calls go."""

    __slots__ = ("native",)

    def __init__(self, native: _native.Client) -> None:
        self.native = native

    async def call(
        self,
        name: str,
        args: Mapping[str, Any],
        read: Callable[[Any], R],
        payload: bytes | None = None,
    ) -> R:
        """Makes a call and reads its result."""
        return _read(
            await self.native.call_async(running_loop(), name, encode(args), payload), read
        )

    async def call_body(
        self, name: str, args: Mapping[str, Any], payload: bytes | None = None
    ) -> Any:
        """Makes a call whose answer is JSON or bytes."""
        return _body(await self.native.call_async(running_loop(), name, encode(args), payload))


class Group:
    """Operations of one API, blocking."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class AsyncGroup:
    """Operations of one API, asynchronous."""

    __slots__ = ("_scope",)

    def __init__(self, scope: AsyncScope) -> None:
        self._scope = scope

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class _ClientBase:
    __slots__ = ("_about", "_native", "_tenant")

    def __init__(
        self,
        tenant: str,
        credential: AnyCredential,
        cloud: CloudBase,
        token_cache: TokenCache | None,
        options: Mapping[str, Any],
    ) -> None:
        from ._cache import TokenCache
        from ._credentials import cloud_of, credential_of

        known = credential_of(credential, options.get("continuous_access") is not False)
        self._check(known._functions)
        hosts = cloud_of(cloud)._json
        if not isinstance(token_cache, TokenCache | None):
            raise InvalidRequest(
                f"token_cache: expected a TokenCache, not {type(token_cache).__name__}"
            )
        cache = None if token_cache is None else token_cache._native
        said = {"tenant": tenant, "credential": known._json, "cloud": hosts, **options}
        self._native = _native.Client(encode(said), known._functions, cache)
        self._tenant = tenant
        self._about = f"tenant={tenant!r}, credential={known!r}, cloud={cloud!r}"

    def _check(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        """Refuses functions that cannot run here."""

    @property
    def tenant(self) -> str:
        """The tenant, as it was named: its directory id (GUID) or one of its domains."""
        return self._tenant

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._about})"


class ClientBase(_ClientBase):
    """A client whose calls block."""

    __slots__ = ()

    @property
    def _scope(self) -> Scope:
        return Scope(self._native)

    def _check(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        from ._functions import is_async

        if any(is_async(function) for function in functions.values()):
            raise InvalidRequest(
                "credential: an async callback needs an event loop, and Client has none",
                hint="use AsyncClient, or give Client a plain function",
            )

    def close(self) -> None:
        """Ends everything that is in flight; the client is of no use afterwards."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncClientBase(_ClientBase):
    """A client whose calls are awaited."""

    __slots__ = ()

    @property
    def _scope(self) -> AsyncScope:
        return AsyncScope(self._native)

    async def aclose(self) -> None:
        """Ends everything that is in flight; the client is of no use afterwards."""
        self._native.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def running_loop() -> AbstractEventLoop:
    """The event loop of the caller."""
    from asyncio import get_running_loop

    return get_running_loop()


def _read(reply: tuple[bytes, bytes], read: Callable[[Any], R]) -> R:
    from json import loads

    return read(loads(reply[0]))


def _body(reply: tuple[bytes, bytes]) -> Any:
    from json import loads

    body = loads(reply[0])
    return reply[1] if body is None and reply[1] else body
