"""The clients: arguments, iteration, two at once, and what they show of themselves."""

from __future__ import annotations

import asyncio
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import m365kit

NAIVE = datetime(2026, 11, 20, 10, 0)


def test_a_naive_datetime_is_refused_with_the_remedy(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        for call in (
            lambda: client.audit.records(start=NAIVE),
            lambda: client.audit.list_content("Audit.Exchange", end=NAIVE),
            lambda: client.audit.start(
                "Audit.Exchange",
                webhook=m365kit.WebhookTarget(address="https://example.com", expiration=NAIVE),
            ),
        ):
            with pytest.raises(m365kit.InvalidRequest, match="naive") as caught:
                call()
            assert isinstance(caught.value, ValueError)
            assert "datetime.now(timezone.utc)" in str(caught.value)
            assert ".astimezone()" in str(caught.value)
        assert sandbox.ledger() == []


def test_mistyped_arguments_are_refused_before_a_request(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        wrong: list[tuple[str, Any]] = [
            ("content_types", lambda: client.audit.records("Audit.Exchange")),
            ("content_types", lambda: client.audit.records([3])),  # type: ignore[list-item]
            ("last", lambda: client.audit.records(last=24)),  # type: ignore[arg-type]
            ("start", lambda: client.audit.records(start="2026-11-20")),  # type: ignore[arg-type]
            ("ordered", lambda: client.audit.records(ordered="yes")),  # type: ignore[arg-type]
            ("content_type", lambda: client.audit.start(3)),  # type: ignore[arg-type]
            ("json: it cannot be", lambda: client.request("POST", "/v1.0/x", json=object())),
            ("json: it cannot be", lambda: client.request("POST", "/v1.0/x", json=float("nan"))),
        ]
        for name, call in wrong:
            with pytest.raises(m365kit.InvalidRequest, match=name):
                call()
        assert sandbox.ledger() == []


def test_mistyped_options_are_refused(sandbox: m365kit.Sandbox) -> None:
    good: dict[str, Any] = {"credential": sandbox.credential, "cloud": sandbox.cloud}
    for name, options in {
        "credential": {**good, "credential": "secret"},
        "cloud": {**good, "cloud": "public"},
        "concurrency": {**good, "concurrency": 0},
        "rate_limit": {**good, "rate_limit": -1},
        "deadline": {**good, "deadline": 30},
        "read_timeout": {**good, "read_timeout": "soon"},
        "root_certificates": {**good, "root_certificates": b"PEM"},
    }.items():
        with pytest.raises(m365kit.InvalidRequest, match=name):
            m365kit.Client(sandbox.tenant, **options)


def test_durations_are_timedeltas_or_text(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client(deadline=timedelta(minutes=5), read_timeout="20s") as client:
        by_text = [record.id for record in client.audit.records(last="25h")]
        by_delta = [record.id for record in client.audit.records(last=timedelta(hours=25))]
        now = datetime.now(UTC)
        local = timezone(timedelta(hours=9))
        start, end = (now - timedelta(hours=25)).astimezone(local), now.astimezone(local)
        by_times = [record.id for record in client.audit.records(start=start, end=end)]
        assert by_text == by_delta == by_times
        assert len(by_text) == sandbox.feed()["uniqueRecords"]


def test_a_listing_item_by_item_and_page_by_page(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client() as client:
        listing = client.audit.records(last="25h")
        items = [record.id for record in listing]
        pages = list(listing.pages())
        assert all(isinstance(page, list) for page in pages)
        assert [record.id for page in pages for record in page] == items
        assert listing.report is not None
        assert listing.report.records == len(items)


def test_an_async_listing_item_by_item_and_page_by_page(sandbox: m365kit.Sandbox) -> None:
    async def main() -> None:
        async with sandbox.async_client() as client:
            listing = client.audit.records(last="25h")
            items = [record.id async for record in listing]
            pages = [page async for page in listing.pages()]
            assert [record.id for page in pages for record in page] == items
            assert len(items) == sandbox.feed()["uniqueRecords"]

    asyncio.run(main())


def test_a_listing_goes_on_from_its_token() -> None:
    with m365kit.Sandbox(blobs=30, records=1, page_size=2) as sandbox, sandbox.client() as client:
        listing = client.audit.list_content("Audit.Exchange", last="23h")
        everything = [content.content_id for content in listing]
        assert len(everything) > 2
        pages = client.audit.list_content("Audit.Exchange", last="23h")
        first = next(iter(pages.pages()))
        rest = client.audit.list_content("Audit.Exchange", token=pages.token)
        assert [c.content_id for c in first] + [c.content_id for c in rest] == everything


def test_one_client_in_many_threads(sandbox: m365kit.Sandbox) -> None:
    with sandbox.client(rate_limit=60_000) as client, ThreadPoolExecutor(8) as threads:
        counts = threads.map(lambda _: sum(1 for _ in client.audit.records(last="25h")), range(8))
        assert set(counts) == {sandbox.feed()["uniqueRecords"]}
        assert sandbox.stats()["tokens"] == 1


def test_two_clients_and_two_loops_at_once() -> None:
    async def count(sandbox: m365kit.Sandbox) -> int:
        async with sandbox.async_client() as client:
            return len([record async for record in client.audit.records(last="25h")])

    with m365kit.Sandbox(seed=1, records=3) as one, m365kit.Sandbox(seed=2, records=7) as two:
        with ThreadPoolExecutor(2) as threads:
            counts = list(threads.map(lambda sandbox: asyncio.run(count(sandbox)), [one, two]))
        assert counts == [one.feed()["uniqueRecords"], two.feed()["uniqueRecords"]]


def test_any_request_gives_json_or_bytes(sandbox: m365kit.Sandbox) -> None:
    path = f"/api/v1.0/{sandbox.tenant}/activity/feed/subscriptions/list"
    with sandbox.client() as client:
        answer = client.request("GET", path, service=m365kit.Service.MANAGEMENT)
        assert {entry["status"] for entry in answer} == {"enabled"}
        plain = {"status": 200, "body": "words", "headers": {"Content-Type": "text/plain"}}
        sandbox.fault(plain, match={"path": "/subscriptions/list"}, when="once")
        assert client.request("GET", path, service="management") == b"words"

    async def main() -> None:
        async with sandbox.async_client() as client:
            assert await client.request("GET", path, service="management") == answer

    asyncio.run(main())


def test_nothing_shows_a_secret(sandbox: m365kit.Sandbox) -> None:
    secret = sandbox.client_secret
    credential = sandbox.credential
    with sandbox.client() as client:
        shown = [credential, client, client.audit, sandbox, client.audit.records(last="1h")]
        assert secret not in "".join(map(repr, shown)) + "".join(map(str, shown))
        assert sandbox.client_id in repr(client)
    token = m365kit.StaticToken("eyJ.not.shown")
    assert "eyJ" not in repr(token) + repr(m365kit.AccessToken("eyJ.not.shown"))
    for holder in (credential, token, m365kit.AccessToken("eyJ")):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(holder)
    with pytest.raises(m365kit.AuthError) as caught:
        m365kit.Client(
            sandbox.tenant,
            credential=m365kit.ClientSecret(sandbox.client_id, "wr0ng-secret"),
            cloud=sandbox.cloud,
        ).audit.list_subscriptions()
    assert "wr0ng-secret" not in repr(caught.value) + str(caught.value.__cause__)


def test_clouds_are_values() -> None:
    assert repr(m365kit.Cloud.GCC_HIGH) == "Cloud.GCC_HIGH"
    custom = m365kit.Cloud.custom(authority="http://127.0.0.1:1", management="http://127.0.0.1:1")
    assert custom == pickle.loads(pickle.dumps(custom)) != m365kit.Cloud.PUBLIC
    assert len({m365kit.Cloud.PUBLIC, m365kit.Cloud.PUBLIC, custom}) == 2
    assert "authority='http://127.0.0.1:1'" in repr(custom)


def test_the_sandbox_says_what_it_cannot_do(sandbox: m365kit.Sandbox) -> None:
    with pytest.raises(m365kit.InvalidRequest, match="no_such_thing"):
        sandbox.control("no_such_thing")
    with pytest.raises(m365kit.InvalidRequest, match="sandbox configuration"):
        m365kit.Sandbox(blobs=-1)
    closed = m365kit.Sandbox(blobs=0)
    closed.close()
    closed.close()
    with pytest.raises(m365kit.InvalidRequest, match="closed"):
        closed.ledger()


def test_the_sandbox_over_tls() -> None:
    with m365kit.Sandbox(https=True, blobs=3) as sandbox, sandbox.client() as client:
        assert sandbox.url.startswith("https://")
        assert client.audit.list_subscriptions()


def test_the_clock_of_the_sandbox_moves(sandbox: m365kit.Sandbox) -> None:
    before = sandbox.clock()
    sandbox.advance(3600)
    assert timedelta(minutes=59) < sandbox.clock() - before < timedelta(minutes=61)
    sandbox.set_clock(before)
    assert abs(sandbox.clock() - before) < timedelta(minutes=1)
