"""How do I hear of new records at once, and miss none when a message of the service gets lost?

    TENANT=... CLIENT_ID=... CLIENT_SECRET=... ADDRESS=https://hooks.example.com/m365 AUTH_ID=... \
        python webhook.py

The address is that of this program from outside: the service takes https only, so that something
in front of it speaks TLS. Without a tenant a simulated one delivers, and the program ends after
some records.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import m365kit as m365
import uvicorn
from m365kit.webhook import WebhookApp
from tenant import async_tenant

REAL = "TENANT" in os.environ
AUTH_ID = os.environ.get("AUTH_ID", "an example")
TYPES = [m365.ContentType.EXCHANGE]


@asynccontextmanager
async def served(app: Any, port: int) -> AsyncIterator[str]:
    """Serves an application beside what else this program does; gives its address here."""
    listener = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        await task


def announced(notification: m365.WebhookNotification) -> None:
    """Called for each blob that the service announces."""
    print("announced:", notification.content_type, notification.content_created)


async def main() -> None:
    """Receives announcements, and follows the feed."""
    simulated = {"webhook_http": True, "blobs": 10, "live": {"blobsPerMinute": 60}}
    async with async_tenant(**simulated) as client:
        app = WebhookApp(client, auth_id=AUTH_ID, on_notification=announced)
        # It must answer before the subscription is started: the service asks whether somebody
        # listens.
        async with served(app, 8080 if REAL else 0) as here:
            webhook = m365.WebhookTarget(address=os.environ.get("ADDRESS", here), auth_id=AUTH_ID)
            for content_type in TYPES:
                await client.audit.start(content_type, webhook=webhook)

            # What is announced is fetched at once, and the rest is found by polling. Nothing comes
            # twice.
            count = 0
            async with client.audit.follow(
                "webhook.m365state", content_types=TYPES, last="1h"
            ) as feed:
                async for record in feed:
                    print(record.creation_time, record.operation, record.user_id)
                    count += 1
                    if not REAL and count > 30:
                        break


asyncio.run(main())
