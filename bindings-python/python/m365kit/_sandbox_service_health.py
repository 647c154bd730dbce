"""What a sandbox knows of the health of services: issues, messages, and how they are told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._values import moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any, Literal

    from .sandbox_service_health import SandboxHealthSettings, SandboxHealthStore


class Announcements:
    """The control operations of a sandbox's service health."""

    __slots__ = ()

    if TYPE_CHECKING:

        def control(self, name: str, /, **args: Any) -> Any: ...
        def _control(self, name: str, args: Mapping[str, Any] | None) -> Any: ...

    def service_health(self) -> SandboxHealthStore:
        """All services, issues and messages there are now, as Graph spells them."""
        store: SandboxHealthStore = self.control("service_health")
        return store

    def set_service_health(self, settings: SandboxHealthSettings) -> SandboxHealthSettings:
        """Changes what is given of how the two wires tell of service health.

        Args:
            settings: Such as `{"retired": True}`.

        Returns:
            The whole of it.
        """
        changed: SandboxHealthSettings = self._control("set_service_health", settings)
        return changed

    def add_issue(self, issue: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Adds an issue, in the place of the one with its id if there is one.

        Args:
            issue: As Graph spells it, such as `{"service": "Exchange Online"}`. What is left out
                is that of an incident that begins now.

        Returns:
            The whole of it.
        """
        return dict(self.control("add_issue", issue=issue)["issue"])

    def update_issue(self, id: str, issue: Mapping[str, Any]) -> dict[str, Any]:
        """Changes an issue, which no longer develops by itself.

        Args:
            id: Which.
            issue: The members that change. It is modified now unless they say otherwise.

        Returns:
            The whole of it.
        """
        return dict(self.control("update_issue", id=id, issue=issue)["issue"])

    def add_post(
        self,
        id: str,
        content: str,
        *,
        content_type: Literal["text", "html"] | None = None,
        post_type: Literal["regular", "quick", "strategic"] | None = None,
        created: datetime | None = None,
        status: str | None = None,
    ) -> dict[str, Any]:
        """Adds a post to an issue.

        Args:
            id: Which.
            content: What it says.
            content_type: What that is. Default: `text`.
            post_type: Its kind. Default: `regular`.
            created: When it was written. Default: now.
            status: The status that the issue has with it. Default: the one it has.

        Returns:
            The whole issue.
        """
        changed = self.control(
            "add_post",
            id=id,
            content=content,
            contentType=content_type,
            postType=post_type,
            created=moment("created", created),
            status=status,
        )
        return dict(changed["issue"])

    def resolve_issue(
        self,
        id: str,
        *,
        status: str | None = None,
        at: datetime | None = None,
        content: str | None = None,
    ) -> dict[str, Any]:
        """Ends an issue.

        Args:
            id: Which.
            status: How it ends. Default: `serviceRestored`.
            at: When it ended. Default: now.
            content: What a last post says. Default: there is none.

        Returns:
            The whole of it.
        """
        changed = self.control(
            "resolve_issue", id=id, status=status, at=moment("at", at), content=content
        )
        return dict(changed["issue"])

    def add_message(self, message: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Adds a message, in the place of the one with its id if there is one.

        Args:
            message: As Graph spells it. What is left out is that of a post of now.

        Returns:
            The whole of it.
        """
        return dict(self.control("add_message", message=message)["message"])

    def update_message(self, id: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """Changes a message.

        Args:
            id: Which.
            message: The members that change. It is modified now unless they say otherwise.

        Returns:
            The whole of it.
        """
        return dict(self.control("update_message", id=id, message=message)["message"])
