"""What the generated faces stand on: how a call, and how a listing, goes to the native half."""

from __future__ import annotations

from . import _native
from ._errors import InvalidRequest, M365Error, from_dict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Any, Generic, Self, TypeVar

    from ._credentials import CloudBase, Credential
    from ._faces.shared_records import Report, Warning

    R = TypeVar("R")
else:
    R = None

    class Generic:
        __slots__ = ()

        def __class_getitem__(cls, _):
            return cls


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
        return _read(self.native.call(name, _encode(args), payload), read)

    def call_body(self, name: str, args: Mapping[str, Any], payload: bytes | None = None) -> Any:
        """Makes a call whose answer is JSON or bytes."""
        return _body(self.native.call(name, _encode(args), payload))


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
        return _read(await self.native.call_async(_loop(), name, _encode(args), payload), read)

    async def call_body(
        self, name: str, args: Mapping[str, Any], payload: bytes | None = None
    ) -> Any:
        """Makes a call whose answer is JSON or bytes."""
        return _body(await self.native.call_async(_loop(), name, _encode(args), payload))


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


class Listing(Generic[R]):
    """What both kinds of listing share.

    Attributes:
        token: From where to go on: the place after the latest page that was handed out.
        errors: What went wrong in parts of a feed so far, if it was asked to collect errors.
        warnings: What the feed has to say beside its records so far.
        report: What the feed did, in numbers, as of the latest page; `None` for other listings.
    """

    __slots__ = (
        "_args",
        "_name",
        "_pages",
        "_read",
        "_scope",
        "errors",
        "report",
        "token",
        "warnings",
    )

    token: str | None
    errors: list[M365Error]
    warnings: list[Warning]
    report: Report | None

    def __init__(
        self,
        scope: Scope | AsyncScope,
        name: str,
        args: Mapping[str, Any],
        read: Callable[[Any, bytes], R],
    ) -> None:
        self._scope = scope
        self._name = name
        self._args = _encode(args)
        self._read = read
        # Now and not at the first page, so that a wrong argument is reported where it was written.
        self._pages: _native.Pages | None = self._begin()

    def _begin(self) -> _native.Pages:
        pages = self._scope.native.pages(self._name, self._args)
        self.token = None
        self.errors = []
        self.warnings = []
        self.report = None
        return pages

    def _take(self) -> _native.Pages:
        pages, self._pages = self._pages, None
        return self._begin() if pages is None else pages

    def _unpack(self, page: tuple[bytes, bytes, bytes]) -> list[R]:
        from json import loads

        items, payload, meta = page
        about = loads(meta)
        self.token = about.get("token")
        self.errors.extend(from_dict(error) for error in about.get("errors") or ())
        if about.get("warnings") or about.get("report"):
            from ._faces.shared_records import Report, Warning

            self.warnings.extend(Warning._load(warning) for warning in about.get("warnings") or ())
            self.report = Report._load(about["report"]) if about.get("report") else self.report
        read = self._read
        return [read(item, payload) for item in loads(items)]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name} {self._args.decode()}>"


class Paged(Listing[R]):
    """A listing that is read as it arrives.

    A `for` loop gives item by item, and `pages()` page by page. Nothing is requested before the
    first item is wanted, and leaving the loop ends what is under way. Each new loop lists anew.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[R]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[list[R]]:
        """The same listing, page by page."""
        pages = self._take()
        try:
            while (page := pages.next()) is not None:
                yield self._unpack(page)
        finally:
            pages.close()


class AsyncPaged(Listing[R]):
    """A listing that is read as it arrives.

    An `async for` loop gives item by item, and `pages()` page by page. Nothing is requested before
    the first item is wanted, and leaving the loop ends what is under way. Each new loop lists anew.
    """

    __slots__ = ()

    async def __aiter__(self) -> AsyncIterator[R]:
        pages = self._take()
        try:
            event_loop = _loop()
            while (page := await pages.next_async(event_loop)) is not None:
                for item in self._unpack(page):
                    yield item
        finally:
            pages.close()

    async def pages(self) -> AsyncIterator[list[R]]:
        """The same listing, page by page."""
        pages = self._take()
        try:
            event_loop = _loop()
            while (page := await pages.next_async(event_loop)) is not None:
                yield self._unpack(page)
        finally:
            pages.close()


class _ClientBase:
    __slots__ = ("_about", "_native")

    def __init__(
        self, tenant: str, credential: Credential, cloud: CloudBase, options: Mapping[str, Any]
    ) -> None:
        from ._credentials import CloudBase, Credential

        if not isinstance(credential, Credential):
            raise InvalidRequest(
                f"credential: expected a credential, not {type(credential).__name__}",
                hint="pass m365kit.ClientSecret(client_id, secret), StaticToken or Callback",
            )
        if not isinstance(cloud, CloudBase):
            raise InvalidRequest(
                f"cloud: expected a Cloud, not {type(cloud).__name__}",
                hint="pass Cloud.PUBLIC or one of its neighbours, or Cloud.custom(...)",
            )
        said = {"tenant": tenant, "credential": credential._json, "cloud": cloud._json, **options}
        self._native = _native.Client(_encode(said), credential._function)
        self._about = f"tenant={tenant!r}, credential={credential!r}, cloud={cloud!r}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._about})"


class ClientBase(_ClientBase):
    """A client whose calls block."""

    __slots__ = ("_scope",)

    def __init__(
        self, tenant: str, credential: Credential, cloud: CloudBase, options: Mapping[str, Any]
    ) -> None:
        function = getattr(credential, "_function", None)
        if function is not None:
            from ._tokens import is_async

            if is_async(function):
                raise InvalidRequest(
                    "credential: an async callback needs an event loop, and Client has none",
                    hint="use AsyncClient, or give Client a plain function",
                )
        super().__init__(tenant, credential, cloud, options)
        self._scope = Scope(self._native)

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

    __slots__ = ("_scope",)

    def __init__(
        self, tenant: str, credential: Credential, cloud: CloudBase, options: Mapping[str, Any]
    ) -> None:
        super().__init__(tenant, credential, cloud, options)
        self._scope = AsyncScope(self._native)

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


def _loop() -> AbstractEventLoop:
    from asyncio import get_running_loop

    return get_running_loop()


def _encode(args: Mapping[str, Any]) -> bytes:
    """Arguments as JSON; `None` was not said."""
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
    from datetime import datetime, timedelta

    from ._record import Record, plain

    if isinstance(value, (Record, datetime, timedelta)):
        return plain(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _read(reply: tuple[bytes, bytes], read: Callable[[Any], R]) -> R:
    from json import loads

    return read(loads(reply[0]))


def _body(reply: tuple[bytes, bytes]) -> Any:
    from json import loads

    body = loads(reply[0])
    return reply[1] if body is None and reply[1] else body
