"""A simulated tenant on this machine: what the quick start and the tests run on.

    with m365kit.Sandbox(days=1, blobs=60) as sandbox, sandbox.client() as client:
        for record in client.audit.records(last="24h"):
            print(record.operation)

It speaks to any HTTP client on loopback, and does not know this package: what it answers is written
from the service's own documentation. It can be told to misbehave (`fault`), its clock can be moved
(`advance`), and it remembers every request (`ledger`).
"""

from __future__ import annotations

from datetime import datetime
from json import dumps, loads
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from . import _native
from ._faces import AsyncClient, Client, ClientSecret, Cloud
from ._record import plain
from ._sandbox_authority import Authority
from ._sandbox_discovery import Discovery
from ._sandbox_service_health import Announcements
from ._values import moment, read_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import NotRequired, Self, Unpack

    from ._faces.client import ClientOptions
    from .sandbox_discovery import SandboxDiscovery
    from .sandbox_identity import SandboxIdentity, SandboxLogin
    from .sandbox_service_health import SandboxServiceHealth

    Operation = Literal[
        "token",
        "authorize",
        "device_code",
        "managed_identity",
        "start",
        "stop",
        "subscriptions",
        "content",
        "notifications",
        "blob",
        "sensitive_types",
        "queries",
        "discovery",
        "service_comms",
        "health_overviews",
        "health_issues",
        "incident_report",
        "service_messages",
        "message_attachments",
        "announcement_content",
        "message_action",
        "other",
    ]

    class Request(TypedDict):
        """A request that the sandbox has seen; `authorization` shows only which token it was."""

        at: str
        method: str
        path: str
        operation: Operation
        """What it is for."""
        query: dict[str, str]
        headers: dict[str, str]
        status: int
        aborted: bool
        """The client hung up before the answer was written."""
        body: NotRequired[str]
        fault: NotRequired[int | str]
        login: NotRequired[SandboxLogin]
        """How it asked for a token, if it did."""

    class Match(TypedDict, total=False):
        """Which requests a fault concerns; what is left out may be anything."""

        operation: Operation | Literal["any"]
        method: str
        path: str
        contentType: str
        contentId: str
        nth: int


