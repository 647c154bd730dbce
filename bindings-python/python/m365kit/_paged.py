"""Listings: what an operation gives that has pages."""

from __future__ import annotations

from . import _native
from ._base import running_loop
from ._errors import Cancelled, M365Error
from ._notes import Notes, Reading, Told
from ._values import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from types import TracebackType
    from typing import Any, ClassVar, Generic, Self, TypeVar

    from ._base import AsyncScope, Scope
    from ._faces.shared_records import Report, Warning
    from ._progress import Progress
    from ._record import Record

    R = TypeVar("R", bound=Record)
    T = TypeVar("T", bound=Record)
    Parts = tuple[bytes | _native.Rows, bytes, bytes]
else:
    from ._notes import Generic

    R = None


class Page(list[R]):
    """A page of a listing: a list of its items, and what came with them.

    Attributes:
        token: From where to go on: the place after this page.
        total: How many items there are on all pages, where the service was asked for that.
        errors: What went wrong in parts of a feed since the page before.
        warnings: What the feed has to say beside its records since the page before.
        report: What the feed has done so far, in numbers; `None` for other listings.
    """

    __slots__ = ("errors", "report", "token", "total", "warnings")

    token: str | None
    total: int | None
    errors: list[M365Error]
    warnings: list[Warning]
    report: Report | None


class Listing(Reading["_native.Pages"], Generic[R]):
    """What both kinds of listing share.

    Attributes:
        token: From where to go on: the place after the latest page that was handed out.
        count: How many items there are in all, where the service was asked for that.
        errors: What went wrong in parts of a feed so far, if it was asked to collect errors. One
            without an end keeps the newest 1,000; each page has all of its own.
        warnings: What the feed has to say beside its records so far, likewise.
        report: What the feed did, in numbers, as of the latest page; `None` for other listings.
    """

    __slots__ = (
        "_name",
        "_record",
        "_said",
        "_scope",
        "count",
        "token",
    )

    _lazy: ClassVar[bool] = False
    """Whether it is begun by its first loop only, since beginning takes hold of something."""
    token: str | None
    count: int | None

    def __init__(
        self,
        scope: Scope | AsyncScope,
        name: str,
        args: Mapping[str, Any],
        record: type[R],
        *,
        progress: Progress | None = None,
        endless: bool = False,
    ) -> None:
        super().__init__(progress, endless=endless)
        self._scope = scope
        self._name = name
        self._said = {name: value for name, value in args.items() if value is not None}
        self._record = record
        # Now and not at the first page, so that a wrong argument is reported where it was written.
        self._begun = None if self._lazy else self._begin()

    def _forget(self) -> None:
        super()._forget()
        self.token = None
        self.count = None

    def _begin(self) -> _native.Pages:
        return self._scope.native.pages(self._name, encode(self._said))

    def _read(self, parts: Parts) -> Page[R]:
        items, payload, meta = parts
        told = Told(meta)
        page: Page[R]
        if isinstance(items, bytes):
            from json import loads

            load = self._record._load
            page = Page([load(item, payload) for item in loads(items)])
        else:
            page = Page(items.records(self._record))
        page.token, page.total, page.errors = told.token, told.count, told.errors
        page.warnings, page.report = told.warnings, told.report
        self.token = told.token
        if told.count is not None:
            self.count = told.count
        self._hear(told)
        return page

    def _put_aside(self) -> None:
        """Another reading than a loop over it takes its place, and tells of itself here."""
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.close()
        self._forget()

    def _copy(self, notes: Notes) -> None:
        self.errors, self.warnings = notes.errors, notes.warnings
        self.report = notes.report

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name} {encode(self._said).decode()}>"


class Paged(Listing[R]):
    """A listing that is read as it arrives.

    A `for` loop gives item by item, and `pages()` page by page. Nothing is requested before the
    first item is wanted, and leaving the loop ends what is under way. Each new loop lists anew.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[R]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[Page[R]]:
        """The same listing, page by page."""
        pages = self._take()
        try:
            while (parts := pages.next()) is not None:
                yield self._read(parts)
        finally:
            pages.wait_closed()
            self._leave(pages)

    def _run(
        self,
        name: str,
        args: Mapping[str, Any],
        record: type[T],
        progress: Progress | None,
    ) -> T:
        """Reads another operation on the same to its end; the result is its one item."""
        running: Paged[T] = Paged(self._scope, name, args, record, progress=self._shown(progress))
        self._put_aside()
        result = None
        try:
            for page in running.pages():
                result = page[-1] if page else None
        finally:
            self._copy(running)
        return _given(name, result)

    def close(self) -> None:
        """Ends the loops over it, those of other threads, too, and lets go of what they hold."""
        for pages in self._held():
            pages.wait_closed()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncPaged(Listing[R]):
    """A listing that is read as it arrives.

    An `async for` loop gives item by item, and `pages()` page by page. Nothing is requested before
    the first item is wanted, and leaving the loop ends what is under way. Each new loop lists anew.
    """

    __slots__ = ()

    async def __aiter__(self) -> AsyncIterator[R]:
        pages = self._take()
        try:
            event_loop = running_loop()
            while (parts := await pages.next_async(event_loop)) is not None:
                for item in self._read(parts):
                    yield item
            await pages.wait_closed_async(event_loop)
        finally:
            # Not awaited: a generator that nobody wants any more is closed where nothing can be.
            self._leave(pages)

    async def pages(self) -> AsyncIterator[Page[R]]:
        """The same listing, page by page."""
        pages = self._take()
        try:
            event_loop = running_loop()
            while (parts := await pages.next_async(event_loop)) is not None:
                yield self._read(parts)
            await pages.wait_closed_async(event_loop)
        finally:
            self._leave(pages)

    async def _run(
        self,
        name: str,
        args: Mapping[str, Any],
        record: type[T],
        progress: Progress | None,
    ) -> T:
        """Reads another operation on the same to its end; the result is its one item."""
        running: AsyncPaged[T] = AsyncPaged(
            self._scope, name, args, record, progress=self._shown(progress)
        )
        self._put_aside()
        result = None
        try:
            async for page in running.pages():
                result = page[-1] if page else None
        finally:
            self._copy(running)
        return _given(name, result)

    async def aclose(self) -> None:
        """Ends the loops over it, those of other tasks, too, and lets go of what they hold."""
        for pages in self._held():
            await pages.wait_closed_async(running_loop())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


def _given(name: str, result: T | None) -> T:
    if result is None:
        # Ended from elsewhere, by `close()` of the client or at the exit of Python.
        raise Cancelled(f"{name} was ended before it was done")
    return result
