"""MSAL for Python signs in to a sandbox. It reads the same wire, and knows nothing of m365kit."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msal
import pytest
import requests

import m365kit
from outside import ENVIRONMENT, IDENTITIES, REDIRECT, Outside, Way

# It would rather be posted to, which no program on a loopback address can be.
pytestmark = pytest.mark.filterwarnings("ignore:response_mode='form_post':UserWarning")

Answer = dict[str, Any]


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    behaviour = {"deviceInterval": 0, "assertionReplay": "same"}
    with m365kit.Sandbox(blobs=0, https=True, identity={"behaviour": behaviour}) as sandbox:
        yield Outside(sandbox, tmp_path)


def confidential(outside: Outside, credential: Any = None, **options: Any) -> Any:
    known = {"authority": outside.authority, "verify": outside.ca, "instance_discovery": False}
    return msal.ConfidentialClientApplication(
        outside.sandbox.client_id,
        client_credential=credential or outside.sandbox.client_secret,
        **known | options,
    )


def public(outside: Outside) -> Any:
    return msal.PublicClientApplication(
        outside.sandbox.client_id,
        authority=outside.authority,
        verify=outside.ca,
        instance_discovery=False,
    )


def alone(outside: Outside, credential: Any = None) -> Answer:
    """For the application itself."""
    return dict(confidential(outside, credential).acquire_token_for_client([outside.scope]))


def certificate(outside: Outside, *, sha1: bool = False, chain: bool = False) -> Answer:
    made = outside.sandbox.make_certificate(register=True, chain=chain)
    credential = {"private_key": made["privateKey"], "public_certificate": made["certificate"]}
    if sha1:
        credential = {
            "private_key": made["privateKey"],
            "thumbprint": urlsafe_b64decode(made["x5t"] + "=").hex(),
        }
    return alone(outside, credential)


def device(outside: Outside, app: Any = None) -> Answer:
    app = app or public(outside)
    flow = app.initiate_device_flow([outside.scope])
    assert flow["user_code"] == outside.sandbox.device_codes()[-1]["userCode"]
    return dict(app.acquire_token_by_device_flow(flow))


def code(
    outside: Outside,
    app: Any = None,
    *,
    scope: str | None = None,
    redirect: str = REDIRECT,
    **options: Any,
) -> Answer:
    """By a browser, with PKCE and a nonce, which the library checks."""
    app = app or public(outside)
    flow = app.initiate_auth_code_flow([scope or outside.scope], redirect_uri=redirect, **options)
    assert "code_challenge_method=S256" in flow["auth_uri"]
    return dict(app.acquire_token_by_auth_code_flow(flow, outside.browse(flow["auth_uri"])))


def server_code(outside: Outside) -> Answer:
    """As a server, which authenticates too, and is posted to."""
    redirect = "http://localhost/web"
    return code(outside, confidential(outside), redirect=redirect, response_mode="form_post")


def refresh(outside: Outside, app: Any = None) -> Answer:
    app = app or public(outside)
    if not app.get_accounts():
        code(outside, app)
    [account] = app.get_accounts()
    found = app.acquire_token_silent_with_error([outside.scope], account, force_refresh=True)
    return dict(found)


def on_behalf_of(outside: Outside, shown: str | None = None) -> Answer:
    shown = shown or code(outside, scope=outside.own_scope)["access_token"]
    return dict(confidential(outside).acquire_token_on_behalf_of(shown, [outside.scope]))


def federated(outside: Outside) -> Answer:
    return alone(outside, {"client_assertion": outside.sandbox.federated_token})


APP, USER = "client_credentials", True
CODE, DEVICE = "authorization_code", "urn:ietf:params:oauth:grant-type:device_code"
BEHALF = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FLOWS: dict[str, tuple[Callable[[Outside], Answer], Way]] = {
    "secret": (alone, Way(APP, "secret")),
    "certificate": (certificate, Way(APP, "certificate")),
    "certificate_sha1": (lambda at: certificate(at, sha1=True), Way(APP, "certificate")),
    "certificate_chain": (lambda at: certificate(at, chain=True), Way(APP, "certificate")),
    "client_assertion": (federated, Way(APP, "federated")),
    "device_code": (device, Way(DEVICE, "none", USER)),
    "authorization_code": (code, Way(CODE, "none", USER)),
    "authorization_code_of_a_server": (server_code, Way(CODE, "secret", USER)),
    "refresh_token": (refresh, Way("refresh_token", "none", USER)),
    "on_behalf_of": (on_behalf_of, Way(BEHALF, "secret", USER)),
}


@pytest.mark.parametrize("flow", FLOWS)
def test_flow(outside: Outside, flow: str) -> None:
    run, way = FLOWS[flow]
    answer = run(outside)
    assert "access_token" in answer, answer
    outside.check(answer["access_token"], way)
    assert answer["expires_in"] == 3599


@pytest.mark.parametrize(("kind", "assigned"), IDENTITIES)
def test_managed_identity(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, kind: str, assigned: bool
) -> None:
    for name, value in outside.host(kind).items():
        monkeypatch.setenv(name, value)
    identity: Any = msal.SystemAssignedManagedIdentity()
    if assigned:
        [user] = outside.machine["user"]
        identity = msal.UserAssignedManagedIdentity(client_id=user["clientId"])
    with requests.Session() as session:
        session.verify = outside.ca
        app = msal.ManagedIdentityClient(identity, http_client=session)
        answer = app.acquire_token_for_client(resource=outside.sandbox.url)
    outside.check_machine(answer["access_token"], kind, assigned)
    assert answer["expires_in"] == pytest.approx(86_400, abs=60)


class Refusal(NamedTuple):
    """What is broken, how it is asked, and what the library must see."""

    broken: Callable[[m365kit.Sandbox], Any]
    asked: Callable[[Outside], Answer]
    error: str
    number: int | None
    more: tuple[str, str] | None = None


CLAIMS = '{"access_token":{"capolids":{"essential":true,"values":["c4"]}}}'
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def expire(sandbox: m365kit.Sandbox) -> None:
    sandbox.set_app({"secrets": [{"value": sandbox.client_secret, "expires": LONG_AGO}]})


def condition(sandbox: m365kit.Sandbox) -> None:
    sandbox.fault({"aadsts": 50076, "claims": json.loads(CLAIMS)}, match={"operation": "token"})


def revoked(outside: Outside) -> Answer:
    app = public(outside)
    code(outside, app)
    outside.sandbox.revoke_refresh_tokens()
    return refresh(outside, app)


def unregistered(outside: Outside) -> Answer:
    made = outside.sandbox.make_certificate()
    return alone(
        outside,
        {"private_key": made["privateKey"], "public_certificate": made["certificate"]},
    )


def nothing(sandbox: m365kit.Sandbox) -> None:
    """All is well."""


REFUSALS = {
    "wrong secret": Refusal(
        nothing, lambda at: alone(at, "not the secret"), "invalid_client", 7000215
    ),
    "expired secret": Refusal(expire, alone, "invalid_client", 7000222),
    "unknown certificate": Refusal(nothing, unregistered, "invalid_client", 700027),
    "expired assertion": Refusal(
        nothing,
        lambda at: alone(
            at, {"client_assertion": lambda: at.sandbox.federated_token(lifetime=-600)}
        ),
        "invalid_client",
        700024,
    ),
    "unknown application": Refusal(
        lambda at: at.credential_state("unknown_app"), alone, "unauthorized_client", 700016
    ),
    "unknown tenant": Refusal(
        lambda at: at.credential_state("unknown_tenant"), alone, "invalid_request", 90002
    ),
    "no consent": Refusal(
        lambda at: at.set_app({"consented": False}),
        lambda at: on_behalf_of(at, at.called_with()),
        "invalid_grant",
        65001,
        ("suberror", "consent_required"),
    ),
    "conditional access": Refusal(
        condition,
        lambda at: on_behalf_of(at, at.called_with()),
        "interaction_required",
        50076,
        ("claims", CLAIMS),
    ),
    "nobody to act for": Refusal(
        nothing,
        lambda at: on_behalf_of(at, at.called_with(user=False)),
        "invalid_grant",
        7000114,
    ),
    "declined": Refusal(
        lambda at: at.set_behaviour({"device": ["declined"]}),
        device,
        "authorization_declined",
        65004,
    ),
    "refused": Refusal(
        lambda at: at.set_behaviour({"authorize": "refuse"}), code, "access_denied", None
    ),
    "revoked": Refusal(nothing, revoked, "invalid_grant", 50173, ("suberror", "bad_token")),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_refusal(outside: Outside, what: str) -> None:
    broken, asked, error, number, more = REFUSALS[what]
    broken(outside.sandbox)
    answer = asked(outside)
    assert "access_token" not in answer
    assert answer["error"] == error, answer
    if number is not None:
        assert answer["error_codes"] == [number]
        assert answer["error_description"].startswith(f"AADSTS{number}: ")
    if more is not None:
        assert answer[more[0]] == more[1]


def test_a_tenant_that_is_not_there(outside: Outside) -> None:
    """The library asks for its metadata first, and is refused there."""
    with pytest.raises(ValueError, match="authority"):
        confidential(outside, authority=f"{outside.sandbox.url}/nowhere.example")


def test_instance_discovery(outside: Outside) -> None:
    """The library asks about a host that it does not know, and gives it no secret."""
    discovery = f"{outside.sandbox.url}/common/discovery/instance"
    stranger = "https://login.example/contoso"
    with pytest.raises(ValueError, match="invalid_instance"):
        confidential(outside, instance_discovery=discovery, authority=stranger)
    [asked] = outside.sandbox.ledger(path="/discovery/instance")
    assert asked["query"]["authorization_endpoint"] == f"{stranger}/oauth2/v2.0/authorize"
    assert not outside.sandbox.ledger(operation="token")


def test_challenge(outside: Outside) -> None:
    """A token that was revoked is answered with a challenge, and the challenge with a token."""
    app = confidential(outside, client_capabilities=["cp1"])
    first = app.acquire_token_for_client([outside.scope])["access_token"]
    assert outside.check(first, Way(APP, "secret"))["xms_cc"] == ["cp1"]
    assert outside.sandbox.revoke_tokens(insist=True) == 1
    claims = outside.call(first)
    assert claims is not None
    # What is in the cache is passed over.
    answer = app.acquire_token_for_client([outside.scope], claims_challenge=json.dumps(claims))
    assert answer["token_source"] == "identity_provider"
    outside.check(answer["access_token"], Way(APP, "secret"))
