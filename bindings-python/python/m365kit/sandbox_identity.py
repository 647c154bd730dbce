"""What a sandbox is told of applications, users and its authority, and what it says of them.

The members are spelled as the sandbox spells them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import NotRequired

DeviceStep = Literal["pending", "slow_down", "approved", "declined", "expired", "bad"]
"""What a poll for a device code is told."""

CredentialState = Literal[
    "ok",
    "expired",
    "wrong_secret",
    "unknown_app",
    "disabled_app",
    "unknown_tenant",
    "other_cloud",
    "unknown_resource",
    "unavailable",
    "other_tenant",
]
"""What the authority thinks of the application."""


class SandboxSecret(TypedDict):
    """A secret of an application."""

    value: str
    """What the application shows."""
    expires: NotRequired[datetime | str | None]
    """Until when it is good. Default: for ever."""


class SandboxSubjectName(TypedDict):
    """A certificate that is trusted by its names."""

    subject: str
    """Such as `CN=audit.contoso.example`."""
    issuer: str
    """The certificate of the authority that signs it, in PEM."""


class SandboxTrust(TypedDict):
    """A trust in another issuer's tokens."""

    issuer: str
    """The claim `iss`."""
    subject: str
    """The claim `sub`."""
    audience: NotRequired[str]
    """The claim `aud`. Default: `api://AzureADTokenExchange`."""


class SandboxRedirectUris(TypedDict, total=False):
    """Where authorization codes may be sent. The port of `http://localhost` does not matter."""

    web: Sequence[str]
    """Servers, which authenticate when they redeem a code."""
    native: Sequence[str]
    """Programs on a machine, which must not."""
    spa: Sequence[str]
    """Pages in a browser, which must not either."""


class SandboxApp(TypedDict, total=False):
    """An application of the directory."""

    clientId: str
    """Its id. Default: that of the application that every sandbox has."""
    name: str
    """What people see of it."""
    secrets: Sequence[SandboxSecret]
    """Default: `client_secret` for the application that every sandbox has, none for others."""
    certificates: Sequence[str]
    """Its certificates, in PEM."""
    subjectNames: Sequence[SandboxSubjectName]
    """Certificates that are trusted by subject and issuer."""
    federated: Sequence[SandboxTrust]
    """Tokens that stand in for a secret. Default: one of the sandbox's own issuer."""
    redirectUris: SandboxRedirectUris
    """Where authorization codes may be sent."""
    publicClient: bool
    """Whether flows without a secret are allowed. Default: yes."""
    multiTenant: bool
    """Whether users of any directory may sign in, by `common` and `organizations`. Default: yes."""
    personal: bool
    """Whether personal accounts may sign in. Default: no."""
    consented: bool
    """Whether somebody has consented to what it asks for. Default: yes."""
    onBehalfOf: bool
    """Whether it may ask for tokens on behalf of its users. Default: yes."""
    scopes: Sequence[str]
    """The scopes of its own API, `api://{clientId}`. Default: `access_as_user`."""
    tokenVersion: Literal[1, 2]
    """The version of access tokens for its own API. Default: 2."""


class SandboxUser(TypedDict):
    """Somebody who can sign in."""

    name: str
    """How they sign in, such as `sadie.lund@contoso.onmicrosoft.com`."""
    displayName: NotRequired[str]
    """What others see."""
    personal: NotRequired[bool]
    """Whether it is a personal account. Default: no."""


class SandboxBehaviour(TypedDict, total=False):
    """How the authority behaves; `Sandbox.set_behaviour` changes it while the sandbox runs."""

    authorize: Literal["approve", "form", "refuse"]
    """What becomes of a sign-in in the browser. Default: it is approved at once."""
    authorizeError: str
    """What a refused sign-in says. Default: `access_denied`."""
    device: Sequence[DeviceStep]
    """What each poll for a device code is told; the last repeats. Default: pending, approved."""
    deviceInterval: int
    """Seconds between polls. Default: 5."""
    deviceLifetime: int
    """Seconds a device code lives. Default: 900."""
    deviceStrict: bool
    """Whether a poll that comes too soon is told to slow down. Default: no."""
    codeLifetime: int
    """Seconds an authorization code lives. Default: 600."""
    rotation: bool
    """Whether each use of a refresh token gives a new one. Default: yes."""
    refreshGrace: int
    """Seconds that a refresh token works on after it was replaced. Default: 3,600."""
    refreshLifetime: int
    """Seconds that a refresh token lives unused. Default: 90 days."""
    refreshIn: int | None
    """`refresh_in` of token answers. Default: there is none."""
    extExpiresIn: int | None
    """`ext_expires_in` of token answers. Default: as `expires_in`."""
    stringNumbers: bool
    """Whether version 2 writes its numbers as text, too. Default: no."""
    omitExpiresIn: bool
    """Whether token answers lack `expires_in`. Default: no."""
    tokenType: str
    """`token_type` of token answers. Default: `Bearer`."""
    malformed: bool
    """Whether token answers break off in the middle of their JSON. Default: no."""
    capableLifetime: int | None
    """Seconds that tokens live whose client declared `cp1`. Default: as all others."""
    assertionReplay: Literal["refuse", "same", "allow"]
    """Whether an assertion may be shown again: never, the very same one, or as one likes.
    Default: never."""
    requirePkce: bool
    """Whether a sign-in without a code challenge is refused. Default: no."""
    errorLines: bool
    """Whether error descriptions break their lines, as the older service's. Default: no."""
    resources: Sequence[str]
    """Further APIs of the directory, exactly as registered."""


