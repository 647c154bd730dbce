"""Feeds that are followed: listings that keep their position, and are told what is safe."""

from __future__ import annotations

from operator import length_hint

from ._base import running_loop
from ._errors import InvalidRequest, M365Error
from ._paged import AsyncPaged, Listing, Page, Paged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from typing import Any, ClassVar, TypeVar

    from . import _native
    from ._base import AsyncScope, Scope
    from ._paged import Parts
    from ._progress import Progress
    from ._record import Record

    R = TypeVar("R", bound=Record)
else:
    R = None


class _Position(Listing[R]):
    """What both kinds of followed feed share: one native listing, which outlives a loop."""

    __slots__ = ("_count", "_left", "_open", "_over")

    _lazy: ClassVar[bool] = True

    _open: _native.Pages | None
    # How many pages came from what is open.
    _count: int
    # Whether what is open has come to its end, so that the next loop opens another.
    _over: bool
    # What is left of the page that a loop over items is in.
    _left: Iterator[R]

    def __init__(
        self,
        scope: Scope | AsyncScope,
        name: str,
        args: Mapping[str, Any],
        record: type[R],
        *,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(scope, name, args, record, progress=progress, endless=True)
        self._open = None
        self._let_go()

    def _let_go(self) -> _native.Pages | None:
        """Back to the beginning; gives what was open, for the caller to close."""
        pages, self._open = self._open, None
        self._count = 0
        self._over = False
        self._left = iter(())
        self._silence()
        return pages

    @property
    def _manual(self) -> bool:
        return self._said.get("commit") == "manual"

    def _opened(self) -> _native.Pages:
        if self._open is None:
            self._open = self._begin()
        return self._open

    def _received(self, pages: _native.Pages, parts: Parts | None) -> Page[R] | None:
        if parts is None or self._open is not pages:
            self._over = self._open is pages
            return None
        page = self._read(parts)
        # Not before: a page that is lost on its way, in a wait that is cancelled, is given again.
        self._count += 1
        return page

    def _failed(self, pages: _native.Pages) -> None:
        self._over = self._open is pages

    def _rest(self) -> Page[R] | None:
        """What a loop over items has left of its page, as a page; its errors were told already."""
        rest = Page(self._left)
        rest.token, rest.report = self.token, self.report
        rest.errors, rest.warnings = [], []
        return rest or None

    def _to_commit(self) -> tuple[_native.Pages, int]:
        """What is open, and how many of its pages were handed out to their end."""
        if self._open is None:
            raise InvalidRequest("commit: nothing is open, so there is nothing to commit")
        return self._open, self._count - (length_hint(self._left) > 0)


class Following(_Position[R], Paged[R]):
    """A feed that is followed: a listing without an end that keeps its position in a file.

    It is opened by the first loop, and stays open until it is closed: by `close()`, by the end of a
    `with` block, or with the last reference to it. A loop that is left and entered again goes on
    where it was; run one loop at a time. After it was closed, came to its end or raised an error,
    the next loop opens it anew, at what was committed last.

    Asking for the next page commits the one before. With `commit="manual"` only `commit()` does.
    What was handed out and not committed comes again after a crash.

    Attributes:
        errors: What went wrong in parts of the feed: the newest 1,000. Each page has its own, all
            of them.
        warnings: What the feed has to say beside its records, likewise.
    """

    __slots__ = ()

    def _enter(self) -> _native.Pages:
        if self._over:
            # It may hold what the next one needs.
            self.close()
        return self._opened()

    def _next(self, pages: _native.Pages) -> Page[R] | None:
        try:
            page = self._received(pages, pages.next(self._count))
        except M365Error:
            self._failed(pages)
            raise
        if self._over and not self._manual:
            self.close()
        return page

    def __iter__(self) -> Iterator[R]:
        pages = self._enter()
        while True:
            for item in self._left:
                yield item
                if self._open is not pages:
                    return
            page = self._next(pages)
            if page is None:
                return
            self._left = iter(page)

    def pages(self) -> Iterator[Page[R]]:
        """The same feed, page by page: what one commit makes safe."""
        pages = self._enter()
        if (rest := self._rest()) is not None:
            yield rest
        while (page := self._next(pages)) is not None:
            yield page

    def commit(self) -> None:
        """Says that what was handed out so far is safe, and need never be handed out again.

        May be called from another thread, while the loop waits for the next page. It counts whole
        pages: of one whose items have not all been handed out, nothing is safe yet.

        Raises:
            InvalidRequest: Nothing is open.
            StorageError: The position could not be written.
        """
        pages, count = self._to_commit()
        pages.commit(count)
        if self._over:
            self.close()

    def close(self) -> None:
        """Ends it, and a loop that waits for the next page, and lets go of the file.

        What was not committed is handed out again by the next loop.
        """
        if (pages := self._let_go()) is not None:
            pages.wait_closed()


class AsyncFollowing(_Position[R], AsyncPaged[R]):
    """A feed that is followed: a listing without an end that keeps its position in a file.

    It is opened by the first loop, and stays open until it is closed: by `aclose()`, by the end of
    an `async with` block, or with the last reference to it. A loop that is left and entered again
    goes on where it was; run one loop at a time. After it was closed, came to its end or raised an
    error, the next loop opens it anew, at what was committed last.

    Asking for the next page commits the one before. With `commit="manual"` only `commit()` does.
    What was handed out and not committed comes again after a crash.

    Attributes:
        errors: What went wrong in parts of the feed: the newest 1,000. Each page has its own, all
            of them.
        warnings: What the feed has to say beside its records, likewise.
    """

    __slots__ = ()

    async def _enter(self) -> _native.Pages:
        if self._over:
            # It may hold what the next one needs.
            await self.aclose()
        return self._opened()

    async def _next(self, pages: _native.Pages) -> Page[R] | None:
        try:
            page = self._received(pages, await pages.next_async(running_loop(), self._count))
        except M365Error:
            self._failed(pages)
            raise
        if self._over and not self._manual:
            await self.aclose()
        return page

    async def __aiter__(self) -> AsyncIterator[R]:
        pages = await self._enter()
        while True:
            for item in self._left:
                yield item
                if self._open is not pages:
                    return
            page = await self._next(pages)
            if page is None:
                return
            self._left = iter(page)

    async def pages(self) -> AsyncIterator[Page[R]]:
        """The same feed, page by page: what one commit makes safe."""
        pages = await self._enter()
        if (rest := self._rest()) is not None:
            yield rest
        while (page := await self._next(pages)) is not None:
            yield page

    async def commit(self) -> None:
        """Says that what was handed out so far is safe, and need never be handed out again.

        May be called by another task, while the loop waits for the next page. It counts whole
        pages: of one whose items have not all been handed out, nothing is safe yet.

        Raises:
            InvalidRequest: Nothing is open.
            StorageError: The position could not be written.
        """
        pages, count = self._to_commit()
        await pages.commit_async(running_loop(), count)
        if self._over:
            await self.aclose()

    async def aclose(self) -> None:
        """Ends it, and a loop that waits for the next page, and lets go of the file.

        What was not committed is handed out again by the next loop.
        """
        if (pages := self._let_go()) is not None:
            await pages.wait_closed_async(running_loop())
