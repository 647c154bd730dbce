"""Records as columns: Arrow batches, and the data frames that are made of them."""

from __future__ import annotations

from . import _native
from ._base import running_loop
from ._notes import Reading, Told
from ._paged import AsyncPaged, Paged
from ._values import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Any, Self, TypeVar

    import pandas
    import polars
    import pyarrow

    from ._base import AsyncScope, Scope
    from ._errors import M365Error
    from ._faces.shared_records import Report, Warning
    from ._native import Batch
    from ._progress import Progress
    from ._record import Record

    R = TypeVar("R", bound=Record)
    T = TypeVar("T")
else:
    R = None


class _Columns(Reading["_native.Columns"]):
    """What both kinds of batches share.

    Attributes:
        error: What ended the latest reading, if that was an error: a library that reads the stream
            raises an error of its own, with the text of this one.
        errors: What went wrong in parts of a feed so far, if it was asked to collect errors.
        warnings: What the feed has to say beside its records so far.
        report: What the feed did, in numbers, as of the latest step.
    """

    __slots__ = ("_args", "_name", "_scope", "error")

    error: BaseException | None
    errors: list[M365Error]
    warnings: list[Warning]
    report: Report | None

    def __init__(
        self,
        scope: Scope | AsyncScope,
        name: str,
        args: Mapping[str, Any],
        *,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(progress)
        self._scope = scope
        self._name = name
        self._args = encode(args)
        # Now and not at the first batch, so that a wrong argument is reported where it was written.
        self._begun = self._begin()

    def _forget(self) -> None:
        super()._forget()
        self.error = None

    def _begin(self) -> _native.Columns:
        return self._scope.native.columns(self._name, self._args)

    def _failed(self, error: BaseException) -> None:
        self.error = error
        self._silence()

    def __arrow_c_schema__(self) -> object:
        """The schema of all batches, as a capsule; nothing is requested for it."""
        if self._begun is None:
            self._begun = self._begin()
        return self._begun.schema()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name} {self._args.decode()}>"


class Batches(_Columns):
    """Arrow record batches, as they arrive.

    Any library that speaks Arrow reads them as a stream, without copying and without pyarrow:
    `polars.DataFrame(batches)`, `pyarrow.table(batches)`, `duckdb.from_arrow(batches)`. A `for`
    loop gives batch by batch; each can be handed to such a library, too. Nothing is requested
    before the first batch is wanted, and each new reading begins anew.
    """

    __slots__ = ()

    def __iter__(self) -> Iterator[Batch]:
        columns = self._take()
        try:
            while (step := columns.next()) is not None:
                batches, meta = step
                self._hear(Told(meta))
                yield from batches
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            columns.wait_closed()
            self._leave(columns)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """All batches, as a capsule. The schema that is asked for is a wish, which is not granted.

        Args:
            requested_schema: A capsule of a schema.
        """
        columns = self._take()

        def told(meta: bytes | None) -> None:
            if meta is None:
                self._leave(columns)
            else:
                self._hear(Told(meta))

        return columns.capsule(told, self._failed)

    def close(self) -> None:
        """Ends the readings of it, those of other threads, too, and lets go of what they hold."""
        for columns in self._held():
            columns.wait_closed()
            self._leave(columns)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _collect(self) -> _native.Collected:
        columns = self._take()
        batches: list[Batch] = []
        try:
            while (step := columns.next()) is not None:
                self._hear(Told(step[1]))
                batches += step[0]
            return _native.Collected(columns, batches)
        finally:
            columns.wait_closed()
            self._leave(columns)


class AsyncBatches(_Columns):
    """Arrow record batches, as they arrive.

    An `async for` loop gives batch by batch; each can be handed to any library that speaks Arrow,
    such as `polars.DataFrame(batch)`. Nothing is requested before the first batch is wanted, and
    each new loop begins anew.
    """

    __slots__ = ()

    async def __aiter__(self) -> AsyncIterator[Batch]:
        columns = self._take()
        try:
            event_loop = running_loop()
            while (step := await columns.next_async(event_loop)) is not None:
                batches, meta = step
                self._hear(Told(meta))
                for batch in batches:
                    yield batch
            await columns.wait_closed_async(event_loop)
        except BaseException as error:
            self._failed(error)
            raise
        finally:
            self._leave(columns)

    async def aclose(self) -> None:
        """Ends the loops over it, those of other tasks, too, and lets go of what they hold."""
        for columns in self._held():
            await columns.wait_closed_async(running_loop())
            self._leave(columns)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _collect(self) -> _native.Collected:
        columns = self._take()
        batches: list[Batch] = []
        try:
            event_loop = running_loop()
            while (step := await columns.next_async(event_loop)) is not None:
                self._hear(Told(step[1]))
                batches += step[0]
            await columns.wait_closed_async(event_loop)
            return _native.Collected(columns, batches)
        finally:
            self._leave(columns)


