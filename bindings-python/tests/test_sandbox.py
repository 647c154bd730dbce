"""What a sandbox does as an authority, beside what the tests of others' libraries ask of it."""

from __future__ import annotations

from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

import m365kit


def test_an_authority_is_configured_and_described() -> None:
    app = {"clientId": "11111111-2222-3333-4444-555555555555", "consented": False}
    users = [{"name": "sadie@contoso.example", "displayName": "Sadie"}]
    with m365kit.Sandbox(blobs=0, identity={"apps": [app], "users": users}) as sandbox:
        directory = sandbox.identity
        assert directory["user"] == "sadie@contoso.example"
        assert directory["apps"][-1]["consented"] is False
        assert directory["federation"]["issuer"] == f"{sandbox.url}/federation"
        assert directory["managed"]["serverThumbprint"] is None
        sandbox.set_behaviour({"device": ["declined"]})
        assert sandbox.identity["behaviour"]["device"] == ["declined"]
    with pytest.raises(m365kit.InvalidRequest, match="consent"):
        m365kit.Sandbox(identity={"apps": [{"consent": False}]})


def test_a_device_code_goes_on_as_told_to(sandbox: m365kit.Sandbox) -> None:
    form = urlencode({"client_id": sandbox.client_id, "scope": "openid"}).encode()
    urlopen(f"{sandbox.url}/{sandbox.tenant}/oauth2/v2.0/devicecode", form).close()
    [code] = sandbox.device_codes()
    assert (code["steps"], code["redeemed"]) == (["pending", "approved"], False)
    assert sandbox.device_code(["slow_down", "declined"], user_code=code["userCode"]) == 1
    assert sandbox.device_codes()[0]["steps"] == ["slow_down", "declined"]
    assert sandbox.ledger(operation="device_code")[0]["login"]["grant"] == "devicecode"


def test_what_is_revoked_is_counted(sandbox: m365kit.Sandbox) -> None:
    user = sandbox.identity["user"]
    sandbox.issue_token(user=user, capable=True)
    assert sandbox.revoke_tokens(user=user, insist=True) == 1
    sandbox.relent()
    assert sandbox.revoke_refresh_tokens(user=user) == 0
    assert 50076 in sandbox.aadsts()


def test_faults_are_counted_by_their_ids(sandbox: m365kit.Sandbox) -> None:
    fault = sandbox.fault({"aadsts": 90033}, match={"operation": "token"})
    with sandbox.client() as client:
        client.audit.list_subscriptions()
    assert sandbox.fault_stats() == {str(fault): 1}


def test_a_key_vault_signs(sandbox: m365kit.Sandbox) -> None:
    made = sandbox.make_certificate(register=True)
    assert made["pem"] == made["certificate"] + made["privateKey"]
    credential = m365kit.ClientCertificate(
        sandbox.client_id,
        certificate=made["certificate"],
        sign=lambda message: sandbox.sign(made["privateKey"], message),
    )
    with m365kit.Client(sandbox.tenant, credential=credential, cloud=sandbox.cloud) as client:
        assert client.audit.list_subscriptions()


def test_the_health_of_services_is_told(sandbox: m365kit.Sandbox) -> None:
    issue = sandbox.add_issue({"service": "SharePoint Online", "endDateTime": None})
    posted = sandbox.add_post(issue["id"], "Soon.", post_type="quick", status="restoringService")
    assert (posted["status"], posted["posts"][0]["postType"]) == ("restoringService", "quick")
    assert sandbox.update_issue(issue["id"], {"title": "Mine"})["title"] == "Mine"
    assert sandbox.resolve_issue(issue["id"], at=sandbox.clock(), content="Done.")["isResolved"]
    message = sandbox.add_message({"tags": ["Major change"]})
    assert sandbox.update_message(message["id"], {"severity": "high"})["severity"] == "high"
    assert sandbox.set_service_health({"limits": {"perHour": 5}, "live": None})["dialect"] == "wire"
    store = sandbox.service_health()
    assert (store["issues"][0]["title"], store["messages"][0]["id"]) == ("Mine", message["id"])
    with m365kit.Sandbox(blobs=0, service_health={"issues": 3, "messages": []}) as other:
        store = other.service_health()
        assert [len(store[name]) for name in ("services", "issues", "messages")] == [24, 3, 0]
