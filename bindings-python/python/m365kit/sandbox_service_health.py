"""What a sandbox is told of the health of services, and what it says of it.

The members are spelled as the sandbox spells them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SandboxUnfolding(TypedDict, total=False):
    """Issues and messages that appear while the clock runs."""

    every: float
    """Seconds from one new issue to the next."""
    lasts: float | None
    """Seconds until the service of an issue is restored; its report is published half as long
    after that. Default: three times `every`.
    """
    messages: float | None
    """Seconds from one new message to the next. Default: there are none."""


class SandboxWindows(TypedDict, total=False):
    """Limits per application on Graph's calls about service health."""

    perMinute: int
    """Calls in 60 seconds. Default: 240."""
    perHour: int
    """Calls in an hour. Default: 800."""
    retryAfter: bool
    """Whether a refusal says when there is room again. Default: yes."""


class SandboxHealthSettings(TypedDict, total=False):
    """How the two wires tell of service health; `Sandbox.set_service_health` changes it while the
    sandbox runs.
    """

    live: SandboxUnfolding | None
    """Issues that open, develop and end while the clock runs. Default: none."""
    dialect: Literal["docs", "wire"]
    """Which names the older wire has for features. Default: those of real traffic."""
    strictWindow: bool
    """Whether the older wire takes its documented default windows literally. Default: no."""
    strictKey: bool
    """Whether a service is found by its display name only. Default: by its id as well."""
    mixedCaseEnums: bool
    """Whether members of enums come in more than one case. Default: no."""
    malformedErrors: bool
    """Whether errors of the older wire have code and sentence in one member. Default: no."""
    retired: bool | int
    """Whether the older wire has been retired, or the status it says so with. Default: no."""
    redirect: Literal["path", "host"] | None
    """Where bytes are sent from. Default: from where they are asked for."""
    limits: bool | SandboxWindows
    """Limits on Graph's calls; `True` is the service's own. Default: none."""
    administrators: Sequence[str] | None
    """Users with a role that lets them read; others get 403. Default: all have one."""


class SandboxServiceHealth(SandboxHealthSettings, total=False):
    """Services, issues and messages, and how the two wires tell of them."""

    services: Sequence[Mapping[str, Any]] | None
    """The services, as `{"id", "service"}`, with `features` and a fixed `status` where wanted.
    Default: a catalogue of 24.
    """
    issues: int | Sequence[Mapping[str, Any]]
    """How many issues there are at the start, or which, as Graph spells them. Default: 24."""
    messages: int | Sequence[Mapping[str, Any]]
    """How many messages there are at the start, or which, as Graph spells them. Default: 40."""
    days: float
    """How many days before the start they reach. Default: 60."""


class SandboxHealthStore(TypedDict):
    """All that both wires tell of, as Graph spells it."""

    services: list[dict[str, Any]]
    """The services with their statuses."""
    issues: list[dict[str, Any]]
    """All issues, the latest first."""
    messages: list[dict[str, Any]]
    """All messages, the latest first."""


__all__ = [
    "SandboxHealthSettings",
    "SandboxHealthStore",
    "SandboxServiceHealth",
    "SandboxUnfolding",
    "SandboxWindows",
]
