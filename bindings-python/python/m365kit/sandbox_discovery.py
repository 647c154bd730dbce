"""What a sandbox is told of its Discovery Service, and what it says of it.

The members are spelled as the sandbox spells them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DomainCloud = Literal["global", "gcc", "gcc_high", "dod", "china"]
"""A cloud that a tenant may live in."""

DiscoveryMischief = Literal[
    "doctype",
    "entities",
    "depth",
    "bad_utf8",
    "unknown_encoding",
    "latin1",
    "utf16",
    "large",
    "wrong_type",
    "foreign_next",
    "loop_next",
    "foreign_endpoint",
    "foreign_resource",
    "http_token_service",
    "foreign_token_service",
    "look_alike",
    "foreign_authorization_service",
    "foreign_discovery_service",
    "wrong_redirect",
    "missing_parameter",
    "double_parameter",
    "extra_parameter",
]
"""What the service does to whoever reads it: the first eleven to lists, two more to their rows, the
others to answers of `FirstSignIn`."""


class SandboxDiscoveryUser(TypedDict, total=False):
    """What the service finds for a user."""

    licensed: bool
    """Whether they have a licence; without one the list is empty. Default: yes."""
    consented: Sequence[str] | None
    """The capabilities that they consented to; with none of them they are refused. Default: all."""


class SandboxDomain(TypedDict, total=False):
    """What the authority says of a domain."""

    cloud: DomainCloud | None
    """The cloud that its tenant lives in. Default: the sandbox."""
    refused: bool
    """Whether it is refused (AADSTS90038) in place of saying where it lives. Default: no."""
    regionScope: str | None
    """`tenant_region_scope`. Default: that of the cloud."""
    regionSubScope: str | None
    """`tenant_region_sub_scope`. Default: that of the cloud."""


class SandboxDiscovery(TypedDict, total=False):
    """The Discovery Service; `Sandbox.set_discovery` changes it while the sandbox runs."""

    retired: bool
    """Whether it is gone, as it is today: every call is answered with 410. Default: no."""
    users: Mapping[str, SandboxDiscoveryUser]
    """What it finds for users, by their names. Default: everything."""
    auto: str | None
    """The address that `FirstSignIn` takes for typed. Default: a page asks."""
    error: str | None
    """What `FirstSignIn` sends back in place of its answer. Default: its answer."""
    pascalCase: bool
    """Whether version 1.0 spells its members as the preview did, `ServiceName`. Default: no."""
    pageSize: int | None
    """Rows on a page. Default: all of them."""
    mischief: DiscoveryMischief | None
    """What it does to whoever reads it. Default: nothing."""
    domains: Mapping[str, SandboxDomain]
    """What the authority's metadata say of domains. Default: nothing but of the tenant's own."""


__all__ = [
    "DiscoveryMischief",
    "DomainCloud",
    "SandboxDiscovery",
    "SandboxDiscoveryUser",
    "SandboxDomain",
]
