"""Signing a user in with a browser, for a credential to come of it."""

from __future__ import annotations

from ._base import running_loop
from ._credentials import Options, cloud_of
from ._values import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ._credentials import Application
    from ._faces.credentials import AuthorizationCode, Cloud


class SignInBase(Options):
    """How a sign-in begins."""

    __slots__ = ()

    def begin(self, tenant: str, *, cloud: Cloud | None = None) -> PendingSignIn:
        """Makes the address to open in a browser; sends nothing.

        Args:
            tenant: A directory id, a domain, or `common`, `organizations` or `consumers`.
            cloud: The cloud that the tenant lives in. Default: `Cloud.PUBLIC`.

        Raises:
            InvalidRequest: An argument cannot be right.
        """
        from json import loads

        from . import _native

        begun = loads(_native.begin_sign_in(_beginning(self, tenant, cloud)))
        return PendingSignIn.restore(self._fields["client"], begun["pending"])


class BrowserSignInBase(Options):
    """How a sign-in in the browser of this machine is done."""

    __slots__ = ()

    def run(self, tenant: str, *, cloud: Cloud | None = None) -> AuthorizationCode:
        """Opens the browser, and blocks until the user has signed in; gives a credential.

        Args:
            tenant: A directory id, a domain, or `common`, `organizations` or `consumers`.
            cloud: The cloud that the tenant lives in. Default: `Cloud.PUBLIC`.

        Raises:
            AuthError: The sign-in was refused, or the browser cannot be opened.
            Timeout: Nobody signed in in time.
            InvalidRequest: An argument cannot be right.
        """
        from . import _native

        args = _beginning(self, tenant, cloud)
        return _finished(self._fields["client"], _native.browser_sign_in(args, self._functions))

    async def run_async(self, tenant: str, *, cloud: Cloud | None = None) -> AuthorizationCode:
        """The same as `run`, awaited."""
        from . import _native

        args = _beginning(self, tenant, cloud)
        fields = await _native.browser_sign_in_async(running_loop(), args, self._functions)
        return _finished(self._fields["client"], fields)


class PendingSignIn:
    """A sign-in whose user is in the browser.

    Attributes:
        url: The address to open in the user's browser.
    """

    __slots__ = ("_client", "_pending", "url")

    def __init__(self, client: Application, url: str, pending: str) -> None:
        self.url = url
        self._client = client
        self._pending = pending

    def finish(self, callback: str) -> AuthorizationCode:
        """Finishes the sign-in; gives a credential. Another sign-in's answer changes nothing.

        Args:
            callback: What came back: the whole address that the browser was sent to, its query, or
                the body that it posted.

        Raises:
            AuthError: The sign-in was refused, or the callback's `state` is not that of this
                sign-in.
        """
        from . import _native

        args = encode({"pending": self._pending, "callback": callback})
        return _finished(self._client, _native.finish_sign_in(args))

    def export(self) -> str:
        """All that it takes to finish the sign-in elsewhere but the client, for web servers whose
        next request meets another process. It holds secrets of this user's session, and belongs
        there and nowhere else.
        """
        return self._pending

    @classmethod
    def restore(cls, client: Application, exported: str) -> PendingSignIn:
        """The sign-in that was exported.

        Args:
            client: The application that it was begun for.
            exported: What `export` gave.

        Raises:
            InvalidRequest: It is something else.
        """
        from json import loads

        from ._errors import InvalidRequest

        try:
            return cls(client, loads(exported)["url"], exported)
        except (KeyError, TypeError, ValueError):
            raise InvalidRequest(
                "exported: that is no exported sign-in", hint="pass what export() gave"
            ) from None

    def __repr__(self) -> str:
        # The address holds the state.
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a PendingSignIn is not pickled, since it holds secrets: use export()")


def _beginning(sign_in: Options, tenant: str, cloud: Cloud | None) -> bytes:
    hosts = {"name": "public"} if cloud is None else cloud_of(cloud)._json
    return encode({"sign_in": sign_in._members, "tenant": tenant, "cloud": hosts})


def _finished(client: Any, fields: bytes) -> AuthorizationCode:
    from json import loads

    from ._faces.credentials import AuthorizationCode

    return AuthorizationCode(client, **loads(fields))
