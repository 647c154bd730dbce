"""Whatever ends a call in Python ends it on the wire, too."""

from __future__ import annotations

import asyncio
import gc
import time
from threading import Thread

import pytest

import m365kit
from conftest import Aborted, until


def stall(sandbox: m365kit.Sandbox) -> None:
    """Lets the sandbox never answer again, once it has given a token."""
    for path in ("/subscriptions/", "/audit/"):
        sandbox.fault({"stall": True}, match={"path": path}, when="always")


def test_cancelling_a_task_ends_the_request(sandbox: m365kit.Sandbox, aborted: Aborted) -> None:
    async def main() -> None:
        async with sandbox.async_client() as client:
            stall(sandbox)
            task = asyncio.create_task(client.audit.list_subscriptions())
            while not sandbox.ledger(path="/subscriptions/list"):
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            (request,) = await asyncio.to_thread(aborted, sandbox)
            assert request["path"].endswith("/subscriptions/list")

    asyncio.run(main())


def test_a_timeout_ends_the_request(sandbox: m365kit.Sandbox, aborted: Aborted) -> None:
    async def main() -> None:
        async with sandbox.async_client() as client:
            stall(sandbox)
            begin = time.monotonic()
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.5):
                    async for _ in client.audit.records(last="24h"):
                        pass
            assert type(caught.value) is TimeoutError
            assert time.monotonic() - begin < 2
            await asyncio.to_thread(aborted, sandbox)

    asyncio.run(main())


def test_the_client_is_of_use_after_a_cancelled_call(sandbox: m365kit.Sandbox) -> None:
    async def main() -> None:
        async with sandbox.async_client() as client:
            stall(sandbox)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.audit.list_subscriptions(), 0.3)
            sandbox.clear_faults()
            assert await client.audit.list_subscriptions()

    asyncio.run(main())


def test_closing_an_async_client_ends_what_is_in_flight(
    sandbox: m365kit.Sandbox, aborted: Aborted
) -> None:
    async def main() -> None:
        client = sandbox.async_client()
        stall(sandbox)
        task = asyncio.create_task(client.audit.list_subscriptions())
        while not sandbox.ledger(path="/subscriptions/list"):
            await asyncio.sleep(0.01)
        await client.aclose()
        with pytest.raises(m365kit.Cancelled):
            await task
        await asyncio.to_thread(aborted, sandbox)

    asyncio.run(main())


def test_closing_a_client_ends_the_calls_of_other_threads(
    sandbox: m365kit.Sandbox, aborted: Aborted
) -> None:
    client = sandbox.client()
    stall(sandbox)
    raised: list[BaseException] = []

    def work() -> None:
        try:
            client.audit.list_subscriptions()
        except BaseException as error:
            raised.append(error)

    thread = Thread(target=work)
    thread.start()
    until(lambda: sandbox.ledger(path="/subscriptions/list"))
    client.close()
    thread.join(5)
    assert [type(error) for error in raised] == [m365kit.Cancelled]
    aborted(sandbox)
    with pytest.raises(m365kit.Cancelled):
        client.audit.list_subscriptions()


def quiet(sandbox: m365kit.Sandbox) -> bool:
    """Whether the sandbox hears nothing new for a while."""
    before = sandbox.stats()["requests"]
    time.sleep(0.4)
    return sandbox.stats()["requests"] == before


def test_leaving_a_loop_ends_the_listing() -> None:
    with m365kit.Sandbox(blobs=400, records=3) as sandbox, sandbox.client() as client:
        for _ in client.audit.records(last="24h"):
            break
        until(lambda: quiet(sandbox))
        assert sandbox.stats()["requests"] < 200


def test_leaving_an_async_loop_ends_the_listing() -> None:
    async def main(sandbox: m365kit.Sandbox) -> None:
        async with sandbox.async_client() as client:
            async for _ in client.audit.records(last="24h"):
                break
            gc.collect()
            await asyncio.sleep(0)
            await asyncio.to_thread(until, lambda: quiet(sandbox))
            assert sandbox.stats()["requests"] < 200

    with m365kit.Sandbox(blobs=400, records=3) as sandbox:
        asyncio.run(main(sandbox))


def test_nothing_is_sent_for_a_listing_that_nobody_reads(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        listing = client.audit.records(last="24h")
        time.sleep(0.2)
        assert sandbox.ledger() == []
        del listing
        assert sandbox.ledger() == []


def test_a_loop_that_is_closed_with_calls_in_flight(sandbox: m365kit.Sandbox) -> None:
    client = sandbox.async_client()
    stall(sandbox)

    async def main() -> None:
        task = asyncio.create_task(client.audit.list_subscriptions())
        await asyncio.sleep(0.1)
        assert not task.done()

    asyncio.run(main())
    sandbox.clear_faults()

    async def again() -> None:
        assert await client.audit.list_subscriptions()
        await client.aclose()

    asyncio.run(again())
