"""Where the examples read from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import m365kit as m365


@contextmanager
def tenant() -> Iterator[m365.Client]:
    """A client of the tenant that the environment names; without one, of a simulated tenant."""
    if name := os.environ.get("TENANT"):
        credential = m365.ClientSecret(os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
        with m365.Client(name, credential=credential) as client:
            yield client
    else:
        subscribed = ["Audit.AzureActiveDirectory", "Audit.Exchange"]
        with m365.Sandbox(subscribed=subscribed) as sandbox, sandbox.client() as client:
            yield client
