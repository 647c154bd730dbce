"""What the generated credentials and clouds stand on."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar, NoReturn

    from ._tokens import TokenFunction


class Credential:
    """What a client proves its identity with. Shows no secret, and is not pickled."""

    __slots__ = ("_function", "_json", "_secrets")

    def __init__(
        self,
        kind: str,
        fields: Mapping[str, Any],
        *,
        secrets: tuple[str, ...] = (),
        function: TokenFunction | None = None,
    ) -> None:
        said = {name: value for name, value in fields.items() if value is not None}
        self._json = {"kind": kind, **said}
        self._secrets = secrets
        self._function = function

    def __repr__(self) -> str:
        shown = [
            f"{name}=***" if name in self._secrets else f"{name}={value!r}"
            for name, value in self._json.items()
            if name != "kind"
        ]
        if self._function is not None:
            shown.append(getattr(self._function, "__qualname__", type(self._function).__name__))
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not pickled, since it may hold a secret")


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
