"""A sandbox as the libraries of others reach it: over TLS, and with plain HTTP beside them."""

from __future__ import annotations

import json
import re
import ssl
from base64 import b64decode
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

import jwt
import pytest

import m365kit

# What the machine that runs the tests may have set, and the libraries would heed.
ENVIRONMENT = (
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AZURE_AUTHORITY_HOST",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "MSI_ENDPOINT",
    "MSI_SECRET",
)
REDIRECT = "http://localhost:8400"


class Way(NamedTuple):
    """What the ledger must say of the request that gave a token."""

    grant: str
    credential: str
    user: bool = False


# The hosts of managed identities, as the sandbox and its ledger call them, and whether an identity
# can be named there.
HOSTS = {
    "imds": ("imds", True),
    "appService": ("app_service", True),
    "machineLearning": ("machine_learning", True),
    "serviceFabric": ("service_fabric", False),
}
IDENTITIES = [
    pytest.param(kind, assigned, id=f"{credential}-{'user' if assigned else 'system'}")
    for kind, (credential, named) in HOSTS.items()
    for assigned in ([False, True] if named else [False])
]


class Outside:
    """A sandbox that speaks TLS, seen from outside."""

    def __init__(self, sandbox: m365kit.Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.authority = f"{sandbox.url}/{sandbox.tenant}"
        self.scope = f"{sandbox.url}/.default"
        self.own_scope = f"api://{sandbox.client_id}/access_as_user"
        self.machine = sandbox.identity["managed"]
        self.ca = self.file(folder, "authority.pem", sandbox.ca_certificate or "")
        context = ssl.create_default_context(cafile=self.ca)
        self.ahead = 0
        # As newer versions of Python have it by themselves.
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        self.keys = jwt.PyJWKClient(f"{self.authority}/discovery/v2.0/keys", ssl_context=context)
        self.http = build_opener(ProxyHandler({}), HTTPSHandler(context=context), Still())

    @staticmethod
    def file(folder: Path, name: str, text: str) -> str:
        path = folder / name
        path.write_text(text)
        return str(path)

    def call(self, token: str) -> dict[str, Any] | None:
        """Lists the subscriptions of the audit feed; gives the claims of a challenge, if any."""
        url = f"{self.sandbox.url}/api/v1.0/{self.sandbox.tenant}/activity/feed/subscriptions/list"
        try:
            with self.http.open(
                Request(url, headers={"Authorization": f"Bearer {token}"})
            ) as found:
                assert isinstance(json.load(found), list)
                return None
        except HTTPError as refused:
            assert refused.code == 401, refused.read()
            _, _, text = refused.headers["WWW-Authenticate"].partition('claims="')
            claims: dict[str, Any] = json.loads(b64decode(text.partition('"')[0]))
            return claims

    def browse(self, url: str) -> dict[str, str]:
        """Opens a sign-in as a browser would, and gives what it is sent back with."""
        try:
            with self.http.open(url) as page:
                form = re.findall(r'name="(\w+)" value="([^"]*)"', page.read().decode())
                return {name: unescape(value) for name, value in form}
        except HTTPError as answer:
            assert answer.code == 302, answer.read()
            return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))

    def follow(self, url: str) -> Thread:
        """Opens a sign-in as a browser would, and goes where it is sent back to."""
        place = f"{dict(parse_qsl(url))['redirect_uri']}?{urlencode(self.browse(url))}"
        browser = Thread(target=lambda: self.http.open(place).close())
        browser.start()
        return browser

    def check(self, token: str, way: Way) -> dict[str, Any]:
        """Uses a token, and gives its claims: they and the ledger fit the way it was got."""
        assert self.call(token) is None
        claims = self.said(token)
        used = self.sandbox.ledger(operation="subscriptions")[-1]
        number = int(claims["uti"].removeprefix("m365kit"))
        assert (used["status"], used["headers"]["authorization"]) == (200, f"Bearer #{number}")
        asked = self.asked()
        assert asked["status"] == 200
        login = asked["login"]
        assert (login["grant"], login["credential"]) == (way.grant, way.credential)
        assert (claims["aud"], claims["tid"]) == (self.sandbox.url, self.sandbox.tenant)
        assert "ActivityFeed.Read" in (claims["scp"].split() if way.user else claims["roles"])
        assert claims.get("upn") == (self.sandbox.identity["user"] if way.user else None)
        strength = {"none": "0", "secret": "1", "secret_basic": "1"}.get(way.credential, "2")
        assert claims["appidacr"] == strength
        if way.grant != "managed_identity":
            assert claims["appid"] == login.get("clientId") == self.sandbox.client_id
        seen = json.dumps(self.sandbox.ledger())
        assert not [one["kind"] for one in self.sandbox.secrets() if one["value"] in seen]
        return claims

    def said(self, token: str) -> dict[str, Any]:
        """The claims of a token that is signed with a key which the authority publishes."""
        key = self.keys.get_signing_key_from_jwt(token)
        # The clock of the sandbox may be ahead.
        options = {"verify_iat": False, "verify_nbf": False}
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=["RS256"], audience=self.sandbox.url, options=options
        )
        return claims

    def check_machine(self, token: str, kind: str, assigned: bool) -> None:
        """Uses a token of a managed identity, the system's or the one that is assigned."""
        claims = self.check(token, Way("managed_identity", HOSTS[kind][0]))
        [user] = self.machine["user"]
        assert (claims["appid"] == user["clientId"]) == assigned
        assert claims.get("xms_mirid") == (user["resourceId"] if assigned else None)

    def hours(self, times: int) -> Iterator[int]:
        """Lets an hour pass between one time and the next."""
        for hour in range(times):
            if hour:
                self.later()
            yield hour

    def later(self) -> None:
        """Lets an hour pass, here and in the sandbox."""
        self.ahead += 3_600
        self.sandbox.advance(3_600)

    def called_with(self, *, user: bool = True) -> str:
        """A token that the application was called with as an API, by a user or another one."""
        name = self.sandbox.identity["user"] if user else None
        audience = f"api://{self.sandbox.client_id}"
        return self.sandbox.issue_token(audience=audience, user=name)["token"]

    def asked(self) -> Any:
        """The last request for a token."""
        operations = ("token", "managed_identity")
        return [one for one in self.sandbox.ledger() if one["operation"] in operations][-1]

    def host(self, kind: str) -> dict[str, str]:
        """The environment of a machine of this kind."""
        endpoint: str = self.machine[kind]  # type: ignore[literal-required]
        if kind == "imds":
            return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": endpoint}
        if kind == "machineLearning":
            return {"MSI_ENDPOINT": endpoint, "MSI_SECRET": self.machine["header"]}
        fabric = {"IDENTITY_SERVER_THUMBPRINT": self.machine["serverThumbprint"] or ""}
        usual = {"IDENTITY_ENDPOINT": endpoint, "IDENTITY_HEADER": self.machine["header"]}
        return usual | (fabric if kind == "serviceFabric" else {})


class Still(HTTPRedirectHandler):
    """Stays where it is: there is nobody where a sign-in leads back to."""

    def redirect_request(self, *args: Any) -> None:
        return None
