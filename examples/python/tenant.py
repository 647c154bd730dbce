"""Where the examples read from."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import m365kit as m365


def real() -> dict[str, Any] | None:
    """The tenant that the environment names, as arguments of a client."""
    if "TENANT" not in os.environ:
        return None
    credential = m365.ClientSecret(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    return {"tenant": os.environ["TENANT"], "credential": credential}


def simulated(options: dict[str, Any]) -> m365.Sandbox:
    """A tenant of this machine."""
    subscribed = ["Audit.AzureActiveDirectory", "Audit.Exchange"]
    return m365.Sandbox(**{"subscribed": subscribed, **options})


@contextmanager
def tenant(**options: Any) -> Iterator[m365.Client]:
    """A client of the tenant that the environment names; without one, of a simulated tenant that
    is made as told.
    """
    if account := real():
        with m365.Client(**account) as client:
            yield client
    else:
        with simulated(options) as sandbox, sandbox.client() as client:
            yield client


@asynccontextmanager
async def async_tenant(**options: Any) -> AsyncIterator[m365.AsyncClient]:
    """The same with a client whose calls are awaited."""
    if account := real():
        async with m365.AsyncClient(**account) as client:
            yield client
    else:
        with simulated(options) as sandbox:
            async with sandbox.async_client() as client:
                yield client
