"""Columns: each library takes the stream, and its errors, ends and threads are those of Python."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest

import m365kit
from conftest import Aborted, until
from test_tokens import token_of


def ids(sandbox: m365kit.Sandbox) -> list[str]:
    return sorted(sandbox.feed(ids=True)["ids"])


def taken_by_polars(batches: m365kit.Batches) -> list[str]:
    return [str(id) for id in polars.DataFrame(batches)["id"]]


def taken_by_pyarrow(batches: m365kit.Batches) -> list[str]:
    return [str(id) for id in pyarrow.table(batches)["id"].to_pylist()]


def taken_by_pandas(batches: m365kit.Batches) -> list[str]:
    return list(pandas.DataFrame.from_arrow(batches)["id"])


def taken_by_duckdb(batches: m365kit.Batches) -> list[str]:
    reader = pyarrow.RecordBatchReader.from_stream(batches)
    assert reader.schema.names[0] == "id"
    return [row[0] for row in duckdb.sql("SELECT id FROM reader").fetchall()]


def taken_by_duckdb_as_it_is(batches: m365kit.Batches) -> list[str]:
    return [row[0] for row in duckdb.sql("SELECT id FROM batches").fetchall()]


def taken_by_datafusion(batches: m365kit.Batches) -> list[str]:
    datafusion = pytest.importorskip("datafusion")
    frame = datafusion.SessionContext().from_arrow(batches)
    return [str(id) for batch in frame.collect() for id in batch.column("id").to_pylist()]


@pytest.mark.parametrize(
    "take",
    [
        taken_by_polars,
        taken_by_pyarrow,
        taken_by_pandas,
        taken_by_duckdb,
        taken_by_duckdb_as_it_is,
        taken_by_datafusion,
    ],
)
def test_a_library_takes_the_stream(
    sandbox: m365kit.Sandbox, take: Callable[[m365kit.Batches], list[str]]
) -> None:
    with sandbox.client() as client:
        batches = client.audit.records(last="24h").batches(batch_rows=7)
        assert sorted(take(batches)) == ids(sandbox)
        assert batches.report is not None
        assert batches.report.records == len(ids(sandbox))
        assert batches.error is None


def test_the_types_arrive_as_they_are(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        records = client.audit.records(last="24h")
        schema = pyarrow.schema(records.batches(raw=False))
        table = records.to_arrow()
        frame = records.to_polars()
        pandas_frame = records.to_pandas()
    assert schema.field("creation_time").type == pyarrow.timestamp("us", "+00:00")
    words = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    assert schema.field("operation").type == words
    assert schema.field("client_port").type == pyarrow.uint16()
    assert "raw" not in schema.names
    assert table.schema.names == [*schema.names, "raw"]
    assert frame.schema["creation_time"] == polars.Datetime("us", "UTC")
    assert frame.schema["operation"] == polars.Categorical
    assert frame.schema["raw"] == polars.String
    assert str(pandas_frame["creation_time"].dtype).startswith("datetime64[us, ")
    assert pandas_frame["operation"].dtype == "category"
    assert pandas_frame["client_port"].dtype == "UInt16"
    assert table.num_rows == len(frame) == len(pandas_frame) == len(ids(sandbox))


def test_columns_hold_what_records_hold(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        listing = client.audit.records(last="24h")
        frame = listing.to_polars()
        records = list(listing)
    assert frame["id"].to_list() == [record.id for record in records]
    assert frame["creation_time"].to_list() == [record.creation_time for record in records]
    assert frame["raw"].to_list() == [record.raw for record in records]
    kinds = [record.record_type and record.record_type.name for record in records]
    assert frame["record_type"].to_list() == kinds


def test_extended_columns(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        records = client.audit.records(last="24h", extended=["ApplicationId"])
        assert records.to_polars()["ApplicationId"].drop_nulls().len() > 0
        with pytest.raises(m365kit.InvalidRequest, match="ApplicationIdx"):
            client.audit.records(last="24h", extended=["ApplicationIdx"]).batches()


def test_batches_come_one_by_one(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        batches = client.audit.records(last="24h").batches(batch_rows=7)
        seen = []
        for batch in batches:
            assert 0 < len(batch) <= 7
            assert "rows" in repr(batch)
            seen += pyarrow.record_batch(batch)["id"].to_pylist()
            assert polars.DataFrame(batch).height == len(batch)
        assert sorted(seen) == ids(sandbox)
        # And once more, from the beginning.
        assert sum(map(len, batches)) == len(ids(sandbox))
        assert polars.DataFrame(batches).height == len(ids(sandbox))


def test_nothing_is_sent_for_the_schema(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        batches = client.audit.records(last="24h").batches()
        assert pyarrow.schema(batches).names[0] == "id"
        assert sandbox.ledger() == []


def test_a_token_callback_runs_while_a_library_pulls(sandbox: m365kit.Sandbox) -> None:
    asked = threading.Event()

    def give(request: m365kit.TokenRequest) -> str:
        asked.set()
        return token_of(sandbox)

    with m365kit.Client(
        sandbox.tenant, credential=m365kit.Callback(give), cloud=sandbox.cloud
    ) as client:
        frame = polars.DataFrame(client.audit.records(last="24h").batches())
    assert asked.is_set()
    assert sorted(frame["id"]) == ids(sandbox)


def test_a_stream_that_is_left_early_ends_on_the_wire(
    sandbox: m365kit.Sandbox, aborted: Aborted
) -> None:
    sandbox.fault({"stall": True}, match={"operation": "blob"}, when={"every": 2})
    with sandbox.client(concurrency=2) as client:
        batches = client.audit.records(last="24h", ordered=False).batches(batch_rows=1)
        reader = pyarrow.RecordBatchReader.from_stream(batches)
        assert reader.read_next_batch().num_rows == 1
        until(lambda: [request for request in sandbox.ledger() if "fault" in request])
        del reader
        gc.collect()
        assert aborted(sandbox)
        for _ in batches:
            break


def test_an_error_in_the_middle_is_told_by_the_library_and_kept(sandbox: m365kit.Sandbox) -> None:
    sandbox.fault({"status": 404}, match={"operation": "blob"}, when={"every": 6})
    with sandbox.client() as client:
        records = client.audit.records(last="24h", on_error="raise_at_once")
        batches = records.batches(batch_rows=5)
        with pytest.raises(Exception, match=r"404|NotFound|not there") as told:
            pyarrow.table(batches)
        assert not isinstance(told.value, m365kit.M365Error)
        assert isinstance(batches.error, m365kit.M365Error)
        # What we collect ourselves raises it as it is.
        for collect in (records.to_arrow, records.to_polars, records.to_pandas):
            with pytest.raises(m365kit.M365Error):
                collect()
        with pytest.raises(m365kit.M365Error):
            list(batches)


def test_errors_are_collected_beside_a_frame(sandbox: m365kit.Sandbox) -> None:
    sandbox.fault({"status": 404}, match={"operation": "blob"}, when={"every": 6})
    with sandbox.client() as client:
        records = client.audit.records(last="24h", on_error="collect")
        frame = records.to_polars()
        assert len(records.errors) == 2
        assert records.report is not None
        assert records.report.records == frame.height < len(ids(sandbox))


def test_a_progress_function_that_fails_ends_the_stream(sandbox: m365kit.Sandbox) -> None:
    def fail(report: m365kit.Report) -> None:
        raise ZeroDivisionError

    with sandbox.client() as client:
        with pytest.raises(ZeroDivisionError):
            client.audit.records(last="24h").to_polars(progress=fail)
        batches = client.audit.records(last="24h").batches(progress=fail)
        with pytest.raises(Exception, match="ZeroDivisionError"):
            polars.DataFrame(batches)
        assert isinstance(batches.error, ZeroDivisionError)


def test_async_frames_leave_the_loop_alone(sandbox: m365kit.Sandbox) -> None:
    async def main() -> None:
        turns = 0

        async def turn() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with sandbox.async_client() as client:
            other = asyncio.create_task(turn())
            records = client.audit.records(last="24h")
            frame = await records.to_polars()
            table = await records.to_arrow()
            made = await records.to_pandas()
            other.cancel()
            assert frame.height == table.num_rows == len(made) == len(ids(sandbox))
            assert records.report is not None
            assert turns > 10
            async with records.batches(batch_rows=7) as batches:
                rows = [len(batch) async for batch in batches]
            assert sum(rows) == len(ids(sandbox))
            assert pyarrow.schema(batches).names[0] == "id"

    asyncio.run(main())


def test_a_frame_whose_task_is_cancelled_ends_on_the_wire(
    sandbox: m365kit.Sandbox, aborted: Aborted
) -> None:
    sandbox.fault({"stall": True}, match={"operation": "blob"}, when="always")

    async def main() -> None:
        async with sandbox.async_client() as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await client.audit.records(last="24h").to_polars()

    asyncio.run(main())
    assert aborted(sandbox)


def test_what_is_not_installed_is_named(
    sandbox: m365kit.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sandbox.client() as client:
        records = client.audit.records(last="24h")
        for method, package in (
            ("to_arrow", "pyarrow"),
            ("to_polars", "polars"),
            ("to_pandas", "pandas"),
        ):
            with monkeypatch.context() as without:
                without.setitem(sys.modules, package, None)
                with pytest.raises(ImportError, match=rf"{method}.* needs {package}.*pip install"):
                    getattr(records, method)()
    assert sandbox.ledger() == []


def test_lines_are_bytes(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        listing = client.audit.records(last="24h")
        lines = list(listing.lines())
        text = b"".join(part.bytes for part in lines)
        assert sum(part.records for part in lines) == text.count(b"\n") == len(ids(sandbox))
        assert [record.raw for record in listing] == text.decode().splitlines()
        assert "bytes" not in repr(lines[0])
        assert lines[0].to_dict() == {"records": lines[0].records}


def test_files_are_written(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    with sandbox.client() as client:
        records = client.audit.records(last="24h")
        written = records.write_jsonl(tmp_path / "day.jsonl")
        assert written.files == [str(tmp_path / "day.jsonl")]
        assert (tmp_path / "day.jsonl").read_bytes().count(b"\n") == written.records
        assert records.report is not None
        assert written.records == records.report.records == len(ids(sandbox))
        with pytest.raises(m365kit.M365Error, match="overwrite"):
            records.write_jsonl(tmp_path / "day.jsonl")

        written = records.write_parquet(tmp_path / "day", partition_by=["workload"])
        assert len(written.files) > 1
        found = polars.scan_parquet(tmp_path / "day", hive_partitioning=True).collect()
        assert sorted(found["id"]) == ids(sandbox)
        one = records.write_parquet(tmp_path / "day.parquet", raw=False, compression="snappy")
        assert pyarrow.parquet.read_table(tmp_path / "day.parquet").num_rows == one.records
        # The handle is a listing as before.
        assert len(list(records)) == one.records


def test_files_are_written_while_the_loop_goes_on(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    reports: list[m365kit.Report] = []

    async def main() -> m365kit.Written:
        async with sandbox.async_client() as client:
            records = client.audit.records(last="24h", progress=reports.append)
            return await records.write_parquet(tmp_path / "day.parquet")

    written = asyncio.run(main())
    assert reports[-1].records == written.records == len(ids(sandbox))


def test_what_a_write_could_not_read_is_raised_after_the_rest(
    sandbox: m365kit.Sandbox, tmp_path: Path
) -> None:
    sandbox.fault({"status": 404}, match={"operation": "blob"}, times=1, when="always")
    with sandbox.client() as client:
        records = client.audit.records(last="24h", on_error="collect")
        written = records.write_parquet(tmp_path / "day.parquet")
        assert len(records.errors) == 1
        assert 0 < written.records < len(ids(sandbox))
        with pytest.raises(m365kit.InvalidRequest, match="partition"):
            records.write_parquet(tmp_path / "other", partition_by=["moon"])


def test_a_follower_writes_parquet(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    with sandbox.client() as client:
        feed: Any = client.audit.follow(
            tmp_path / "a.m365state", last="24h", lag="3s", stop_when_caught_up=True
        )
        with feed.into_parquet(tmp_path / "audit") as steps:
            written = sum(step.records for step in steps)
    found = polars.read_parquet(tmp_path / "audit" / "*.parquet")
    assert found.height == written > 0


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on files there")
def test_a_disk_that_fills_leaves_what_was_there_and_nothing_half_written(tmp_path: Path) -> None:
    program = Path(__file__).parent / "programs" / "full.py"
    done = subprocess.run(
        [sys.executable, program, tmp_path], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
