"""Delivers blobs to a webhook while a share of the deliveries goes wrong, and counts what arrives.

python webhook_run.py --blobs 300

The sandbox announces new content to `WebhookApp`, which uvicorn serves; a follower of the same
process reads the content. Each blob must arrive exactly once.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
import tempfile
import time
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

import m365kit
from m365kit.webhook import WebhookApp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import Literal

    Action = Literal["drop", "delay", "duplicate", "reorder", "fail"]

TYPES = ["Audit.AzureActiveDirectory", "Audit.Exchange", "Audit.SharePoint", "Audit.General"]
AUTH_ID = "agreed on"
RECORDS = 3
POLL = timedelta(seconds=1)
SETTLE = 6
"""Seconds until everything was listed again: the lag, and the longest pause of an idle follower."""


@dataclass
class Outcome:
    """What came of a run."""

    deliveries: int
    failures: int
    notified: int
    seconds: float
    """Until the last blob was there."""
    early: int
    """Blobs that were there before polling could have found them."""
    times: Counter[int]
    """How many blobs arrived how often."""

    @property
    def is_right(self) -> bool:
        """Whether each blob arrived exactly once, although something failed."""
        return set(self.times) == {1} and self.failures > 0


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Serves an application on this machine; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    task = asyncio.create_task(server._serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/m365"
    finally:
        server.should_exit = True
        await task


async def run(
    blobs: int, share: float, actions: Sequence[Action] = ("drop", "fail"), seed: int = 1
) -> Outcome:
    """Lets so many blobs come, while that share of the deliveries goes wrong."""
    with (
        tempfile.TemporaryDirectory() as folder,
        m365kit.Sandbox(
            blobs=0, subscribed=False, webhook_http=True, webhook_retry=[0.1, 0.2, 0.4], seed=seed
        ) as sandbox,
    ):
        async with sandbox.async_client(rate_limit=60_000) as client:
            notified = Counter[str]()
            app = WebhookApp(
                client,
                auth_id=AUTH_ID,
                on_notification=lambda notification: notified.update([notification.content_id]),
            )
            async with serving(app) as address:
                webhook = m365kit.WebhookTarget(address=address, auth_id=AUTH_ID)
                for content_type in TYPES:
                    await client.audit.start(content_type, webhook=webhook)
                sandbox.webhook_faults(share, seed=seed, actions=actions)
                feed = client.audit.follow(
                    Path(folder), content_types=TYPES, last="1h", poll_interval=POLL, lag="3s"
                )
                async with feed:
                    return await count(sandbox, feed, blobs, notified)


async def count(
    sandbox: m365kit.Sandbox, feed: m365kit.AsyncAuditFollow, blobs: int, notified: Counter[str]
) -> Outcome:
    """Adds blobs, and reads until nothing more comes."""
    added: dict[str, float] = {}
    arrived: Counter[str] = Counter()
    at: dict[str, float] = {}

    async def add() -> None:
        for number in range(blobs):
            records = [{"Id": f"{number}-{index}"} for index in range(RECORDS)]
            made = await asyncio.to_thread(sandbox.add_content, TYPES[number % len(TYPES)], records)
            added[made["contentId"]] = time.monotonic()
            await asyncio.sleep(0.01)

    async def read() -> None:
        async for record in feed:
            arrived[str(record.content_id)] += 1
            at[str(record.content_id)] = time.monotonic()

    begin = time.monotonic()
    reading = asyncio.create_task(read())
    await add()
    limit = time.monotonic() + 120
    while arrived.total() < blobs * RECORDS or pending(sandbox):
        assert time.monotonic() < limit, f"{arrived.total()} of {blobs * RECORDS} records came"
        await asyncio.sleep(0.05)
    # Whatever is to come twice would be found by the next look at the listings.
    await asyncio.sleep(SETTLE)
    await feed.aclose()
    await reading
    deliveries = sandbox.webhooks()["deliveries"]
    return Outcome(
        deliveries=len(deliveries),
        failures=sum(
            delivery["status"] != 200 or delivery.get("fault") == "fail" for delivery in deliveries
        ),
        notified=len(notified),
        seconds=max(at.values()) - begin,
        early=sum(at[blob] - added[blob] < 3 for blob in at),
        times=Counter(arrived[blob] // RECORDS for blob in added),
    )


def pending(sandbox: m365kit.Sandbox) -> bool:
    """Whether the service still has something to announce."""
    return bool(sandbox.webhooks()["waiting"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blobs", type=int, default=300)
    parser.add_argument("--share", type=float, default=0.33, help="of the deliveries that go wrong")
    parser.add_argument("--actions", nargs="+", default=["drop", "fail"], help="how they go wrong")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    outcome = asyncio.run(run(options.blobs, options.share, options.actions, options.seed))
    print(f"{outcome.deliveries} deliveries, {outcome.failures} of them failed")
    print(f"{outcome.notified} blobs were announced to the webhook")
    print(f"{outcome.early} blobs arrived within 3 s, the last one after {outcome.seconds:.1f} s")
    never, once = outcome.times[0], outcome.times[1]
    more = options.blobs - never - once
    print(f"of {options.blobs} blobs {once} arrived once, {more} twice or more, {never} never")
    sys.exit(not outcome.is_right)


if __name__ == "__main__":
    main()
