"""What is this tenant subscribed to, and how do I start what is missing?

Asynchronous, to show that face too: the names are the same.
"""

from __future__ import annotations

import asyncio
import os

import m365kit as m365

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
    if name := os.environ.get("TENANT"):
        credential = m365.ClientSecret(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
        async with m365.AsyncClient(name, credential=credential) as client:
            await start_missing(client)
    else:
        with m365.Sandbox(subscribed=["Audit.Exchange"]) as sandbox:
            async with sandbox.async_client() as client:
                await start_missing(client)


asyncio.run(main())
