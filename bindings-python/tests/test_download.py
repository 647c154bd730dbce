"""Downloads: their connections, their errors, and what interrupts them."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

import m365kit
from conftest import Aborted

BYTES: dict[str, Any] = {"path": "/v1.0/bytes", "query": {"n": "300000"}}


def drip(sandbox: m365kit.Sandbox) -> None:
    """Lets bytes come so slowly that nobody waits for the last of them."""
    match = {"path": "/v1.0/bytes"}
    sandbox.fault({"dripBytes": 1000, "dripEvery": 0.05}, match=match, when="always")


def test_leaving_a_loop_ends_the_download(sandbox: m365kit.Sandbox, aborted: Aborted) -> None:
    with sandbox.client() as client:
        drip(sandbox)
        for chunk in client.download(**BYTES):
            assert len(chunk) < 300_000
            break
        aborted(sandbox)


def test_leaving_with_ends_the_download(sandbox: m365kit.Sandbox, aborted: Aborted) -> None:
    with sandbox.client() as client:
        drip(sandbox)
        with client.download(**BYTES) as download:
            assert download.file_name == "bytes.bin"
        aborted(sandbox)
        with pytest.raises(m365kit.Cancelled):
            download.read()
        with pytest.raises(m365kit.Cancelled):
            list(download)


def test_letting_go_of_a_download_ends_it(sandbox: m365kit.Sandbox, aborted: Aborted) -> None:
    with sandbox.client() as client:
        drip(sandbox)
        download = client.download(**BYTES)
        del download
        gc.collect()
        aborted(sandbox)


def test_leaving_an_async_loop_ends_the_download(
    sandbox: m365kit.Sandbox, aborted: Aborted
) -> None:
    async def main() -> None:
        async with sandbox.async_client() as client:
            drip(sandbox)
            async with client.download(**BYTES) as download:
                async for _ in download:
                    break
            await asyncio.to_thread(aborted, sandbox)

    asyncio.run(main())


@pytest.mark.parametrize("way", ["chunks", "read", "save"])
def test_cancelling_a_task_ends_its_download(
    sandbox: m365kit.Sandbox, aborted: Aborted, way: str, tmp_path: Path
) -> None:
    async def take(download: m365kit.AsyncDownload) -> None:
        if way == "read":
            await download.read()
        elif way == "save":
            await download.save(tmp_path)
        else:
            async with aclosing(aiter(download)) as chunks:
                async for _ in chunks:
                    pass

    async def main() -> None:
        async with sandbox.async_client() as client:
            drip(sandbox)
            download = await client.download(**BYTES)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(take(download), 0.3)
            await download.aclose()
            await asyncio.to_thread(aborted, sandbox)
        assert not list(tmp_path.iterdir())

    asyncio.run(main())


def test_a_wait_that_was_cancelled_loses_no_bytes(sandbox: m365kit.Sandbox) -> None:
    async def main() -> None:
        async with sandbox.async_client() as client:
            whole = await client.download(**BYTES).read()
            match = {"path": "/v1.0/bytes"}
            sandbox.fault({"dripBytes": 30_000, "dripEvery": 0.05}, match=match, when="always")
            download = await client.download(**BYTES)
            chunks, loop = download._chunks, asyncio.get_running_loop()
            assert chunks is not None
            came: list[bytes] = []
            while True:
                try:
                    chunk = await asyncio.wait_for(chunks.next_async(loop, len(came)), 0.02)
                except TimeoutError:
                    continue
                if chunk is None:
                    break
                came.append(chunk)
            assert b"".join(came) == whole

    asyncio.run(main())


def test_nothing_is_sent_before_an_async_download_is_awaited(sandbox: m365kit.Sandbox) -> None:
    async def main() -> None:
        async with sandbox.async_client() as client:
            download = client.download(**BYTES)
            with pytest.raises(m365kit.InvalidRequest, match="has not begun"):
                _ = download.length
            await download.aclose()
            assert not sandbox.ledger()
            assert len(await download.read()) == 300_000
            assert download.content_type == "application/octet-stream"

    asyncio.run(main())


def test_a_download_is_read_once(sandbox: m365kit.Sandbox, tmp_path: Path) -> None:
    with sandbox.client() as client:
        download = client.download(**BYTES)
        saved = download.save(tmp_path / "a.bin")
        assert (Path(saved.path), saved.bytes) == (tmp_path / "a.bin", 300_000)
        with pytest.raises(m365kit.InvalidRequest, match="read already"):
            download.read()
        with pytest.raises(m365kit.InvalidRequest):
            download.save(b"bytes")  # type: ignore[arg-type]


def test_closing_the_client_ends_its_downloads(sandbox: m365kit.Sandbox, aborted: Aborted) -> None:
    client = sandbox.client()
    drip(sandbox)
    download = client.download(**BYTES)
    chunks = iter(download)
    next(chunks)
    client.close()
    with pytest.raises(m365kit.Cancelled):
        list(chunks)
    aborted(sandbox)


def test_errors_have_their_classes(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client(attempts=1) as client:
        with pytest.raises(m365kit.NotFound):
            client.download("/v1.0/nothing")
        sandbox.fault({"cutAfter": 10_000}, match={"path": "/v1.0/bytes"})
        with pytest.raises(m365kit.NetworkError, match="cut short"):
            list(client.download(**BYTES))


def test_how_many_items_there_are_is_not_known_unless_it_was_asked_for(
    sandbox: m365kit.Sandbox,
) -> None:
    with sandbox.client() as client:
        listing = client.audit.list_content(m365kit.ContentType.EXCHANGE)
        assert [page.total for page in listing.pages()] == [None]
        assert listing.count is None