class Records(Paged[R]):
    """A listing of records that can also be had as a table, by whatever library makes it."""

    __slots__ = ()

    if TYPE_CHECKING:

        def batches(
            self,
            *,
            raw: bool = True,
            batch_rows: int | None = None,
            progress: Progress | None = None,
        ) -> Batches: ...

    def to_arrow(self, *, raw: bool = True, progress: Progress | None = None) -> pyarrow.Table:
        """Reads all records into a table of pyarrow, which must be installed.

        `errors`, `warnings` and `report` tell what the feed met on its way.

        Args:
            raw: Whether there is a column `raw` with the whole record as JSON text.
            progress: A function that gets a `Report` now and then, or `True` for a bar by tqdm or
                rich.

        Raises:
            ImportError: It is not installed.
        """
        return self._table("to_arrow", _arrow, raw, progress)

    def to_polars(self, *, raw: bool = True, progress: Progress | None = None) -> polars.DataFrame:
        """Reads all records into a data frame of polars, which must be installed.

        `errors`, `warnings` and `report` tell what the feed met on its way.

        Args:
            raw: Whether there is a column `raw` with the whole record as JSON text.
            progress: A function that gets a `Report` now and then, or `True` for a bar by tqdm or
                rich.

        Raises:
            ImportError: It is not installed.
        """
        return self._table("to_polars", _polars, raw, progress)

    def to_pandas(self, *, raw: bool = True, progress: Progress | None = None) -> pandas.DataFrame:
        """Reads all records into a data frame of pandas, which must be installed, with pyarrow.

        `errors`, `warnings` and `report` tell what the feed met on its way.

        Args:
            raw: Whether there is a column `raw` with the whole record as JSON text.
            progress: A function that gets a `Report` now and then, or `True` for a bar by tqdm or
                rich.

        Raises:
            ImportError: One of them is not installed.
        """
        return self._table("to_pandas", _pandas, raw, progress)

    def _table(
        self,
        method: str,
        maker: Callable[[str], Callable[[_native.Collected], T]],
        raw: bool,
        progress: Progress | None,
    ) -> T:
        make = maker(method)
        batches = self.batches(raw=raw, progress=self._shown(progress))
        self._put_aside()
        try:
            collected = batches._collect()
        finally:
            self._copy(batches)
        return make(collected)


class AsyncRecords(AsyncPaged[R]):
    """A listing of records that can also be had as a table, by whatever library makes it."""

    __slots__ = ()

    if TYPE_CHECKING:

        def batches(
            self,
            *,
            raw: bool = True,
            batch_rows: int | None = None,
            progress: Progress | None = None,
        ) -> AsyncBatches: ...

    async def to_arrow(
        self, *, raw: bool = True, progress: Progress | None = None
    ) -> pyarrow.Table:
        """Reads all records into a table of pyarrow, which must be installed.

        `errors`, `warnings` and `report` tell what the feed met on its way.

        Args:
            raw: Whether there is a column `raw` with the whole record as JSON text.
            progress: A function that gets a `Report` now and then, or `True` for a bar by tqdm or
                rich.

        Raises:
            ImportError: It is not installed.
        """
        return await self._table("to_arrow", _arrow, raw, progress)

    async def to_polars(
        self, *, raw: bool = True, progress: Progress | None = None
    ) -> polars.DataFrame:
        """Reads all records into a data frame of polars, which must be installed.

        `errors`, `warnings` and `report` tell what the feed met on its way.

        Args:
            raw: Whether there is a column `raw` with the whole record as JSON text.
            progress: A function that gets a `Report` now and then, or `True` for a bar by tqdm or
                rich.

        Raises:
            ImportError: It is not installed.
        """
        return await self._table("to_polars", _polars, raw, progress)

    async def to_pandas(
        self, *, raw: bool = True, progress: Progress | None = None
    ) -> pandas.DataFrame:
        """Reads all records into a data frame of pandas, which must be installed, with pyarrow.

        `errors`, `warnings` and `report` tell what the feed met on its way.

        Args:
            raw: Whether there is a column `raw` with the whole record as JSON text.
            progress: A function that gets a `Report` now and then, or `True` for a bar by tqdm or
                rich.

        Raises:
            ImportError: One of them is not installed.
        """
        return await self._table("to_pandas", _pandas, raw, progress)

    async def _table(
        self,
        method: str,
        maker: Callable[[str], Callable[[_native.Collected], T]],
        raw: bool,
        progress: Progress | None,
    ) -> T:
        from asyncio import to_thread

        # Importing such a library takes a while, and so may its work: the loop goes on meanwhile.
        make = await to_thread(maker, method)
        batches = self.batches(raw=raw, progress=self._shown(progress))
        self._put_aside()
        try:
            collected = await batches._collect()
        finally:
            self._copy(batches)
        return await to_thread(make, collected)


def _arrow(method: str) -> Callable[[_native.Collected], pyarrow.Table]:
    try:
        import pyarrow
    except ImportError as error:
        raise _missing(method, "pyarrow") from error
    make: Callable[[_native.Collected], pyarrow.Table] = pyarrow.table
    return make


def _polars(method: str) -> Callable[[_native.Collected], polars.DataFrame]:
    try:
        import polars
    except ImportError as error:
        raise _missing(method, "polars") from error
    make: Callable[[_native.Collected], polars.DataFrame] = polars.DataFrame
    return make


def _pandas(method: str) -> Callable[[_native.Collected], pandas.DataFrame]:
    try:
        import pandas
    except ImportError as error:
        raise _missing(method, "pandas", "pyarrow") from error
    try:
        import pyarrow
    except ImportError as error:
        raise _missing(method, "pyarrow") from error

    # Whole numbers that may be absent would become floats.
    types = {
        pyarrow.uint16(): pandas.UInt16Dtype(),
        pyarrow.int64(): pandas.Int64Dtype(),
        pyarrow.bool_(): pandas.BooleanDtype(),
    }

    def make(collected: _native.Collected) -> pandas.DataFrame:
        table = pyarrow.table(collected)
        # The table is used up column by column, so that no two of them are there twice.
        return table.to_pandas(types_mapper=types.get, split_blocks=True, self_destruct=True)

    return make


def _missing(method: str, *packages: str) -> ImportError:
    names = " and ".join(packages)
    what = f"{method}() needs {names}: `pip install {' '.join(packages)}`"
    return ImportError(what, name=packages[0])
