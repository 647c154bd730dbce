"""Credentials of other libraries: whatever has a `get_token`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import azure.identity
import azure.identity.aio
import pytest

import m365kit


class Plain:
    """A credential that gives tokens of a sandbox, and remembers what it was asked."""

    def __init__(self, sandbox: m365kit.Sandbox) -> None:
        self.sandbox = sandbox
        self.asked: list[tuple[tuple[str, ...], dict[str, Any]]] = []

    def get_token(self, *scopes: str, **options: Any) -> m365kit.AccessToken:
        self.asked.append((scopes, options))
        token = self.sandbox.control("issue_token", capable=options["enable_cae"])["token"]
        return m365kit.AccessToken(token)


class Awaited(Plain):
    """The same, which has to be awaited."""

    async def get_token(self, *scopes: str, **options: Any) -> m365kit.AccessToken:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().get_token(*scopes, **options)


def options(sandbox: m365kit.Sandbox, credential: Any, **more: Any) -> dict[str, Any]:
    return {"tenant": sandbox.tenant, "cloud": sandbox.cloud, "credential": credential, **more}


def test_it_is_asked_again_with_the_claims_that_a_service_demands(
    sandbox: m365kit.Sandbox,
) -> None:
    credential = Plain(sandbox)
    with m365kit.Client(**options(sandbox, credential)) as client:
        assert client.audit.list_subscriptions()
        sandbox.control("revoke_tokens")
        assert client.audit.list_subscriptions()
    (first, plain), (second, demanded) = credential.asked
    assert first == second == (f"{sandbox.url}/.default",)
    assert plain == {"enable_cae": True}
    assert demanded["enable_cae"] and "nbf" in demanded["claims"]


def test_one_that_is_awaited(sandbox: m365kit.Sandbox) -> None:
    credential = Awaited(sandbox)

    async def main() -> None:
        async with m365kit.AsyncClient(**options(sandbox, credential)) as client:
            assert await client.audit.list_subscriptions()

    asyncio.run(main())
    assert len(credential.asked) == 1
    with pytest.raises(m365kit.InvalidRequest, match="event loop"):
        m365kit.Client(**options(sandbox, credential))


def test_without_continuous_access_it_is_not_asked_for_such_tokens(
    sandbox: m365kit.Sandbox,
) -> None:
    credential = Plain(sandbox)
    with m365kit.Client(**options(sandbox, credential, continuous_access=False)) as client:
        assert client.audit.list_subscriptions()
    assert credential.asked[0][1] == {"enable_cae": False}


def test_what_is_no_credential_is_refused_and_one_shows_its_class_alone(
    sandbox: m365kit.Sandbox,
) -> None:
    with pytest.raises(m365kit.InvalidRequest, match="not str"):
        m365kit.Client(**options(sandbox, "a secret"))
    with m365kit.Client(**options(sandbox, Plain(sandbox))) as client:
        assert "Plain>" in repr(client)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[m365kit.Sandbox, dict[str, Any]]]:
    with m365kit.Sandbox(blobs=12, https=True) as sandbox:
        path = tmp_path / "ca.pem"
        path.write_text(sandbox.ca_certificate or "")
        known = {
            "authority": sandbox.url,
            "connection_verify": str(path),
            "disable_instance_discovery": True,
        }
        yield sandbox, known


def test_azure_identity(secure: tuple[m365kit.Sandbox, dict[str, Any]]) -> None:
    sandbox, known = secure
    who = (sandbox.tenant, sandbox.client_id, sandbox.client_secret)
    with azure.identity.ClientSecretCredential(*who, **known) as credential:
        more = {"root_certificates": sandbox.ca_certificate}
        with m365kit.Client(**options(sandbox, credential, **more)) as client:
            assert client.audit.list_subscriptions()
            sandbox.control("revoke_tokens")
            assert client.audit.list_subscriptions()
    assert len(sandbox.ledger(path="/oauth2/v2.0/token")) == 2


def test_azure_identity_awaited(secure: tuple[m365kit.Sandbox, dict[str, Any]]) -> None:
    sandbox, known = secure
    who = (sandbox.tenant, sandbox.client_id, sandbox.client_secret)

    async def main() -> None:
        async with azure.identity.aio.ClientSecretCredential(*who, **known) as credential:
            more = {"root_certificates": sandbox.ca_certificate}
            async with m365kit.AsyncClient(**options(sandbox, credential, **more)) as client:
                assert await client.audit.list_subscriptions()

    asyncio.run(main())
    assert len(sandbox.ledger(path="/oauth2/v2.0/token")) == 1
