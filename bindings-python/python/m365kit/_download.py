"""Downloads: bytes that arrive piece by piece."""

from __future__ import annotations

from . import _native
from ._base import running_loop
from ._errors import InvalidRequest
from ._values import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator, Mapping
    from os import PathLike
    from types import TracebackType
    from typing import Any, Self

    from ._base import AsyncScope, Scope
    from ._faces.shared_records import Saved


class _Download:
    __slots__ = ("_chunks", "_head", "_name", "_received")

    _chunks: _native.Chunks | None
    _head: dict[str, Any]

    def __init__(self, name: str) -> None:
        self._name = name
        self._chunks = None
        self._head = {}
        # How many chunks were handed out: who was interrupted while one arrived gets it again.
        self._received = 0

    def _open(self, native: _native.Chunks) -> _native.Chunks:
        from json import loads

        self._chunks = native
        self._head = loads(native.head())
        return native

    def _opened(self) -> _native.Chunks:
        if self._chunks is None:
            raise InvalidRequest(
                f"{self._name} has not begun", hint="await it, or use it in `async with`"
            )
        return self._chunks

    @property
    def content_type(self) -> str | None:
        """What kind of bytes they are, such as `application/pdf`, if the service says so."""
        self._opened()
        kind: str | None = self._head["contentType"]
        return kind

    @property
    def length(self) -> int | None:
        """How many bytes there are, if the service says so; not where it compresses them."""
        self._opened()
        length: int | None = self._head["length"]
        return length

    @property
    def file_name(self) -> str:
        """A name for a file of it, safe in any folder: as the service says, or made up."""
        self._opened()
        name: str = self._head["fileName"]
        return name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"


class Download(_Download):
    """Bytes that a service sends, read as they arrive.

    A `for` loop gives them in pieces of at most 256 KiB, `read()` all at once, and `save()` puts
    them into a file. It holds a connection until it was read to its end: leave its loop early, use
    it in `with`, or call `close()` to give that back.
    """

    __slots__ = ()

    def __init__(self, scope: Scope, name: str, args: Mapping[str, Any]) -> None:
        super().__init__(name)
        self._open(scope.native.fetch(name, encode(_said(args))))

    def __iter__(self) -> Iterator[bytes]:
        native = self._opened()
        try:
            while (chunk := native.next(self._received)) is not None:
                self._received += 1
                yield chunk
        finally:
            native.close()

    def read(self) -> bytes:
        """All of it. Begins again where it is cut, as often as the client's `attempts` allow."""
        return self._opened().read()

    def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> Saved:
        """Saves all of it as a file, or in a folder that is there, under `file_name`.

        The file gets its name when it is whole. Where the download is cut it begins again, as often
        as the client's `attempts` allow.

        Args:
            path: The file, whose folder is made if it is not there; or a folder.
            overwrite: Whether a file that is there is replaced.
        """
        return _saved(self._opened().save(_text(path), overwrite))

    def close(self) -> None:
        """Ends it, and its connection; whoever reads it then gets the error `Cancelled`."""
        self._opened().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncDownload(_Download):
    """Bytes that a service sends, read as they arrive.

    Nothing is sent before it is awaited, entered by `async with`, or read. An `async for` loop
    gives the bytes in pieces of at most 256 KiB, `read()` all at once, and `save()` puts them into
    a file. It holds a connection until it was read to its end: leave its loop early, use it in
    `async with`, or call `aclose()` to give that back.
    """

    __slots__ = ("_args", "_scope")

    def __init__(self, scope: AsyncScope, name: str, args: Mapping[str, Any]) -> None:
        super().__init__(name)
        self._scope = scope
        self._args = encode(_said(args))

    async def _begun(self) -> _native.Chunks:
        if self._chunks is not None:
            return self._chunks
        native = self._scope.native
        return self._open(await native.fetch_async(running_loop(), self._name, self._args))

    async def _self(self) -> Self:
        await self._begun()
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self._self().__await__()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        native = await self._begun()
        try:
            event_loop = running_loop()
            while (chunk := await native.next_async(event_loop, self._received)) is not None:
                self._received += 1
                yield chunk
        finally:
            # Not awaited: a generator that nobody wants any more is closed where nothing can be.
            native.close()

    async def read(self) -> bytes:
        """All of it. Begins again where it is cut, as often as the client's `attempts` allow."""
        native = await self._begun()
        return await native.read_async(running_loop())

    async def save(self, path: str | PathLike[str], *, overwrite: bool = False) -> Saved:
        """Saves all of it as a file, or in a folder that is there, under `file_name`.

        The file gets its name when it is whole. Where the download is cut it begins again, as often
        as the client's `attempts` allow.

        Args:
            path: The file, whose folder is made if it is not there; or a folder.
            overwrite: Whether a file that is there is replaced.
        """
        text = _text(path)
        native = await self._begun()
        return _saved(await native.save_async(running_loop(), text, overwrite))

    async def aclose(self) -> None:
        """Ends it, and its connection; whoever reads it then gets the error `Cancelled`."""
        if self._chunks is not None:
            self._chunks.close()

    async def __aenter__(self) -> Self:
        return await self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def _said(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in args.items() if value is not None}


def _text(path: str | PathLike[str]) -> str:
    from os import fspath

    text: object = fspath(path)
    if not isinstance(text, str):
        raise InvalidRequest(f"path: expected a str or a path, not {type(path).__name__}")
    return text


def _saved(json: bytes) -> Saved:
    from json import loads

    from ._faces.shared_records import Saved

    return Saved._load(loads(json))
