"""Listings: what an operation gives that has pages."""

from __future__ import annotations

from . import _native
from ._base import running_loop
from ._errors import M365Error, from_dict
from ._values import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Any, ClassVar, Generic, Self, TypeVar

    from ._base import AsyncScope, Scope
    from ._faces.shared_records import Report, Warning

    R = TypeVar("R")
else:
    R = None

    class Generic:
        __slots__ = ()

        def __class_getitem__(cls, _):
            return cls


NEWEST = 1000
"""How many errors and warnings a listing without an end keeps."""


class Page(list[R]):
    """A page of a listing: a list of its items, and what came with them.

    Attributes:
        token: From where to go on: the place after this page.
        errors: What went wrong in parts of a feed since the page before.
        warnings: What the feed has to say beside its records since the page before.
        report: What the feed has done so far, in numbers; `None` for other listings.
    """

    __slots__ = ("errors", "report", "token", "warnings")

    token: str | None
    errors: list[M365Error]
    warnings: list[Warning]
    report: Report | None


class Listing(Generic[R]):
    """What both kinds of listing share.

    Attributes:
        token: From where to go on: the place after the latest page that was handed out.
        errors: What went wrong in parts of a feed so far, if it was asked to collect errors. One
            without an end keeps the newest 1,000; each page has all of its own.
        warnings: What the feed has to say beside its records so far, likewise.
        report: What the feed did, in numbers, as of the latest page; `None` for other listings.
    """

    __slots__ = (
        "_begun",
        "_endless",
        "_name",
        "_read",
        "_running",
        "_said",
        "_scope",
        "errors",
        "report",
        "token",
        "warnings",
    )

    _lazy: ClassVar[bool] = False
    """Whether it is begun by its first loop only, since beginning takes hold of something."""
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
        *,
        endless: bool = False,
    ) -> None:
        self._scope = scope
        self._endless = endless
        self._name = name
        self._said = {name: value for name, value in args.items() if value is not None}
        self._read = read
        self._running: list[_native.Pages] = []
        self._forget()
        # Now and not at the first page, so that a wrong argument is reported where it was written.
        self._begun = None if self._lazy else self._begin()

    def _forget(self) -> None:
        self.token = None
        self.errors = []
        self.warnings = []
        self.report = None

    def _begin(self) -> _native.Pages:
        return self._scope.native.pages(self._name, encode(self._said))

    def _take(self) -> _native.Pages:
        pages, self._begun = self._begun, None
        if pages is None:
            pages = self._begin()
            self._forget()
        self._running.append(pages)
        return pages

    def _held(self) -> list[_native.Pages]:
        begun, self._begun = self._begun, None
        return [*self._running] if begun is None else [*self._running, begun]

    def _leave(self, pages: _native.Pages) -> None:
        pages.close()
        if pages in self._running:
            self._running.remove(pages)

    def _unpack(self, parts: tuple[bytes, bytes, bytes]) -> Page[R]:
        from json import loads

        items, payload, meta = parts
        about = loads(meta)
        read = self._read
        page = Page([read(item, payload) for item in loads(items)])
        page.token = about.get("token")
        page.errors = [from_dict(error) for error in about.get("errors") or ()]
        page.warnings = []
        page.report = None
        if about.get("warnings") or about.get("report"):
            from ._faces.shared_records import Report, Warning

            page.warnings = [Warning._load(warning) for warning in about.get("warnings") or ()]
            page.report = Report._load(about["report"]) if about.get("report") else None
        self._note(page)
        return page

    def _note(self, page: Page[R]) -> None:
        self.token = page.token
        self.report = page.report or self.report
        self.errors.extend(page.errors)
        self.warnings.extend(page.warnings)
        if self._endless:
            # However long it runs; each page has had its own, all of them.
            del self.errors[:-NEWEST], self.warnings[:-NEWEST]

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
                yield self._unpack(parts)
        finally:
            pages.wait_closed()
            self._leave(pages)

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
                for item in self._unpack(parts):
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
                yield self._unpack(parts)
            await pages.wait_closed_async(event_loop)
        finally:
            self._leave(pages)

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
