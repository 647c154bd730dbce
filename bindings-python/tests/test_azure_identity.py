"""Azure Identity for Python signs in to a sandbox, blocking and not: two readers of the wire."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import urlencode

import azure.identity
import azure.identity.aio
import pytest
from azure.core.exceptions import ClientAuthenticationError

import m365kit
from outside import ENVIRONMENT, IDENTITIES, Outside, Way

BOTH = [azure.identity, azure.identity.aio]
LIBRARIES = pytest.mark.parametrize("library", BOTH, ids=["blocking", "async"])
Arguments = dict[str, Any]


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    behaviour = {"deviceInterval": 0, "assertionReplay": "same"}
    with m365kit.Sandbox(blobs=0, https=True, identity={"behaviour": behaviour}) as sandbox:
        outside = Outside(sandbox, tmp_path)
        monkeypatch.setattr("time.time", lambda now=time.time: now() + outside.ahead)
        yield outside


def common(outside: Outside) -> Arguments:
    return {
        "tenant_id": outside.sandbox.tenant,
        "client_id": outside.sandbox.client_id,
        "authority": outside.sandbox.url,
        "disable_instance_discovery": True,
        "connection_verify": outside.ca,
        "retry_total": 0,
    }


def acquire(
    library: ModuleType,
    outside: Outside,
    name: str,
    arguments: Arguments,
    *,
    times: int = 1,
    claims: str | None = None,
    capable: bool = False,
) -> str:
    """The token that a credential gives, when it is asked so often in as many hours."""
    wish: Any = {"claims": claims, "enable_cae": capable}
    kind = getattr(library, f"{name}Credential")
    made = kind(**common(outside) | arguments)
    if library is azure.identity:
        with made as credential:
            for _ in outside.hours(times):
                found = credential.get_token(outside.scope, **wish)
        return str(found.token)

    async def ask() -> str:
        async with made as credential:
            for _ in outside.hours(times):
                found = await credential.get_token(outside.scope, **wish)
        return str(found.token)

    return asyncio.run(ask())


def code(outside: Outside) -> Arguments:
    """A code that a browser brings to a server."""
    asked = {
        "client_id": outside.sandbox.client_id,
        "response_type": "code",
        "redirect_uri": "http://localhost/web",
        "scope": f"{outside.scope} offline_access",
    }
    back = outside.browse(f"{outside.authority}/oauth2/v2.0/authorize?{urlencode(asked)}")
    return {
        "authorization_code": back["code"],
        "redirect_uri": asked["redirect_uri"],
        "client_secret": outside.sandbox.client_secret,
    }


def certificate(outside: Outside, *, register: bool = True, chain: bool = False) -> Arguments:
    made = outside.sandbox.make_certificate(register=register)
    data = (made["privateKey"] + made["certificate"]).encode()
    return {"certificate_data": data, "send_certificate_chain": chain}


def secret(outside: Outside, value: str | None = None) -> Arguments:
    return {"client_secret": value or outside.sandbox.client_secret}


def workload(outside: Outside, **assertion: Any) -> Arguments:
    token = outside.sandbox.federated_token(**assertion)
    folder = Path(outside.ca).parent
    return {"token_file_path": outside.file(folder, "workload", token)}


def assertion(outside: Outside) -> Arguments:
    return {"func": outside.sandbox.federated_token}


def behalf(outside: Outside, proof: Arguments | None = None) -> Arguments:
    return {"user_assertion": outside.called_with(), **(proof or secret(outside))}


def behalf_by_certificate(outside: Outside) -> Arguments:
    proof = certificate(outside)
    return behalf(outside, {"client_certificate": proof["certificate_data"]})


APP, USER = "client_credentials", True
CODE, DEVICE = "authorization_code", "urn:ietf:params:oauth:grant-type:device_code"
BEHALF = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Flow(NamedTuple):
    """A credential of the libraries, what it is made with, and what becomes of it."""

    name: str
    arguments: Callable[[Outside], Arguments]
    way: Way
    times: int = 1


FLOWS = {
    "secret": Flow("ClientSecret", secret, Way(APP, "secret")),
    "certificate": Flow("Certificate", certificate, Way(APP, "certificate")),
    "certificate_chain": Flow(
        "Certificate", lambda at: certificate(at, chain=True), Way(APP, "certificate")
    ),
    "client_assertion": Flow("ClientAssertion", assertion, Way(APP, "federated")),
    "workload_identity": Flow("WorkloadIdentity", workload, Way(APP, "federated")),
    "authorization_code": Flow("AuthorizationCode", code, Way(CODE, "secret", USER)),
    "refresh_token": Flow("AuthorizationCode", code, Way("refresh_token", "secret", USER), 2),
    "on_behalf_of": Flow("OnBehalfOf", behalf, Way(BEHALF, "secret", USER)),
    "on_behalf_of_by_certificate": Flow(
        "OnBehalfOf", behalf_by_certificate, Way(BEHALF, "certificate", USER)
    ),
}


@LIBRARIES
@pytest.mark.parametrize("flow", FLOWS)
def test_flow(outside: Outside, library: ModuleType, flow: str) -> None:
    name, arguments, way, times = FLOWS[flow]
    token = acquire(library, outside, name, arguments(outside), times=times)
    outside.check(token, way)


@pytest.mark.parametrize("times", [1, 2], ids=["first", "refreshed"])
def test_device_code(outside: Outside, times: int) -> None:
    shown: list[str] = []
    arguments = {"prompt_callback": lambda place, user_code, until: shown.append(user_code)}
    token = acquire(azure.identity, outside, "DeviceCode", arguments, times=times)
    assert shown == [code["userCode"] for code in outside.sandbox.device_codes()]
    outside.check(token, Way(DEVICE if times == 1 else "refresh_token", "none", USER))


@pytest.mark.parametrize("times", [1, 2], ids=["first", "refreshed"])
def test_browser(outside: Outside, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """With PKCE; the library listens where the sandbox sends the browser back to."""
    opened: list[str] = []
    browsers = []

    def browse(url: str) -> bool:
        opened.append(url)
        browsers.append(outside.follow(url))
        return True

    monkeypatch.setattr("webbrowser.open", browse)
    token = acquire(azure.identity, outside, "InteractiveBrowser", {}, times=times)
    for browser in browsers:
        browser.join()
    assert ["code_challenge_method=S256" in url for url in opened] == [True]
    outside.check(token, Way(CODE if times == 1 else "refresh_token", "none", USER))


@LIBRARIES
@pytest.mark.parametrize(("kind", "assigned"), IDENTITIES)
def test_managed_identity(
    outside: Outside,
    monkeypatch: pytest.MonkeyPatch,
    library: ModuleType,
    kind: str,
    assigned: bool,
) -> None:
    for name, value in outside.host(kind).items():
        monkeypatch.setenv(name, value)
    [user] = outside.machine["user"]
    arguments = {"client_id": user["clientId"] if assigned else None}
    token = acquire(library, outside, "ManagedIdentity", arguments)
    outside.check_machine(token, kind, assigned)


class Refusal(NamedTuple):
    """What is broken, which credential asks, and the number that the library must see."""

    broken: Callable[[m365kit.Sandbox], Any]
    name: str
    arguments: Callable[[Outside], Arguments]
    number: int


CLAIMS = '{"access_token":{"capolids":{"essential":true,"values":["c4"]}}}'


def expire(sandbox: m365kit.Sandbox) -> None:
    expired = {"value": sandbox.client_secret, "expires": "2020-01-01T00:00:00Z"}
    sandbox.set_app({"secrets": [expired]})


def condition(sandbox: m365kit.Sandbox) -> None:
    sandbox.fault({"aadsts": 50076, "claims": json.loads(CLAIMS)}, match={"operation": "token"})


def nothing(sandbox: m365kit.Sandbox) -> None:
    """All is well."""


REFUSALS = {
    "wrong secret": Refusal(nothing, "ClientSecret", lambda at: secret(at, "wrong"), 7000215),
    "expired secret": Refusal(expire, "ClientSecret", secret, 7000222),
    "unknown certificate": Refusal(
        nothing, "Certificate", lambda at: certificate(at, register=False), 700027
    ),
    "unknown tenant": Refusal(
        lambda at: at.credential_state("unknown_tenant"), "ClientSecret", secret, 90002
    ),
    "another tenant": Refusal(
        nothing, "ClientAssertion", lambda at: {**assertion(at), "tenant_id": "nowhere"}, 90002
    ),
    "expired assertion": Refusal(
        nothing, "WorkloadIdentity", lambda at: workload(at, lifetime=-600), 700024
    ),
    "another workload": Refusal(
        nothing, "WorkloadIdentity", lambda at: workload(at, subject="another"), 700213
    ),
    "no consent": Refusal(lambda at: at.set_app({"consented": False}), "OnBehalfOf", behalf, 65001),
    "conditional access": Refusal(condition, "OnBehalfOf", behalf, 50076),
    "spent code": Refusal(nothing, "AuthorizationCode", lambda at: spent(at), 54005),
}


def spent(outside: Outside) -> Arguments:
    arguments = code(outside)
    acquire(azure.identity, outside, "AuthorizationCode", arguments)
    return arguments


@LIBRARIES
@pytest.mark.parametrize("what", REFUSALS)
def test_refusal(outside: Outside, library: ModuleType, what: str) -> None:
    broken, name, arguments, number = REFUSALS[what]
    broken(outside.sandbox)
    with pytest.raises(ClientAuthenticationError, match=rf"AADSTS{number}: "):
        acquire(library, outside, name, arguments(outside))


def test_a_sign_in_that_must_be_done_anew(outside: Outside) -> None:
    """Conditional access strikes at a renewal: the library asks for a person."""
    arguments: Arguments = {"disable_automatic_authentication": True}
    arguments["prompt_callback"] = lambda *shown: None
    with azure.identity.DeviceCodeCredential(**common(outside) | arguments) as credential:
        credential.authenticate(scopes=[outside.scope])
        outside.later()
        condition(outside.sandbox)
        with pytest.raises(azure.identity.AuthenticationRequiredError, match="AADSTS50076") as why:
            credential.get_token(outside.scope)
    assert why.value.scopes == (outside.scope,)


@LIBRARIES
def test_challenge(outside: Outside, library: ModuleType) -> None:
    """A token that was revoked is answered with a challenge, and the challenge with a token."""
    known = secret(outside)
    first = acquire(library, outside, "ClientSecret", known, capable=True)
    assert outside.check(first, Way(APP, "secret"))["xms_cc"] == ["cp1"]
    assert outside.sandbox.revoke_tokens(insist=True) == 1
    claims = outside.call(first)
    assert claims is not None
    second = acquire(
        library, outside, "ClientSecret", known, claims=json.dumps(claims), capable=True
    )
    outside.check(second, Way(APP, "secret"))
