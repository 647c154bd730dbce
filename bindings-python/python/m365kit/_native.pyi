"""The native half of m365kit; see the package itself for what to call."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Self, final

from typing_extensions import disjoint_base

__all__ = [
    "TokenCache",
    "Chunks",
    "Client",
    "Batch",
    "Collected",
    "Columns",
    "Pages",
    "_shutdown",
    "Field",
    "Row",
    "Rows",
    "Sandbox",
    "Reply",
    "begin_sign_in",
    "finish_sign_in",
    "browser_sign_in",
    "browser_sign_in_async",
    "VERSION",
    "ERROR_KINDS",
]

VERSION: Final[str]
ERROR_KINDS: Final[list[str]]

@final
class TokenCache:
    """A cache of the core, and the functions that keep it elsewhere."""

    def __new__(
        cls, place: bytes, functions: dict[str, Callable[..., Any]] | None = None
    ) -> TokenCache: ...
    def export(self) -> bytes:
        """All that is worth keeping: tokens in the clear."""

    def import_(self, bytes: bytes) -> None:
        """Takes in what `export` gave."""

def begin_sign_in(args: bytes) -> bytes:
    """Begins a sign-in; gives JSON, which holds secrets."""

def finish_sign_in(args: bytes) -> bytes:
    """Finishes one; gives JSON, which holds secrets."""

def browser_sign_in(args: bytes, functions: dict[str, Callable[..., Any]]) -> bytes:
    """Signs in with the browser of this machine, and blocks until the user has."""

def browser_sign_in_async(
    event_loop: asyncio.AbstractEventLoop, args: bytes, functions: dict[str, Callable[..., Any]]
) -> asyncio.Future[bytes]:
    """The same; a future of `event_loop`."""

@final
class Client:
    """A client of the core, and the process that it belongs to."""

    def __new__(
        cls,
        options: bytes,
        functions: dict[str, Callable[..., Any]],
        cache: TokenCache | None = None,
    ) -> Client: ...
    def call(self, name: str, args: bytes, payload: bytes | None = None) -> tuple[bytes, bytes]:
        """Makes a call and blocks until its answer is there: `(json, payload)`."""

    def call_async(
        self,
        event_loop: asyncio.AbstractEventLoop,
        name: str,
        args: bytes,
        payload: bytes | None = None,
    ) -> asyncio.Future[tuple[bytes, bytes]]:
        """Makes a call; a future of `event_loop` for its answer."""

    def pages(self, name: str, args: bytes) -> Pages:
        """Begins a listing. Nothing is sent before its first page is asked for."""

    def columns(self, name: str, args: bytes) -> Columns:
        """Begins a stream of columns. Nothing is sent before its first step is asked for."""

    def fetch(self, name: str, args: bytes) -> Chunks:
        """Begins a download, and blocks until its first bytes are there."""

    def fetch_async(
        self, event_loop: asyncio.AbstractEventLoop, name: str, args: bytes
    ) -> asyncio.Future[Chunks]:
        """Begins a download; a future of `event_loop` for it."""

    def close(self) -> None:
        """Ends everything that is in flight. In a child of the process there is nothing to end."""

@final
class Chunks:
    """The bytes of one download."""

    def head(self) -> bytes:
        """What is known of them, as JSON."""

    def next(self, received: int) -> bytes | None:
        """The next bytes, or `None` after the last. Who has received fewer chunks than there were
        gets the newest one again.
        """

    def next_async(
        self, event_loop: asyncio.AbstractEventLoop, received: int
    ) -> asyncio.Future[bytes | None]:
        """A future of `event_loop` for what `next` would return."""

    def read(self) -> bytes:
        """All of it; blocks until it is there."""

    def read_async(self, event_loop: asyncio.AbstractEventLoop) -> asyncio.Future[bytes]:
        """A future of `event_loop` for all of it."""

    def save(self, path: str, overwrite: bool) -> bytes:
        """Saves it as a file, or in a folder, and blocks until it has: what was saved, as JSON."""

    def save_async(
        self, event_loop: asyncio.AbstractEventLoop, path: str, overwrite: bool
    ) -> asyncio.Future[bytes]:
        """A future of `event_loop` for what `save` would return."""

    def close(self) -> None:
        """Ends it, and with it the connection that it holds."""

@final
class Pages:
    """The pages of one listing. Asked for one at a time; a second request waits for the first."""

    def next(self, received: int | None = None) -> tuple[bytes | Rows, bytes, bytes] | None:
        """The next page, or `None` after the last: `(items, payload, meta)`, where `items` are rows
        or JSON. Who says how many pages were received gets the newest one again if it was not among
        them.
        """

    def next_async(
        self, event_loop: asyncio.AbstractEventLoop, received: int | None = None
    ) -> asyncio.Future[tuple[bytes | Rows, bytes, bytes] | None]:
        """A future of `event_loop` for what `next` would return."""

    def commit(self, pages: int) -> None:
        """Remembers that the first so many pages are safe; also while another thread waits for the
        next one.
        """

    def commit_async(
        self, event_loop: asyncio.AbstractEventLoop, pages: int
    ) -> asyncio.Future[None]:
        """A future of `event_loop` for what `commit` does."""

    def close(self) -> None:
        """Ends the listing and what it has in flight. `next` then finds no more pages."""

    def wait_closed(self) -> None:
        """Ends the listing, and blocks until it has let go of everything it held."""

    def wait_closed_async(self, event_loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """A future of `event_loop` for what `wait_closed` does."""

@final
class Rows:
    """The items of a page, for records to be made of."""

    def __len__(self) -> int: ...
    def records(self, cls: type[Any]) -> list[Any]:
        """All items, as records of a class that stands on `Row`."""

@disjoint_base
class Row:
    """What a record stands on whose fields are filled when they are touched."""

    def __new__(cls, *place: Any, **fields: Any) -> Self:
        """A record at a place of `rows`; one of anything else is empty, for `__init__` to fill."""

@final
class Field:
    """A field of such a record, as an attribute of its class."""

    def __new__(
        cls, at: int, name: str, key: str, read: Callable[[Any], Any] | None = None
    ) -> Field:
        """The field at a position: its name, its name in the model, and how it is read from what
        JSON has.
        """

    @property
    def __name__(self) -> str: ...
    def __get__(self, instance: object, owner: object = None, /) -> Any: ...
    def __set__(self, instance: Row, value: object, /) -> None: ...

@final
class Columns:
    """The columns of one operation. Asked for one step at a time; a second request waits for the
    first.
    """

    def schema(self) -> object:
        """The schema of all batches, as a capsule `arrow_schema`."""

    def next(self) -> tuple[list[Batch], bytes] | None:
        """The next step, or `None` after the last: `(batches, meta)`."""

    def next_async(
        self, event_loop: asyncio.AbstractEventLoop
    ) -> asyncio.Future[tuple[list[Batch], bytes] | None]:
        """A future of `event_loop` for what `next` would return."""

    def capsule(
        self,
        told: Callable[[bytes | None], object],
        failed: Callable[[BaseException], object],
    ) -> object:
        """All that is left, as a capsule `arrow_array_stream`. `told` is called with the meta of
        each step, and with `None` after the last; `failed` with the exception that ends it.
        """

    def close(self) -> None:
        """Ends it and what it has in flight. `next` then finds nothing more."""

    def wait_closed(self) -> None:
        """Ends it, and blocks until it has let go of everything it held."""

    def wait_closed_async(self, event_loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        """A future of `event_loop` for what `wait_closed` does."""

@final
class Batch:
    """Rows of one schema, which any library that speaks Arrow can take without copying."""

    def __len__(self) -> int: ...
    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        """Its schema and its rows, as capsules `arrow_schema` and `arrow_array`."""

    def __arrow_c_schema__(self) -> object:
        """Its schema, as a capsule `arrow_schema`."""

@final
class Collected:
    """Batches that have all arrived, to be handed over once: nothing is held twice."""

    def __new__(cls, columns: Columns, batches: list[Batch]) -> Collected: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """All batches, as a capsule `arrow_array_stream`."""

@final
class Reply:
    """Where `m365kit._functions` puts the answer. Dropped unanswered, the call fails."""

    def answer(self, json: str) -> None:
        """Answers with JSON."""

    def failure(self, exception: BaseException) -> None:
        """Answers with the exception that the function raised."""

@final
class Sandbox:
    """A running sandbox. It lives on threads of its own until it is closed."""

    def __new__(cls, config: bytes) -> Sandbox: ...
    def describe(self) -> str:
        """Where it is and how to sign in to it, as JSON."""

    def control(self, name: str, args: str) -> str:
        """One of its control operations; arguments and result are JSON."""

    def close(self) -> None:
        """Stops it."""

def _shutdown() -> None:
    """Closes the gate and ends the runtime; `atexit` calls it."""
