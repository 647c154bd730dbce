"""What the generated credentials and clouds stand on."""

from __future__ import annotations

from ._errors import InvalidRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, ClassVar, NoReturn, Protocol, TypeAlias

    from ._faces.credentials import ClientCertificate, ClientSecret, WorkloadIdentity
    from ._functions import SomeToken, TokenRequest

    ConfidentialClient: TypeAlias = ClientSecret | ClientCertificate | WorkloadIdentity
    """An application that can prove who it is."""

    Application: TypeAlias = str | ConfidentialClient
    """An application: a public one by its client id, a confidential one by its credential."""

    class TokenCredential(Protocol):
        """A credential of `azure-identity`, or whatever else has its `get_token`."""

        def get_token(
            self, *scopes: str, claims: str | None = None, **options: Any
        ) -> SomeToken: ...

    class AsyncTokenCredential(Protocol):
        """The same of `azure.identity.aio`."""

        async def get_token(
            self, *scopes: str, claims: str | None = None, **options: Any
        ) -> SomeToken: ...

    AnyCredential: TypeAlias = "Credential | TokenCredential | AsyncTokenCredential"


class Options:
    """Options that cross as JSON, and a function of the user's; they show no secret."""

    __slots__ = ("_fields", "_given", "_kind", "_secrets")

    def __init__(
        self,
        kind: str,
        fields: Mapping[str, Any],
        *,
        secrets: tuple[str, ...] = (),
        functions: Mapping[str, Callable[..., Any] | None] | None = None,
    ) -> None:
        self._kind = kind
        self._fields = {name: value for name, value in fields.items() if value is not None}
        self._secrets = secrets
        self._given = {name: function for name, function in (functions or {}).items() if function}
        for name, function in self._given.items():
            if not callable(function):
                raise InvalidRequest(f"{name}: expected a function, not {type(function).__name__}")

    @property
    def _members(self) -> dict[str, Any]:
        """The fields as they cross, in which a client is a credential of its own."""
        return {
            name: value._json if isinstance(value, Credential) else value
            for name, value in self._fields.items()
        }

    @property
    def _functions(self) -> dict[str, Callable[..., Any]]:
        """Its function, and that of the client in it."""
        functions = dict(self._given)
        for value in self._fields.values():
            if isinstance(value, Credential):
                functions |= value._functions
        return functions

    def __repr__(self) -> str:
        shown = [
            f"{name}=***" if name in self._secrets else f"{name}={value!r}"
            for name, value in self._fields.items()
        ]
        shown += [
            getattr(function, "__qualname__", type(function).__name__)
            for function in self._given.values()
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not pickled, since it may hold a secret")


class Credential(Options):
    """What a client proves its identity with. Shows no secret, and is not pickled."""

    __slots__ = ()

    @property
    def _json(self) -> dict[str, Any]:
        return {"kind": self._kind, **self._members}


def credential_of(given: AnyCredential, continuous_access: bool) -> Credential:
    """The credential itself, or one that asks another library's.

    Args:
        given: What the client was given.
        continuous_access: Whether tokens may live long and be revoked at any moment.

    Raises:
        InvalidRequest: It is neither.
    """
    if isinstance(given, Credential):
        return given
    ask = getattr(given, "get_token", None)
    if not callable(ask):
        raise InvalidRequest(
            f"credential: expected a credential, not {type(given).__name__}",
            hint="pass m365kit.ClientSecret(client_id, secret) or one of its neighbours, or an "
            "object with get_token, as those of azure-identity are",
        )
    from ._functions import is_async

    def options(request: TokenRequest) -> dict[str, Any]:
        claims = {} if request.claims is None else {"claims": request.claims}
        return {"enable_cae": continuous_access, **claims}

    if is_async(ask):

        async def get_token_async(request: TokenRequest) -> Any:
            return await ask(request.scope, **options(request))

        return Foreign(given, get_token_async)

    def get_token(request: TokenRequest) -> Any:
        return ask(request.scope, **options(request))

    return Foreign(given, get_token)


class Foreign(Credential):
    """A credential of another library."""

    __slots__ = ("_of",)

    def __init__(self, of: object, function: Callable[[TokenRequest], Any]) -> None:
        super().__init__("callback", {}, functions={"token": function})
        self._of = type(of)

    def __repr__(self) -> str:
        return f"<{self._of.__module__}.{self._of.__qualname__}>"


class CloudBase:
    """A cloud: one with a name of its own, or hosts."""

    __slots__ = ("_json",)

    _names: ClassVar[tuple[str, ...]] = ()
    """The clouds with names of their own; each has a constant."""

    def __init__(self, name: str, hosts: Mapping[str, str | None] | None = None) -> None:
        said = {host: url for host, url in (hosts or {}).items() if url is not None}
        self._json = {"name": name, **said}

    def __init_subclass__(cls) -> None:
        for name in cls._names:
            setattr(cls, name.upper(), cls(name))

    def __repr__(self) -> str:
        name = self._json["name"]
        if name in self._names:
            return f"Cloud.{name.upper()}"
        hosts = [f"{host}={url!r}" for host, url in self._json.items() if host != "name"]
        return f"Cloud.{name}({', '.join(hosts)})"

    def __eq__(self, other: object) -> bool:
        return self._json == other._json if isinstance(other, CloudBase) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._json.items()))


def cloud_of(given: object) -> CloudBase:
    """The cloud, checked.

    Raises:
        InvalidRequest: It is none.
    """
    if isinstance(given, CloudBase):
        return given
    raise InvalidRequest(
        f"cloud: expected a Cloud, not {type(given).__name__}",
        hint="pass Cloud.PUBLIC or one of its neighbours, or Cloud.custom(...)",
    )