class SandboxManagedIdentity(TypedDict):
    """A user-assigned identity of a machine."""

    clientId: str
    """Its client id."""
    objectId: str
    """The id of its service principal."""
    resourceId: str
    """Its id as a resource of Azure."""


class SandboxManaged(TypedDict, total=False):
    """The managed identities of the machine that the sandbox plays."""

    system: bool
    """Whether there is a system-assigned one. Default: yes."""
    user: Sequence[SandboxManagedIdentity]
    """User-assigned ones. Default: one."""
    arcDirectory: str | None
    """Where Arc's challenge files are written. Default: a directory of temporary files."""
    arcChallenge: Literal["file", "foreign", "large", "absent"]
    """What Arc's challenge says. Default: the path of a key file that is there."""
    appServiceExpiresOnOnly: bool
    """Whether App Service says `expires_on` only, as it does. Default: yes."""
    lifetime: int
    """Seconds that tokens live. Default: 86,400."""


class SandboxIdentity(TypedDict, total=False):
    """The identity half of a tenant, as `Sandbox` takes it."""

    apps: Sequence[SandboxApp]
    """Applications. One without `clientId` describes the one that every sandbox has."""
    users: Sequence[SandboxUser]
    """Who can sign in. Default: two users, and one with a personal account."""
    behaviour: SandboxBehaviour
    """How the authority behaves."""
    managed: SandboxManaged
    """The managed identities of its machine."""


class SandboxFederation(TypedDict):
    """The issuer of tokens that workloads bring."""

    issuer: str
    """The claim `iss` of its tokens, where its metadata are."""
    requestUrl: str
    """Where a job asks for one, as `ACTIONS_ID_TOKEN_REQUEST_URL` says it."""


class SandboxMachine(TypedDict):
    """Where a machine asks for tokens of its managed identities, by the kind of its host."""

    header: str
    """The secret that the endpoints want to be shown (`IDENTITY_HEADER`)."""
    user: list[SandboxManagedIdentity]
    """The user-assigned identities."""
    imds: str
    """The origin of IMDS, in place of `http://169.254.169.254`."""
    appService: str
    machineLearning: str
    arc: str
    arcDirectory: str
    """Where Arc's challenge files are."""
    arcProgramData: str
    """What stands for `ProgramData`, below which they are."""
    serviceFabric: str
    serverThumbprint: str | None
    """The thumbprint of the sandbox's certificate, where it speaks TLS."""
    cloudShell: str


class SandboxDirectory(TypedDict):
    """Who may sign in to a sandbox now, and where."""

    user: str | None
    """Who signs in where nobody is named."""
    users: list[SandboxUser]
    apps: list[SandboxApp]
    federation: SandboxFederation
    managed: SandboxMachine
    behaviour: SandboxBehaviour


class SandboxCertificate(TypedDict):
    """A certificate that was made for a client to sign in with."""

    certificate: str
    """In PEM."""
    privateKey: str
    """In PEM."""
    pem: str
    """Both, one after the other."""
    issuer: str | None
    """The certificate of the authority that signed it, if it is not self-signed."""
    subject: str
    """Such as `CN=audit.contoso.example`."""
    x5t: str
    """The SHA-1 thumbprint, as headers of assertions have it."""
    x5tS256: str
    """The SHA-256 thumbprint."""


class SandboxToken(TypedDict):
    """An access token that was given out without a request."""

    token: str
    expiresOn: str


class SandboxDeviceCode(TypedDict):
    """A device code that was given out."""

    userCode: str
    """What people type."""
    clientId: str
    steps: list[DeviceStep]
    """What the polls to come are told."""
    expires: str
    redeemed: bool


class SandboxDisclosed(TypedDict):
    """A secret that the authority has given out or was shown."""

    kind: str
    """Such as `client_secret` or `access_token`."""
    value: str


class SandboxLogin(TypedDict):
    """How a request for a token was made; nothing in it is secret."""

    grant: str | None
    """`grant_type`, or `devicecode`, or `managed_identity`."""
    credential: str
    """Such as `secret`, `certificate`, `federated`, `none`, or the kind of machine."""
    clientId: NotRequired[str | None]
    algorithm: NotRequired[str]
    """That of a certificate's assertion."""
    certificateBy: NotRequired[list[str]]
    """What it named the certificate by: `x5t`, `x5t#S256`, `x5c`."""
