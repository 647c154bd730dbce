"""What a sandbox does as an authority: applications, sign-ins, certificates, tokens."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from ._values import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import Any, Literal

    from .sandbox_identity import (
        CredentialState,
        DeviceStep,
        SandboxApp,
        SandboxBehaviour,
        SandboxCertificate,
        SandboxDeviceCode,
        SandboxDirectory,
        SandboxDisclosed,
        SandboxToken,
    )


class Authority:
    """The control operations of a sandbox's authority."""

    __slots__ = ()

    if TYPE_CHECKING:

        def control(self, name: str, /, **args: Any) -> Any: ...
        def _control(self, name: str, args: Mapping[str, Any] | None) -> Any: ...

    @property
    def identity(self) -> SandboxDirectory:
        """Who may sign in now, and where."""
        directory: SandboxDirectory = self.control("describe")["identity"]
        return directory

    def set_app(self, app: SandboxApp) -> SandboxApp:
        """Registers an application, or changes what is given of one.

        Args:
            app: Without `clientId`, the application that every sandbox has.

        Returns:
            The whole of it.
        """
        changed: SandboxApp = self._control("set_app", app)
        return changed

    def set_behaviour(self, behaviour: SandboxBehaviour) -> SandboxBehaviour:
        """Changes what is given of how the authority behaves.

        Args:
            behaviour: Such as `{"authorize": "refuse"}`.

        Returns:
            The whole of it.
        """
        changed: SandboxBehaviour = self._control("set_behaviour", behaviour)
        return changed

    def credential_state(self, state: CredentialState) -> None:
        """Sets what the authority thinks of the application.

        Args:
            state: Such as `expired`; `ok` makes it welcome again.
        """
        self.control("credential_state", state=state)

    def issue_token(
        self,
        *,
        audience: str | None = None,
        tenant: str | None = None,
        client_id: str | None = None,
        roles: Iterable[str] | None = None,
        lifetime: int | None = None,
        user: str | None = None,
        capable: bool | None = None,
    ) -> SandboxToken:
        """Gives out an access token without asking anybody.

        Args:
            audience: Which API it is for. Default: the management API.
            tenant: The directory that it is of.
            client_id: The application that it is for.
            roles: The roles that it carries; with a user, the scopes.
            lifetime: How many seconds it lasts.
            user: Whom it speaks for. Default: the application alone.
            capable: Whether its client understands claims challenges. Default: no.
        """
        token: SandboxToken = self.control(
            "issue_token",
            audience=audience,
            tenant=tenant,
            clientId=client_id,
            roles=None if roles is None else list(roles),
            lifetime=lifetime,
            user=user,
            capable=capable,
        )
        return token

    def expire_tokens(self) -> None:
        """Ends all tokens that it has given."""
        self.control("expire_tokens")

    def revoke_tokens(
        self,
        *,
        user: str | None = None,
        client_id: str | None = None,
        number: int | None = None,
        insist: bool | None = None,
    ) -> int:
        """Revokes access tokens: the APIs challenge clients that understand it, and refuse others.

        Args:
            user: Only those of this user.
            client_id: Only those of this application.
            number: Only the one that the ledger calls so.
            insist: Whether later tokens are challenged, too, until one is asked for with the
                claims of the challenge, or until `relent`. Default: no.

        Returns:
            How many were revoked.
        """
        found = self.control(
            "revoke_tokens", user=user, clientId=client_id, number=number, insist=insist
        )
        return int(found["revoked"])

    def relent(self) -> None:
        """No longer challenges what was revoked with `insist`."""
        self.control("relent")

    def revoke_refresh_tokens(
        self, *, user: str | None = None, client_id: str | None = None
    ) -> int:
        """Revokes refresh tokens, as a changed password does.

        Args:
            user: Only those of this user.
            client_id: Only those of this application.

        Returns:
            How many were revoked.
        """
        return int(self.control("revoke_refresh_tokens", user=user, clientId=client_id)["revoked"])

    def device_codes(self) -> list[SandboxDeviceCode]:
        """The device codes that it has given out."""
        codes: list[SandboxDeviceCode] = self.control("device_codes")["codes"]
        return codes

    def device_code(
        self,
        steps: Sequence[DeviceStep],
        *,
        user_code: str | None = None,
        user: str | None = None,
    ) -> int:
        """Says how sign-ins by device code go on, as a person in a browser would.

        Args:
            steps: What the polls to come are told, such as `["approved"]` or `["declined"]`; the
                last repeats.
            user_code: Which. Default: all that are open.
            user: Who approves it.

        Returns:
            How many device codes are concerned.
        """
        found = self.control("device_code", steps=list(steps), userCode=user_code, user=user)
        return int(found["changed"])

    def make_certificate(
        self,
        *,
        subject: str | None = None,
        kind: Literal["rsa", "ec"] | None = None,
        bits: Literal[2048, 3072, 4096] | None = None,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        chain: bool | None = None,
        register: bool | None = None,
    ) -> SandboxCertificate:
        """Makes a certificate for a client to sign in with.

        Args:
            subject: Its common name. Default: `audit.contoso.example`.
            kind: The kind of key. Default: `rsa`.
            bits: The length of an RSA key. Default: 2048.
            not_before: From when it is good. Default: since yesterday.
            not_after: Until when. Default: for a year.
            chain: Whether an authority signs it, whose certificate comes with it. Default: no.
            register: Whether it is registered for the application that every sandbox has.
                Default: no.
        """
        made: SandboxCertificate = self.control(
            "make_certificate",
            subject=subject,
            kind=kind,
            bits=bits,
            notBefore=moment("not_before", not_before),
            notAfter=moment("not_after", not_after),
            chain=chain,
            register=register,
        )
        return made

    def sign(
        self,
        private_key: str,
        message: bytes,
        *,
        algorithm: Literal["ps256", "rs256"] | None = None,
    ) -> bytes:
        """The signature of a key vault: by a key that `make_certificate` made.

        Args:
            private_key: The key, in PEM.
            message: What is signed.
            algorithm: How. Default: `ps256`.
        """
        signed = self.control(
            "sign",
            privateKey=private_key,
            message=b64encode(message).decode(),
            algorithm=algorithm,
        )
        return b64decode(signed["signature"])

    def federated_token(
        self,
        *,
        issuer: str | None = None,
        subject: str | None = None,
        audience: str | None = None,
        lifetime: int | None = None,
    ) -> str:
        """A token of the issuer that workloads bring theirs from.

        Args:
            issuer: The claim `iss`; what is left out is as the application trusts it.
            subject: The claim `sub`.
            audience: The claim `aud`.
            lifetime: Seconds until it expires; below 0, it has expired. Default: 600.
        """
        return str(
            self.control(
                "federated_token",
                issuer=issuer,
                subject=subject,
                audience=audience,
                lifetime=lifetime,
            )["token"]
        )

    def secrets(self) -> list[SandboxDisclosed]:
        """All secrets and tokens that it has given out or was shown, to look for where they must
        not be.
        """
        found: list[SandboxDisclosed] = self.control("secrets")["secrets"]
        return found

    def aadsts(self) -> list[int]:
        """The AADSTS numbers that `fault` can raise by number alone."""
        numbers: list[int] = self.control("aadsts")["numbers"]
        return numbers
