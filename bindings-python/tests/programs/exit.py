"""A program that exits in the middle of calls; `exits.py` says in which manner and when."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
import threading
import time
from typing import Any

import m365kit

MANNER, DELAY = sys.argv[1], float(sys.argv[2])
ABOUT = json.load(sys.stdin)
STATE = ABOUT["state"]


def options() -> dict[str, Any]:
    return {
        "tenant": ABOUT["tenant"],
        "credential": m365kit.ClientSecret(ABOUT["clientId"], ABOUT["clientSecret"]),
        "cloud": m365kit.Cloud.custom(**ABOUT["cloud"]),
        "rate_limit": 60_000,
    }


def read(client: m365kit.Client) -> None:
    for _ in client.audit.records(last="25h", ordered=False):
        pass


async def read_async(client: m365kit.AsyncClient) -> None:
    async for _ in client.audit.records(last="25h", ordered=False):
        pass


def blocking() -> None:
    """The end comes by a signal, while the main thread waits for an answer."""
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(0))
    signal.setitimer(signal.ITIMER_REAL, DELAY + 0.01)
    client = m365kit.Client(**options())
    while True:
        read(client)


def daemon_thread() -> None:
    """The end comes while threads that nobody waits for are in the middle of calls."""
    client = m365kit.Client(**options())
    for _ in range(3):
        threading.Thread(target=read, args=[client], daemon=True).start()
    time.sleep(DELAY)


def asyncio_run() -> None:
    """A loop that is closed in an orderly way, with tasks still at work."""

    async def main() -> None:
        client = m365kit.AsyncClient(**options())
        tasks = [asyncio.create_task(read_async(client)) for _ in range(3)]
        await asyncio.sleep(DELAY)
        assert tasks

    asyncio.run(main())


def asyncio_left() -> None:
    """A loop that is left behind as it is, its tasks neither cancelled nor awaited."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    client = m365kit.AsyncClient(**options())
    tasks = [loop.create_task(read_async(client)) for _ in range(3)]
    loop.run_until_complete(asyncio.sleep(DELAY))
    for task in tasks:
        # Says that it was destroyed while pending, which is what this is about.
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    globals()["kept"] = (loop, tasks)


def follow() -> m365kit.Following[m365kit.AuditRecord]:
    """A feed, opened in a folder that the runner cleans up."""
    client = m365kit.Client(**options())
    return client.audit.follow(STATE, poll_interval="50ms", lag="3s")


def follow_blocking() -> None:
    """The end comes by a signal, while a follower waits for the next page, or writes its state."""
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(0))
    signal.setitimer(signal.ITIMER_REAL, DELAY + 0.01)
    globals()["kept"] = feed = follow()
    for _ in feed:
        pass


def follow_files() -> None:
    """A daemon thread writes files and state until the very end."""
    files = follow().into_jsonl(STATE + ".files")
    threading.Thread(target=lambda: list(files), daemon=True).start()
    time.sleep(DELAY)


def follow_left() -> None:
    """A loop that is left behind while one task waits for a page and another one commits."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    client = m365kit.AsyncClient(**options())
    feed = client.audit.follow(STATE, poll_interval="50ms", lag="3s", commit="manual")

    async def read() -> None:
        async for _ in feed.pages():
            await feed.commit()

    async def commit() -> None:
        while True:
            await asyncio.sleep(0)
            try:
                await feed.commit()
            except m365kit.InvalidRequest:
                pass

    tasks = [loop.create_task(read()), loop.create_task(commit())]
    loop.run_until_complete(asyncio.sleep(DELAY))
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]
    globals()["kept"] = (loop, tasks)


def stream() -> m365kit.Batches:
    """Columns that any library of the caller's reads."""
    client = m365kit.Client(**options())
    return client.audit.records(last="25h", ordered=False).batches(batch_rows=50)


def columns_blocking() -> None:
    """The end comes by a signal, while the main thread collects columns."""
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(0))
    signal.setitimer(signal.ITIMER_REAL, DELAY + 0.01)
    batches = stream()
    while True:
        batches._collect()


def columns_daemon() -> None:
    """The end comes while threads that nobody waits for pull batches, one of them by a library."""
    import pyarrow

    threading.Thread(target=lambda: list(stream()), daemon=True).start()
    threading.Thread(target=lambda: pyarrow.table(stream()), daemon=True).start()
    time.sleep(DELAY)


def columns_library() -> None:
    """The end comes by a signal, while a library waits for a batch on the main thread."""
    import pyarrow

    signal.signal(signal.SIGALRM, lambda *_: sys.exit(0))
    signal.setitimer(signal.ITIMER_REAL, DELAY + 0.01)
    while True:
        try:
            pyarrow.table(stream())
        except pyarrow.ArrowException:
            # The exit goes through the library as text.
            sys.exit(0)


def columns_left() -> None:
    """A stream that is open when everything goes down, some batches of it read."""
    import pyarrow

    batches = stream()
    reader = pyarrow.RecordBatchReader.from_stream(batches)
    first = reader.read_next_batch()
    globals()["kept"] = (reader, first, batches, iter(stream()))


def records_left() -> None:
    """Records that nobody has touched yet are there until the very end."""
    globals()["kept"] = [next(iter(m365kit.Client(**options()).audit.records(last="25h")))]
    assert globals()["kept"][0].raw


def token() -> None:
    """A callback that is asked again and again, and is slow."""

    def give(_: m365kit.TokenRequest) -> str:
        time.sleep(0.02)
        return "of no use"

    client = m365kit.Client(**{**options(), "credential": m365kit.Callback(give)})

    def ask() -> None:
        while True:
            try:
                client.audit.list_subscriptions()
            except m365kit.AuthError:
                pass

    for _ in range(3):
        threading.Thread(target=ask, daemon=True).start()
    time.sleep(DELAY)


def logs() -> None:
    """A log handler of the user's, with much to do until the very end."""
    handler = logging.StreamHandler(open("/dev/null", "w"))  # noqa: SIM115 (until the end)
    logger = logging.getLogger("m365kit")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    daemon_thread()


globals()[MANNER]()