class Sandbox(Authority, Discovery, Announcements):
    """A simulated tenant that listens on loopback from now until it is closed.

    The same arguments give the same tenant. What is left out is chosen by the sandbox.

    Args:
        seed: What everything random is made from. Default: 1.
        days: How far back the audit feed reaches. Default: 1.
        content_types: The content types that hold something. Default: all five.
        blobs: How many blobs there are, over all types and days. Default: 60.
        records: How many records a blob holds, in the mean. Default: 20.
        record_bytes: The size that each record is padded to. Default: as it comes.
        page_size: How many blobs a page of a listing names. Default: 200.
        live: How the feed grows while the clock runs: `blobsPerMinute`, `records`, `contentTypes`.
            Default: not at all.
        late: Which content is listed some time after it was made: `share`, `seconds`. Default:
            none.
        now: Where its clock begins. Default: the present.
        clock: A file, as `{"file": path}`, for a clock that several sandboxes share and that
            outlives them. Default: one of its own.
        skew: By how many seconds the `Date` header of its answers is off. Default: 0.
        subscribed: Whether the content types are subscribed already, or which of them. Default:
            all.
        token_lifetime: How many seconds a token lasts. Default: 3,599.
        https: Whether it speaks TLS, with a certificate of its own (`ca_certificate`). Default: no.
        port: Where it listens. Default: a free port.
        rate_limit: When it refuses: `perMinute`, `burst`, `shape`, `retryAfter`, `countRefused`.
            Default: never.
        paging: How it pages: `header`, `lowerCase`, `v1`, `emptyPages`.
        duplicates: What it delivers twice: `withinBlob`, `acrossBlobs`, `listing`.
        shuffle: Whether listings are out of order. Default: no.
        strict_tenant: Whether a token of another tenant is refused. Default: yes.
        strict_window: Whether a listing may begin seven days back and not a second more. Default:
            no, an hour more.
        tenant: Its directory id. Default: made from the seed.
        domain: Its domain.
        client_id: The application that may sign in.
        client_secret: And its secret.
        roles: The application's roles. Default: those that the feed needs.
        first_content_delay: Seconds before a new subscription has content. Default: 0.
        large_blob: How many records one further blob holds. Default: no such blob.
        compression: Whether it compresses for who asks. Default: yes.
        latency: Seconds that every answer takes longer. Default: 0.
        keep_bytes: How many bytes of blobs are kept once they were made. Default: 0, so that each
            is made anew whenever it is asked for.
        distinct_blobs: After so many blobs of a content type their bodies repeat, under other
            content ids. Default: all differ.
        webhook_http: Whether webhooks may be on `http://` addresses of this machine. Default: no.
        webhook_retry: Seconds from one attempt at a delivery to the next; the last repeats.
            Default: 1, 2, 4, 8, 16.
        webhook_faults: Which deliveries go wrong: `share`, `seed`, `actions`, `delay`. Default:
            none.
        max_connections: How many connections may be open; further ones are closed. Default: any
            number.
        auditing: Whether unified auditing is on. Default: yes.
        credential_state: What the authority thinks of the application, such as `expired`. Default:
            `ok`.
        search_delay: Seconds until an audit log query has succeeded. Default: 0.2.
        archive_days: How many days before the feed audit log queries reach. Default: 90.
        archive_per_day: How many records there are on each of those days. Default: 20.
        ledger: How many requests it remembers. Default: 200,000.
        identity: Applications, users, managed identities and the behaviour of its authority:
            `apps`, `users`, `behaviour`, `managed`. Default: one application, which may sign in by
            every way there is, and three users.
        discovery: What the Discovery Service finds for whom, and what the authority says of other
            domains: `retired`, `users`, `auto`, `error`, `pascalCase`, `pageSize`, `mischief`,
            `domains`. Default: everything, for everybody.
        service_health: Services, issues and messages, and how they are told of: `issues`,
            `messages`, `live`, `dialect` and others. Default: 24 services, 24 issues and 40
            messages.

    Raises:
        InvalidRequest: An argument cannot be right, or the port is taken.
    """

    __slots__ = ("_about", "_native")

    def __init__(
        self,
        *,
        seed: int | None = None,
        days: float | None = None,
        content_types: Iterable[str] | None = None,
        blobs: int | None = None,
        records: int | None = None,
        record_bytes: int | None = None,
        page_size: int | None = None,
        live: Mapping[str, Any] | None = None,
        late: Mapping[str, Any] | None = None,
        now: datetime | None = None,
        clock: Mapping[str, Any] | str | None = None,
        skew: float | None = None,
        subscribed: bool | Iterable[str] | None = None,
        token_lifetime: float | None = None,
        https: bool | None = None,
        port: int | None = None,
        rate_limit: Mapping[str, Any] | None = None,
        paging: Mapping[str, Any] | None = None,
        duplicates: Mapping[str, Any] | None = None,
        shuffle: bool | None = None,
        strict_tenant: bool | None = None,
        strict_window: bool | None = None,
        tenant: str | None = None,
        domain: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        roles: Iterable[str] | None = None,
        first_content_delay: float | None = None,
        large_blob: int | None = None,
        compression: bool | str | None = None,
        latency: float | None = None,
        keep_bytes: int | None = None,
        distinct_blobs: int | None = None,
        webhook_http: bool | None = None,
        webhook_retry: Iterable[float] | None = None,
        webhook_faults: Mapping[str, Any] | None = None,
        max_connections: int | None = None,
        auditing: bool | None = None,
        credential_state: str | None = None,
        search_delay: float | None = None,
        archive_days: int | None = None,
        archive_per_day: int | None = None,
        ledger: int | None = None,
        identity: SandboxIdentity | None = None,
        discovery: SandboxDiscovery | None = None,
        service_health: SandboxServiceHealth | None = None,
    ) -> None:
        config = {
            "seed": seed,
            "days": days,
            "contentTypes": None if content_types is None else list(content_types),
            "blobs": blobs,
            "records": records,
            "recordBytes": record_bytes,
            "pageSize": page_size,
            "live": live,
            "late": late,
            "now": moment("now", now),
            "clock": clock,
            "skew": skew,
            "subscribed": subscribed
            if subscribed is None or isinstance(subscribed, bool)
            else list(subscribed),
            "tokenLifetime": token_lifetime,
            "https": https,
            "port": port,
            "rateLimit": rate_limit,
            "paging": paging,
            "duplicates": duplicates,
            "shuffle": shuffle,
            "strictTenant": strict_tenant,
            "strictWindow": strict_window,
            "tenant": tenant,
            "domain": domain,
            "clientId": client_id,
            "clientSecret": client_secret,
            "roles": None if roles is None else list(roles),
            "firstContentDelay": first_content_delay,
            "largeBlob": large_blob,
            "compression": compression,
            "latency": latency,
            "keepBytes": keep_bytes,
            "distinctBlobs": distinct_blobs,
            "webhookHttp": webhook_http,
            "webhookRetry": None if webhook_retry is None else list(webhook_retry),
            "webhookFaults": webhook_faults,
            "maxConnections": max_connections,
            "auditing": auditing,
            "credentialState": credential_state,
            "searchDelay": search_delay,
            "archiveDays": archive_days,
            "archivePerDay": archive_per_day,
            "ledger": ledger,
            "identity": identity,
            "discovery": discovery,
            "serviceHealth": service_health,
        }
        said = {name: value for name, value in config.items() if value is not None}
        self._native = _native.Sandbox(dumps(said, default=plain).encode())
        self._about: dict[str, Any] = loads(self._native.describe())

    # Where it is, and how to sign in

    @property
    def url(self) -> str:
        """Its address, such as `http://127.0.0.1:49152`."""
        return str(self._about["url"])

    @property
    def tenant(self) -> str:
        """Its directory id (GUID)."""
        return str(self._about["tenant"])

    @property
    def domain(self) -> str:
        """Its domain, which a client may be given in place of the directory id."""
        return str(self._about["domain"])

    @property
    def client_id(self) -> str:
        """The id of the application that may sign in."""
        return str(self._about["clientId"])

    @property
    def client_secret(self) -> str:
        """The secret of that application. It opens nothing but this sandbox."""
        return str(self._about["clientSecret"])

    @property
    def ca_certificate(self) -> str | None:
        """The certificate authority to trust, as PEM text, where it speaks TLS."""
        certificate = self._about.get("caCertificate")
        return None if certificate is None else str(certificate)

    @property
    def cloud(self) -> Cloud:
        """The cloud that leads to it."""
        return Cloud.custom(**self._about["cloud"])

    @property
    def credential(self) -> ClientSecret:
        """A credential that it accepts."""
        return ClientSecret(self.client_id, self.client_secret)

    def client(self, **options: Unpack[ClientOptions]) -> Client:
        """A blocking client of it.

        Args:
            **options: The options of `Client`.
        """
        return Client(
            self.tenant, credential=self.credential, cloud=self.cloud, **self._options(options)
        )

    def async_client(self, **options: Unpack[ClientOptions]) -> AsyncClient:
        """An asynchronous client of it.

        Args:
            **options: The options of `AsyncClient`.
        """
        return AsyncClient(
            self.tenant, credential=self.credential, cloud=self.cloud, **self._options(options)
        )

    def _options(self, options: ClientOptions) -> ClientOptions:
        if self.ca_certificate is not None:
            options.setdefault("root_certificates", self.ca_certificate)
        return options

    # Its clock

    def clock(self) -> datetime:
        """What its clock shows."""
        return _time(self.control("clock")["now"])

    def advance(self, seconds: float) -> None:
        """Moves its clock.

        Args:
            seconds: How far.
        """
        self.control("advance", seconds=seconds)

    def set_clock(self, now: datetime) -> None:
        """Sets its clock.

        Args:
            now: What it is to show; an aware `datetime`.
        """
        self.control("set_clock", now=moment("now", now))

    def skew(self, seconds: float) -> None:
        """Makes the `Date` header of its answers go wrong, and nothing else.

        Args:
            seconds: By how much.
        """
        self.control("skew", seconds=seconds)

    # What it has seen

    def ledger(
        self,
        *,
        path: str | None = None,
        method: str | None = None,
        content_type: str | None = None,
        operation: Operation | None = None,
    ) -> list[Request]:
        """The requests that it has seen, oldest first.

        Args:
            path: Only those whose path holds this text.
            method: Only those of this HTTP method.
            content_type: Only those that are about this content type.
            operation: Only those that are for this.
        """
        found = self.control(
            "ledger", path=path, method=method, contentType=content_type, operation=operation
        )
        requests: list[Request] = found["requests"]
        return requests

    def clear_ledger(self) -> None:
        """Forgets the requests that it has seen."""
        self.control("clear_ledger")

    def stats(self) -> dict[str, int]:
        """Counts since it began: `requests`, `refused`, `tokens`, `bytes`, `peakInFlight`."""
        return dict(self.control("stats"))

    # How it misbehaves

    def fault(
        self,
        action: Mapping[str, Any],
        *,
        match: Match | None = None,
        when: Literal["once", "always"] | Mapping[str, Any] | None = None,
        times: int | None = None,
    ) -> int:
        """Makes it answer certain requests badly.

        Args:
            action: What it does instead, one of: `{"status": 503, "body": ..., "headers": ...}`,
                `{"delay": seconds}`, `{"cutAfter": bytes}`, `{"truncate": bytes}`,
                `{"wrongLength": delta}`, `{"dripBytes": n, "dripEvery": seconds}`,
                `{"stall": True}`, `{"reset": True}`, `{"html": True}`, `{"objectBody": True}`,
                `{"empty": True}`, `{"duplicateListing": True}`, `{"stalePage": True}`,
                `{"loopPage": True}`, `{"foreignUri": url}`, `{"foreignNext": url}`,
                `{"throttle": {...}}`, `{"expireToken": True}`; of the authority
                `{"aadsts": 50076, "error": ..., "suberror": ..., "claims": {...}}`.
            match: Which requests. Default: all.
            when: `"once"`, `"always"`, `{"every": n}`, or `{"share": 0.1, "seed": 7}` for a share
                of all items, each once.
            times: At most so often.

        Returns:
            The id of the fault, under which the ledger shows it.
        """
        found = self.control("fault", match=match or {}, action=action, when=when, times=times)
        return int(found["id"])

    def clear_faults(self) -> None:
        """Makes it behave again."""
        self.control("clear_faults")

    def fault_stats(self) -> dict[str, int]:
        """How often each fault has struck, by its id."""
        return dict(self.control("fault_stats")["hits"])

    def rate_limit(
        self,
        per_minute: float | None,
        *,
        burst: int | None = None,
        shape: Literal["429", "403", "403-text", "429-empty"] | None = None,
        retry_after: float | Literal["fraction", "date"] | None = None,
        count_refused: bool | None = None,
    ) -> None:
        """Sets how many requests it takes.

        Args:
            per_minute: Requests in a minute; `None` for no limit.
            burst: How many it takes at once.
            shape: How a refusal looks.
            retry_after: What it says in `Retry-After`: seconds, or the form to say it in.
            count_refused: Whether refused requests count, too.
        """
        limit = {
            "perMinute": per_minute,
            "burst": burst,
            "shape": shape,
            "retryAfter": retry_after,
            "countRefused": count_refused,
        }
        said = {name: value for name, value in limit.items() if value is not None}
        self._control("rate_limit", said if per_minute is not None else None)

    # What it holds

    def feed(
        self, *, content_types: Sequence[str] | None = None, ids: bool | None = None
    ) -> dict[str, Any]:
        """What the audit feed holds: `blobs`, `records`, `uniqueRecords`, `bytes`, and `ids` if
        asked for.

        Args:
            content_types: Only these.
            ids: Whether to list the ids of all records.
        """
        return dict(self.control("feed", contentTypes=content_types, ids=ids))

    def live(
        self,
        blobs_per_minute: float | None,
        *,
        records: int | None = None,
        content_types: Sequence[str] | None = None,
    ) -> None:
        """Sets how the feed grows while the clock runs.

        Args:
            blobs_per_minute: New blobs in a minute; `None` ends the growth.
            records: How many records a new blob holds, in the mean.
            content_types: Which content types grow. Default: all that hold something.
        """
        pace = {
            "blobsPerMinute": blobs_per_minute,
            "records": records,
            "contentTypes": content_types,
        }
        said = {name: value for name, value in pace.items() if value is not None}
        self._control("live", said or {"blobsPerMinute": None})

    def add_content(
        self,
        content_type: str,
        records: Iterable[Mapping[str, Any]],
        *,
        created: datetime | None = None,
        listed_at: datetime | None = None,
        expires: datetime | None = None,
        content_uri: str | None = None,
    ) -> dict[str, str]:
        """Adds a blob to the feed.

        Args:
            content_type: Where it belongs.
            records: Its records, as the service would spell them.
            created: When it was made. Default: now.
            listed_at: From when on listings name it. Default: since it was made.
            expires: When it can no longer be fetched. Default: seven days later.
            content_uri: The address that listings name. Default: the right one.

        Returns:
            Its `contentId` and `contentUri`.
        """
        return dict(
            self.control(
                "add_content",
                contentType=content_type,
                records=list(records),
                created=moment("created", created),
                listedAt=moment("listed_at", listed_at),
                expires=moment("expires", expires),
                contentUri=content_uri,
            )
        )

    def expire_content(self, content_id: str) -> None:
        """Lets a blob expire: it is listed, and can no longer be fetched.

        Args:
            content_id: Which.
        """
        self.control("expire_content", contentId=content_id)

    def subscriptions(self) -> Any:
        """The subscriptions, as it keeps them."""
        return self.control("subscriptions")

    def set_subscription(
        self, content_type: str, status: Literal["enabled", "disabled", "absent"]
    ) -> None:
        """Sets the state of a subscription, as if by somebody else.

        Args:
            content_type: Which.
            status: Its state.
        """
        self.control("set_subscription", contentType=content_type, status=status)

    def set_roles(self, roles: Iterable[str]) -> None:
        """Sets the roles of the application; tokens given from now on have them.

        Args:
            roles: Such as `ActivityFeed.Read`.
        """
        self.control("set_roles", roles=list(roles))

    def webhooks(self) -> Any:
        """The notifications that it has delivered, or tried to."""
        return self.control("webhooks")

    def webhook_faults(
        self,
        share: float = 0.33,
        *,
        seed: int | None = None,
        actions: Sequence[Literal["drop", "delay", "duplicate", "reorder", "fail"]] | None = None,
    ) -> None:
        """Lets deliveries to webhooks go wrong.

        Args:
            share: The share of deliveries that something happens to.
            seed: What is chosen by. Default: 1.
            actions: What may happen to them. Default: everything.
        """
        self.control("webhook_faults", share=share, seed=seed, actions=actions)

    def pump_webhooks(self) -> Any:
        """Delivers the notifications that are due now."""
        return self.control("pump_webhooks")

    def control(self, name: str, /, **args: Any) -> Any:
        """Runs a control operation by its name, which is how HTTP clients do it (`POST
        /sandbox/{name}`).

        Args:
            name: Such as `ledger`.
            **args: Its arguments, in the sandbox's own spelling; `None` counts as left out.

        Raises:
            InvalidRequest: There is no such operation, an argument is wrong, or the sandbox has
                been closed.
        """
        return self._control(name, {key: value for key, value in args.items() if value is not None})

    def _control(self, name: str, args: Mapping[str, Any] | None) -> Any:
        return loads(self._native.control(name, dumps(args, default=plain)))

    def close(self) -> None:
        """Stops it."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox {self.url} tenant={self.tenant}>"


def _time(text: str) -> datetime:
    time = read_time(text)
    assert time is not None, text
    return time


__all__ = ["Sandbox"]
