"""What is this tenant subscribed to, and how do I start what is missing?

Asynchronous, to show that face too: the names are the same.
"""

from __future__ import annotations

import asyncio

import m365kit as m365
from tenant import async_tenant

WANTED = [
    m365.ContentType.AZURE_ACTIVE_DIRECTORY,
    m365.ContentType.EXCHANGE,
    m365.ContentType.SHAREPOINT,
    m365.ContentType.GENERAL,
    m365.ContentType.DLP,
]


async def start_missing(client: m365.AsyncClient) -> None:
    """Starts the wanted subscriptions that are not enabled."""
    enabled = set()
    for subscription in await client.audit.list_subscriptions():
        print(f"{subscription.content_type:<28} {subscription.status}")
        if subscription.status != "disabled":
            enabled.add(subscription.content_type)
    for content_type in WANTED:
        if content_type not in enabled:
            await client.audit.start(content_type)
            print(f"{content_type:<28} started: content comes within 12 hours")


async def main() -> None:
    """Reads the tenant of the environment, or a simulated one."""
    async with async_tenant(subscribed=["Audit.Exchange"]) as client:
        await start_missing(client)


asyncio.run(main())
