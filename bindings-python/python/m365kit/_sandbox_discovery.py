"""What a sandbox does as the Discovery Service."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from .sandbox_discovery import SandboxDiscovery


class Discovery:
    """The control operations of a sandbox's Discovery Service."""

    __slots__ = ()

    if TYPE_CHECKING:

        def control(self, name: str, /, **args: Any) -> Any: ...
        def _control(self, name: str, args: Mapping[str, Any] | None) -> Any: ...

    def set_discovery(self, discovery: SandboxDiscovery) -> SandboxDiscovery:
        """Changes what is given of how the Discovery Service behaves.

        Args:
            discovery: Such as `{"retired": True}`.

        Returns:
            The whole of it.
        """
        changed: SandboxDiscovery = self._control("set_discovery", discovery)
        return changed

    def discovery_user(
        self,
        name: str,
        *,
        licensed: bool | None = None,
        consented: Iterable[str] | None = None,
    ) -> SandboxDiscovery:
        """Sets what the Discovery Service, and Graph in its place, find for a user.

        Args:
            name: Who, such as `sadie.lund@contoso.onmicrosoft.com`.
            licensed: Whether they have a licence. Default: yes.
            consented: The capabilities that they consented to. Default: all.

        Returns:
            The whole of how the service behaves.
        """
        changed: SandboxDiscovery = self.control(
            "discovery_user",
            name=name,
            licensed=licensed,
            consented=None if consented is None else list(consented),
        )
        return changed
