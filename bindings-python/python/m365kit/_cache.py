"""Where tokens are kept: in memory, in a file, in the keyring, or wherever the user likes."""

from __future__ import annotations

from . import _native
from ._values import as_path, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike
    from typing import Any, NoReturn

    from ._functions import LoadFunction, SaveFunction


class TokenCache:
    """Tokens, and the refresh tokens that renew them, in memory.

    A client has one of its own unless it is given one. Clients that are given the same one share
    what they have in common: entries are told apart by authority, tenant, application, user,
    audience and scopes. A cache that lasts is made by `in_file`, `in_keyring` or `with_store`.
    """

    __slots__ = ("_about", "_native")

    _about: str
    _native: _native.TokenCache

    def __init__(self) -> None:
        self._fill("", {})

    @classmethod
    def in_file(
        cls,
        path: str | PathLike[str],
        *,
        key: bytes | None = None,
        passphrase: str | None = None,
    ) -> TokenCache:
        """A cache in an encrypted file that only its owner can read, shared with other processes.

        The file is sealed with AES-256-GCM under the key, or one made from the passphrase. It is
        read when the first token is needed, and written after each change; a file that cannot be
        read is told of in the log, and the cache lives on in memory.

        Args:
            path: The file; it need not be there yet.
            key: 32 random bytes, such as a key from a key vault.
            passphrase: A text to make the key from. One of the two must be given.

        Raises:
            InvalidRequest: The key is no key.
        """
        place = {
            "path": as_path("path", path),
            "key": None if key is None else _base64(key),
            "passphrase": passphrase,
        }
        return cls.__new__(cls)._fill(f"in_file({place['path']!r})", place)

    @classmethod
    def in_keyring(cls, name: str) -> TokenCache:
        """A cache in the platform's keyring: Keychain, Credential Manager or Secret Service.

        The packages for Linux are built without the last of these, which brings a D-Bus client of
        a megabyte along: use `in_file`, or `with_store` with the `keyring` package.

        Args:
            name: The name of the entry.

        Raises:
            InvalidRequest: This build knows no keyrings.
        """
        return cls.__new__(cls)._fill(f"in_keyring({name!r})", {"keyring": name})

    @classmethod
    def with_store(cls, load: LoadFunction, save: SaveFunction) -> TokenCache:
        """A cache that functions of yours keep. What they are given holds tokens in the clear.

        Args:
            load: Gives the bytes that were saved last, or `None`; called when the first token is
                needed. With `AsyncClient` it may be async.
            save: Called with bytes to keep in place of those before, after each change. With
                `AsyncClient` it may be async.
        """
        functions: dict[str, Callable[..., Any]] = {"load_cache": load, "save_cache": save}
        return cls.__new__(cls)._fill("with_store(...)", {}, functions)

    def _fill(
        self,
        about: str,
        place: dict[str, Any],
        functions: dict[str, Callable[..., Any]] | None = None,
    ) -> TokenCache:
        said = {name: value for name, value in place.items() if value is not None}
        self._native = _native.TokenCache(encode(said), functions)
        self._about = about
        return self

    def export(self) -> bytes:
        """All that is worth keeping, for `import_`. It holds tokens in the clear: keep it as you
        would a password.
        """
        return self._native.export()

    def import_(self, exported: bytes) -> None:
        """Takes in what `export` gave. Where both have an entry, the newer one stays.

        Raises:
            InvalidRequest: It is something else.
        """
        self._native.import_(exported)

    def __repr__(self) -> str:
        return f"TokenCache.{self._about}" if self._about else "TokenCache()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a TokenCache is not pickled, since it holds secrets: use export()")


def _base64(key: bytes) -> str:
    from base64 import b64encode

    return b64encode(key).decode()
