"""What a sandbox does as the Discovery Service."""

from __future__ import annotations

from json import load
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import m365kit

USER = "sadie.lund@contoso.onmicrosoft.com"


def services(sandbox: m365kit.Sandbox) -> list[Any]:
    token = sandbox.issue_token(audience=f"{sandbox.url}/discovery/", user=USER)["token"]
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    with urlopen(Request(f"{sandbox.url}/discovery/v1.0/me/Services", headers=headers)) as answer:
        found: list[Any] = load(answer)["value"]
    return found


def test_what_is_found_depends_on_the_user(sandbox: m365kit.Sandbox) -> None:
    assert len(services(sandbox)) == 7
    changed = sandbox.discovery_user(USER, consented=["Mail"])
    assert changed["users"][USER] == {"licensed": True, "consented": ["Mail"]}
    assert [row["capability"] for row in services(sandbox)] == ["Mail"]
    sandbox.discovery_user(USER, licensed=False)
    assert services(sandbox) == []
    assert sandbox.ledger(operation="discovery")[0]["status"] == 200


def test_it_retires_and_returns(sandbox: m365kit.Sandbox) -> None:
    assert sandbox.set_discovery({"retired": True})["retired"] is True
    with pytest.raises(HTTPError, match="410"):
        services(sandbox)
    assert sandbox.set_discovery({"retired": False, "mischief": "foreign_resource"})["mischief"]
    assert services(sandbox)[0]["serviceResourceId"] == "https://tokens.evil.example/"


def test_domains_live_where_they_are_said_to() -> None:
    with m365kit.Sandbox(
        blobs=0, discovery={"domains": {"gov.example": {"cloud": "dod"}}}
    ) as sandbox:
        with urlopen(f"{sandbox.url}/gov.example/v2.0/.well-known/openid-configuration") as answer:
            assert load(answer)["msgraph_host"] == "dod-graph.microsoft.us"
    with pytest.raises(m365kit.InvalidRequest, match="mars"):
        m365kit.Sandbox(discovery={"domains": {"gov.example": {"cloud": "mars"}}})  # type: ignore[arg-type]
