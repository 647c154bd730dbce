"""The webhook as an ASGI application: what it answers, what it holds, and what becomes of it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

import m365kit
from m365kit.webhook import WebhookApp
from webhook_run import run

Parts = list[bytes]


class Visit:
    """One request to an ASGI application."""

    def __init__(self, app: WebhookApp) -> None:
        self.app = app
        self.read = 0
        self.sent: list[dict[str, Any]] = []

    async def post(
        self,
        parts: Parts | AsyncIterator[bytes],
        headers: dict[str, str] | None = None,
        *,
        method: str = "POST",
        hang_up: bool = False,
    ) -> int | None:
        """Sends a body in parts; the status of the answer, or nothing if there was none."""
        waiting = list(parts) if isinstance(parts, list) else None

        async def receive() -> dict[str, Any]:
            if waiting is None:
                self.read += 1
                return {"type": "http.request", "body": b" " * 65_536, "more_body": True}
            if not waiting:
                return {"type": "http.disconnect"}
            self.read += 1
            more = len(waiting) > 1 or hang_up
            return {"type": "http.request", "body": waiting.pop(0), "more_body": more}

        async def send(message: Any) -> None:
            self.sent.append(dict(message))

        raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {
            "type": "http",
            "method": method,
            "path": "/anything",
            "headers": raw,
            "client": ("192.0.2.7", 4711),
        }
        await self.app(scope, receive, send)
        return self.sent[0]["status"] if self.sent else None


def with_app(
    sandbox: m365kit.Sandbox,
    work: Callable[[WebhookApp, m365kit.AsyncClient], Awaitable[None]],
    **options: Any,
) -> None:
    async def main() -> None:
        async with sandbox.async_client() as client:
            await work(WebhookApp(client, **options), client)

    asyncio.run(main())


def notification(sandbox: m365kit.Sandbox, **changes: Any) -> dict[str, Any]:
    return {
        "tenantId": sandbox.tenant,
        "clientId": sandbox.client_id,
        "contentType": "Audit.Exchange",
        "contentId": "2026$audit_exchange$na0001",
        **changes,
    }


def body(*elements: Any) -> Parts:
    return [json.dumps(elements).encode()]


def test_requests_are_answered_by_what_they_are(sandbox: m365kit.Sandbox) -> None:
    auth = {"Webhook-AuthID": "secret"}
    code = {**auth, "Webhook-ValidationCode": "5f1c"}

    async def work(app: WebhookApp, _: m365kit.AsyncClient) -> None:
        for expected, parts, headers, method in [
            (200, [b'{"validationCode"', b':"5f1c"}'], code, "POST"),
            (400, [b'{"validationCode":"other"}'], code, "POST"),
            (200, body(notification(sandbox)), auth, "POST"),
            (200, body(notification(sandbox), 7), auth, "POST"),
            (400, body(notification(sandbox, tenantId="8" * 8)), auth, "POST"),
            (401, body(notification(sandbox)), {}, "POST"),
            (401, body(notification(sandbox)), {"Webhook-AuthID": "wrong"}, "POST"),
            (400, [b""], auth, "POST"),
            (400, [b"<html>"], auth, "POST"),
            (405, [b""], auth, "GET"),
        ]:
            visit = Visit(app)
            assert await visit.post(parts, headers, method=method) == expected
            assert visit.sent[1] == {"type": "http.response.body", "body": b""}

    with_app(sandbox, work, auth_id="secret")


def test_no_more_of_a_body_is_read_than_allowed(
    sandbox: m365kit.Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b""

    async def work(app: WebhookApp, _: m365kit.AsyncClient) -> None:
        visit = Visit(app)
        assert await visit.post(endless()) == 413
        assert visit.read == 4
        assert (b"connection", b"close") in visit.sent[0]["headers"]
        announced = Visit(app)
        assert await announced.post([b"[]"], {"Content-Length": "200001"}) == 413
        assert announced.read == 0

    with_app(sandbox, work, max_bytes=200_000)
    assert "192.0.2.7" in caplog.text
    assert "more than 200000 bytes" in caplog.text


def test_who_hangs_up_gets_no_answer(sandbox: m365kit.Sandbox) -> None:
    async def work(app: WebhookApp, _: m365kit.AsyncClient) -> None:
        assert await Visit(app).post([b"["], hang_up=True) is None

    with_app(sandbox, work)


def test_the_life_of_the_application(sandbox: m365kit.Sandbox) -> None:
    async def work(app: WebhookApp, _: m365kit.AsyncClient) -> None:
        events = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return events.pop(0)

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await app({"type": "lifespan"}, receive, send)
        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        sent.clear()
        await app({"type": "websocket"}, receive, send)
        assert sent == ["websocket.close"]

    with_app(sandbox, work)


@pytest.mark.parametrize("manner", ["plain", "async"])
def test_a_function_is_told_and_may_fail(
    sandbox: m365kit.Sandbox, manner: str, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    def tell(notification: m365kit.WebhookNotification) -> None:
        if notification.content_id == "bad":
            raise LookupError("no such thing")
        told.append(notification.content_id)

    async def tell_later(notification: m365kit.WebhookNotification) -> None:
        await asyncio.sleep(0)
        tell(notification)

    async def work(app: WebhookApp, _: m365kit.AsyncClient) -> None:
        assert await Visit(app).post(body(notification(sandbox, contentId="good"))) == 200
        assert await Visit(app).post(body(notification(sandbox, contentId="bad"))) == 500

    with_app(sandbox, work, on_notification=tell if manner == "plain" else tell_later)
    assert told == ["good"]
    assert "no such thing" in caplog.text


def test_a_rejection_is_logged_with_its_reason(
    sandbox: m365kit.Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(app: WebhookApp, _: m365kit.AsyncClient) -> None:
        assert await Visit(app).post(body(7), {"Webhook-AuthID": "wr0ng"}) == 401
        while "Webhook-AuthID" not in caplog.text:
            await asyncio.sleep(0.01)

    with caplog.at_level(logging.WARNING, "m365kit"):
        with_app(sandbox, work, auth_id="s3cret")
    assert "s3cret" not in caplog.text
    assert "wr0ng" not in caplog.text


def test_a_closed_client_is_no_fault_of_the_sender(sandbox: m365kit.Sandbox) -> None:
    async def work(app: WebhookApp, client: m365kit.AsyncClient) -> None:
        await client.aclose()
        assert await Visit(app).post(body(notification(sandbox))) == 500

    with_app(sandbox, work)


def test_several_tenants_at_one_address() -> None:
    async def main(one: m365kit.Sandbox, two: m365kit.Sandbox, three: m365kit.Sandbox) -> None:
        told: list[str] = []
        # A client that knows its tenant by a domain learns the directory id by itself.
        named = m365kit.AsyncClient(two.domain, credential=two.credential, cloud=two.cloud)
        async with one.async_client() as first, named as second:
            app = WebhookApp([first, second], on_notification=lambda n: told.append(n.tenant_id))
            assert await Visit(app).post(body(notification(two))) == 200
            both = body(notification(one), notification(two), notification(three))
            assert await Visit(app).post(both) == 200
            assert await Visit(app).post(body(notification(three))) == 400
        assert told == [two.tenant, one.tenant, two.tenant]

    with (
        m365kit.Sandbox(seed=1, blobs=0) as one,
        m365kit.Sandbox(seed=2, blobs=0) as two,
        m365kit.Sandbox(seed=3, blobs=0) as three,
    ):
        asyncio.run(main(one, two, three))


def test_wrong_arguments_are_refused(sandbox: m365kit.Sandbox) -> None:
    client = sandbox.async_client()
    for name, options in {
        "clients": {"clients": []},
        "expected an AsyncClient": {"clients": [sandbox.client()]},
        "auth_id": {"auth_id": " "},
        "max_bytes": {"max_bytes": 0},
        "tenants": {"tenants": sandbox.tenant},
    }.items():
        arguments: Any = {"clients": client, **options}
        with pytest.raises(m365kit.InvalidRequest, match=name):
            WebhookApp(**arguments)
    app = WebhookApp(client, auth_id="s3cret")
    assert "s3cret" not in repr(app)
    assert sandbox.tenant in repr(app)


@pytest.mark.parametrize(
    "actions", [("drop", "fail"), ("drop", "delay", "duplicate", "reorder", "fail")]
)
def test_every_blob_arrives_once_while_a_third_of_the_deliveries_fails(actions: Any) -> None:
    outcome = asyncio.run(run(100, 0.33, actions))
    assert outcome.is_right, outcome
    assert outcome.notified > 0
    # Without announcements, what is younger than the lag would come from polling alone.
    assert outcome.early > 50, outcome
