"""Tokens from callables: plain and async, good and bad."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

import m365kit


def token_of(sandbox: m365kit.Sandbox) -> str:
    """A token that the sandbox accepts, had as the service documents it."""
    from json import load
    from urllib.parse import urlencode
    from urllib.request import urlopen

    form = {
        "grant_type": "client_credentials",
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "scope": f"{sandbox.url}/.default",
    }
    address = f"{sandbox.url}/{sandbox.tenant}/oauth2/v2.0/token"
    with urlopen(address, urlencode(form).encode()) as answer:
        return str(load(answer)["access_token"])


def options(sandbox: m365kit.Sandbox, function: Callable[..., Any]) -> dict[str, Any]:
    """What makes a client of the sandbox with a callback."""
    return {
        "tenant": sandbox.tenant,
        "credential": m365kit.Callback(function),
        "cloud": sandbox.cloud,
        "attempts": 1,
    }


def test_a_plain_callable(sandbox: m365kit.Sandbox) -> None:
    asked: list[m365kit.TokenRequest] = []
    threads: list[str] = []
    token = token_of(sandbox)

    def give(request: m365kit.TokenRequest) -> m365kit.AccessToken:
        asked.append(request)
        threads.append(threading.current_thread().name)
        return m365kit.AccessToken(token, datetime.now(UTC) + timedelta(hours=1))

    with m365kit.Client(**options(sandbox, give)) as client:
        assert client.audit.list_subscriptions()
        assert client.audit.list_subscriptions()
    (request,) = asked
    assert request.tenant == sandbox.tenant
    assert request.scope == f"{sandbox.url}/.default"
    assert request.resource == sandbox.url
    assert threads == ["m365kit-token"]


def test_a_token_alone_or_somebody_elses_class_will_do(sandbox: m365kit.Sandbox) -> None:
    token = token_of(sandbox)
    azure = SimpleNamespace(token=token, expires_on=int(time.time()) + 3600)
    for given in (token, azure):
        with m365kit.Client(**options(sandbox, lambda _, given=given: given)) as client:
            assert client.audit.list_subscriptions()


def test_an_async_callable_runs_on_the_callers_loop(sandbox: m365kit.Sandbox) -> None:
    loops: list[object] = []
    token = token_of(sandbox)

    async def give(_: m365kit.TokenRequest) -> str:
        await asyncio.sleep(0.01)
        loops.append(asyncio.get_running_loop())
        return token

    async def main() -> None:
        async with m365kit.AsyncClient(**options(sandbox, give)) as client:
            assert await client.audit.list_subscriptions()
            assert [r async for r in client.audit.records(last="24h")]
        assert loops == [asyncio.get_running_loop()]

    asyncio.run(main())


def test_a_plain_callable_that_gives_an_awaitable(sandbox: m365kit.Sandbox) -> None:
    token = token_of(sandbox)

    async def soon() -> str:
        return token

    async def main() -> None:
        async with m365kit.AsyncClient(**options(sandbox, lambda _: soon())) as client:
            assert await client.audit.list_subscriptions()

    asyncio.run(main())


def test_one_call_for_many_requests(sandbox: m365kit.Sandbox) -> None:
    calls: list[float] = []
    token = token_of(sandbox)

    async def give(_: m365kit.TokenRequest) -> str:
        calls.append(time.monotonic())
        await asyncio.sleep(0.1)
        return token

    async def main() -> None:
        async with m365kit.AsyncClient(**options(sandbox, give)) as client:
            await asyncio.gather(*(client.audit.list_subscriptions() for _ in range(20)))
        assert len(calls) == 1

    asyncio.run(main())


class Broken(Exception):
    """What a callable of these tests raises."""


def test_what_it_raises_is_the_cause(sandbox: m365kit.Sandbox) -> None:
    def fail(_: m365kit.TokenRequest) -> str:
        raise Broken("no luck")

    with m365kit.Client(**options(sandbox, fail)) as client:
        with pytest.raises(m365kit.AuthError, match="Broken: no luck") as caught:
            client.audit.list_subscriptions()
        assert isinstance(caught.value.__cause__, Broken)

    async def fail_later(_: m365kit.TokenRequest) -> str:
        await asyncio.sleep(0)
        raise Broken("no luck")

    async def main() -> None:
        async with m365kit.AsyncClient(**options(sandbox, fail_later)) as client:
            with pytest.raises(m365kit.AuthError) as caught:
                await client.audit.list_subscriptions()
            assert isinstance(caught.value.__cause__, Broken)

    asyncio.run(main())


def test_what_is_no_token_is_an_auth_error(sandbox: m365kit.Sandbox) -> None:
    naive = SimpleNamespace(token="t", expires_on=datetime(2026, 11, 20))
    for given, message in ((None, "NoneType"), (b"t", "bytes"), ("", "empty"), (naive, "naive")):
        with m365kit.Client(**options(sandbox, lambda _, given=given: given)) as client:
            with pytest.raises(m365kit.AuthError, match=message):
                client.audit.list_subscriptions()


def test_an_async_callable_needs_a_loop(sandbox: m365kit.Sandbox) -> None:
    async def give(_: m365kit.TokenRequest) -> str:
        return "t"

    with pytest.raises(m365kit.InvalidRequest, match="AsyncClient"):
        m365kit.Client(**options(sandbox, give))
    with m365kit.Client(**options(sandbox, lambda request: give(request))) as client:
        with pytest.raises(m365kit.AuthError, match="AsyncClient"):
            client.audit.list_subscriptions()


def test_cancelling_while_the_token_is_awaited(sandbox: m365kit.Sandbox) -> None:
    async def never(_: m365kit.TokenRequest) -> str:
        await asyncio.sleep(3600)
        return ""

    async def main() -> None:
        async with m365kit.AsyncClient(**options(sandbox, never)) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.audit.list_subscriptions(), 0.2)

    asyncio.run(main())
