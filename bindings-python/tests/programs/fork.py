"""A program that forks after a call; the child must say what it cannot, and do what it can."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import m365kit


def child(
    sandbox: m365kit.Sandbox,
    client: m365kit.Client,
    record: m365kit.AuditRecord,
    made: dict[str, Any],
) -> None:
    # What has arrived is memory, and that was copied.
    assert record.operation and record.data
    inherited = m365kit.AsyncClient(**made) if made.get("never") else None
    assert inherited is None
    for use in (
        lambda: client.audit.list_subscriptions(),
        lambda: list(client.audit.records(last="24h")),
        lambda: client.audit.records(last="24h").to_arrow(),
    ):
        try:
            use()
        except m365kit.InvalidRequest as error:
            assert "fork" in str(error)
            assert "make a new client" in str(error)
        else:
            raise AssertionError("the client of the parent must refuse")
    try:
        sandbox.ledger()
    except m365kit.InvalidRequest as error:
        assert "fork" in str(error)
    else:
        raise AssertionError("the sandbox of the parent must refuse")
    client.close()
    sandbox.close()

    with m365kit.Client(**made) as own:
        assert own.audit.list_subscriptions()
        assert list(own.audit.records(last="24h"))
        assert own.audit.records(last="24h").to_arrow().num_rows

    async def main() -> None:
        async with m365kit.AsyncClient(**made) as own:
            assert [record async for record in own.audit.records(last="24h")]

    asyncio.run(main())


def main() -> None:
    sandbox = m365kit.Sandbox(blobs=6)
    made: dict[str, Any] = {
        "tenant": sandbox.tenant,
        "credential": sandbox.credential,
        "cloud": sandbox.cloud,
    }
    client = m365kit.Client(**made)
    assert client.audit.list_subscriptions()
    listing = iter(client.audit.records(last="24h"))
    record = next(listing)
    pid = os.fork()
    if pid == 0:
        # Not `os._exit`: that the child goes down in an orderly way is part of the test.
        child(sandbox, client, record, made)
        sys.exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the child failed"
    assert client.audit.list_subscriptions()
    assert list(listing)
    sandbox.close()


main()
