"""What somebody who knows asyncio writes in an afternoon: the feed of the last day into memory.

Usage: python script.py list|loop|pandas|polars

It is fair to its author: connections are kept, at most 16 requests are under way, JSON is read by
the fastest parser there is for Python, refusals and failures are tried again, and a blob that does
not come is told of and does not end the others. It uses nothing of the package that it is compared
with.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson
from measure import Run, tenant

CONTENT_TYPES = [
    "Audit.AzureActiveDirectory",
    "Audit.Exchange",
    "Audit.SharePoint",
    "Audit.General",
    "DLP.All",
]
CONCURRENCY = 16
ATTEMPTS = 5

Record = dict[str, Any]


class Feed:
    """The feed of a tenant."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Takes what to send requests with."""
        self.at = tenant()
        self.session = session
        self.places = asyncio.Semaphore(CONCURRENCY)
        self.headers: dict[str, str] = {}
        self.publisher = {"PublisherIdentifier": self.at["tenant"]}
        self.root = f"{self.at['url']}/api/v1.0/{self.at['tenant']}/activity/feed"
        self.refused = self.lost = 0

    async def sign_in(self) -> None:
        """Gets a token."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.at["clientId"],
            "client_secret": self.at["clientSecret"],
            "scope": f"{self.at['url']}/.default",
        }
        url = f"{self.at['url']}/{self.at['tenant']}/oauth2/v2.0/token"
        async with self.session.post(url, data=form) as answer:
            answer.raise_for_status()
            token = (await answer.json())["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    async def get(self, url: str, **parameters: str) -> tuple[bytes, str | None]:
        """The body at an address, and the address of the next page."""
        # The place is kept while it waits: who is refused must not let others be refused as well.
        async with self.places:
            return await self.tried(url, parameters | self.publisher)

    async def tried(self, url: str, parameters: dict[str, str]) -> tuple[bytes, str | None]:
        """The same, again after a refusal or a failure."""
        wait = 1.0
        for attempt in range(ATTEMPTS):
            request = self.session.get(url, params=parameters, headers=self.headers)
            async with request as answer:
                if answer.status == 200:
                    return await answer.read(), answer.headers.get("NextPageUri")
                if answer.status != 429 and answer.status < 500:
                    answer.raise_for_status()
                self.refused += answer.status == 429
                after = answer.headers.get("Retry-After")
            if attempt + 1 < ATTEMPTS:
                await asyncio.sleep(float(after) if after else wait)
                wait *= 2
        raise OSError(f"no answer after {ATTEMPTS} attempts: {url}")

    async def blob(self, uri: str) -> list[Record]:
        """The records of a blob; none if it does not come."""
        try:
            body, _ = await self.get(uri)
        except (OSError, aiohttp.ClientError) as error:
            print(f"lost: {error}", file=sys.stderr)
            self.lost += 1
            return []
        records: list[Record] = orjson.loads(body)
        return records

    async def listed(self, content_type: str) -> list[str]:
        """The addresses of the blobs of a content type."""
        now = datetime.now(UTC)
        parameters = {
            "contentType": content_type,
            "startTime": (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S"),
            "endTime": now.strftime("%Y-%m-%dT%H:%M:%S"),
        }
        uris = []
        try:
            page, next_page = await self.get(f"{self.root}/subscriptions/content", **parameters)
            uris += [item["contentUri"] for item in orjson.loads(page)]
            while next_page:
                page, next_page = await self.get(next_page)
                uris += [item["contentUri"] for item in orjson.loads(page)]
        except (OSError, aiohttp.ClientError) as error:
            print(f"lost: {error}", file=sys.stderr)
            self.lost += 1
        return uris

    async def read(self) -> list[Record]:
        """All records."""
        await self.sign_in()
        listings = await asyncio.gather(*map(self.listed, CONTENT_TYPES))
        uris = [uri for listing in listings for uri in listing]
        blobs = await asyncio.gather(*map(self.blob, uris))
        return [record for blob in blobs for record in blob]


async def pull() -> tuple[list[Record], Feed]:
    """All records of the last day, and what read them."""
    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    # Its default of five minutes in all would end a read that is held up by refusals.
    timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
    # Nothing is compressed here; see docs/benchmarks.md.
    headers = {"Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, headers=headers
    ) as session:
        feed = Feed(session)
        return await feed.read(), feed


def flat(record: Record, before: str = "") -> Record:
    """A record with objects taken apart and lists as text.

    As `polars.json_normalize` does, which gives up on members that are now a number and now an
    object, of which the feed has some.
    """
    members: Record = {}
    for name, value in record.items():
        match value:
            case dict():
                members |= flat(value, f"{before}{name}.")
            case list():
                members[before + name] = orjson.dumps(value).decode()
            case _:
                members[before + name] = value
    return members


def main(form: str) -> None:
    """Reads into the form that is asked for."""
    found: dict[str, object] = {}
    match form:
        case "pandas":
            import pandas
        case "polars":
            import polars
    run = Run()
    records, feed = asyncio.run(pull())
    match form:
        case "list":
            pass
        case "loop":
            touched = 0
            for record in records:
                touched += len(record.get("CreationTime") or "")
                touched += len(record.get("Operation") or "")
                touched += len(record.get("UserId") or "")
            found["touched"] = touched
        case "pandas":
            table = pandas.DataFrame(records)
            found["columns"] = len(table.columns)
        case "polars":
            rows = [flat(record) for record in records]
            frame = polars.DataFrame(rows, infer_schema_length=None, strict=False)
            found["columns"] = frame.width
            found["result"] = int(frame.estimated_size())
        case _:
            raise SystemExit(f"unknown form {form}")
    run.end(records=len(records), lost=feed.lost, refusals=feed.refused, **found)


if __name__ == "__main__":
    main(sys.argv[1])
