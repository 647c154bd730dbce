"""A webhook for the audit feed, as an ASGI application.

    app = WebhookApp(client, auth_id=os.environ["WEBHOOK_AUTH_ID"])     # uvicorn module:app

It runs by itself, or within another application, and needs no framework. What the service announces
is fetched early by the followers of this process (`client.audit.follow`); what it fails to
announce they find by polling, and nothing comes twice.
"""

from __future__ import annotations

import logging
from json import dumps, loads
from typing import TYPE_CHECKING, Any

from ._errors import InvalidRequest, M365Error
from ._faces import AsyncClient
from ._values import several

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping

    from ._faces import WebhookNotification, WebhookReply

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

_LOG = logging.getLogger("m365kit.webhook")


class WebhookApp:
    """Answers the requests of the service to a webhook. It has one address: any path will do.

    It answers the validation with which the service begins, and tells the followers of this process
    what was announced. Nothing is fetched because of a request, and no more of its body is held
    than allowed. Whatever is not from the service is answered with its status and an empty body,
    and logged with the reason, by `m365kit.webhook` or `m365kit.audit`.

    Args:
        clients: The client whose tenant is served, or one for each tenant that uses the address.
            They are not closed with the application.
        auth_id: What the header `Webhook-AuthID` must hold: the `auth_id` that the subscriptions
            were started with. Without it anybody who knows the address is believed.
        tenants: The directory ids of the tenants whose content may be announced. Default: those of
            the clients.
        client_ids: The ids of the applications whose subscriptions may be served. Default: any.
        max_bytes: The longest body that is read. Default: 1 MiB.
        on_notification: Called, or awaited, for each notification before the answer goes out. Keep
            it short, the service waits. If it raises, the answer is 500, and the service delivers
            again.

    Raises:
        InvalidRequest: An argument cannot be right.
    """

    def __init__(
        self,
        clients: AsyncClient | Iterable[AsyncClient],
        *,
        auth_id: str | None = None,
        tenants: Iterable[str] | None = None,
        client_ids: Iterable[str] | None = None,
        max_bytes: int = 1_048_576,
        on_notification: Callable[[WebhookNotification], Awaitable[object] | object] | None = None,
    ) -> None:
        self._clients = [clients] if isinstance(clients, AsyncClient) else list(clients)
        for client in self._clients:
            if not isinstance(client, AsyncClient):
                raise InvalidRequest(
                    f"clients: expected an AsyncClient, not {type(client).__name__}"
                )
        if not self._clients:
            raise InvalidRequest("clients: there is none, so nothing could be accepted")
        if auth_id is not None and not auth_id.strip():
            raise InvalidRequest("auth_id: it is empty; leave it out to accept deliveries without")
        if max_bytes < 1:
            raise InvalidRequest(f"max_bytes: it must be at least 1, not {max_bytes}")
        self._rules: dict[str, Any] = {
            "auth_id": auth_id,
            "tenants": several("tenants", tenants),
            "client_ids": several("client_ids", client_ids),
            "max_bytes": max_bytes,
        }
        self._max_bytes = max_bytes
        self._on_notification = on_notification
        self._by_tenant: dict[str, AsyncClient] = {}
        # Those that were made with a domain: what they accept tells their directory id.
        self._unknown: list[AsyncClient] = []
        for client in self._clients:
            if "." in client.tenant:
                self._unknown.append(client)
            else:
                self._by_tenant[client.tenant.lower()] = client

    def __repr__(self) -> str:
        return f"<WebhookApp for {', '.join(client.tenant for client in self._clients)}>"

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request, as ASGI has it."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        length = headers.get("content-length", "")
        too_long = length.isdecimal() and int(length) > self._max_bytes
        try:
            body = None if too_long else await _body(receive, self._max_bytes)
        except _HungUp:
            return
        closing = []
        if body is None:
            _reject(scope, 413, f"the body has more than {self._max_bytes} bytes")
            status = 413
            if str(scope.get("http_version", "1.1")).startswith("1"):
                # What was not read of it would be taken for the next request.
                closing = [(b"connection", b"close")]
        else:
            status = await self._handle(scope, headers, body)
        start = {"type": "http.response.start", "status": status}
        await send({**start, "headers": [(b"content-length", b"0"), *closing]})
        await send({"type": "http.response.body", "body": b""})

    async def _handle(self, scope: Message, headers: dict[str, str], body: bytes) -> int:
        try:
            replies = await self._deliver(scope["method"], headers, body)
            accepted = [reply for reply in replies if reply.kind != "rejected"]
            for reply in accepted:
                for warning in reply.warnings or ():
                    _LOG.warning("a part of a delivery was left out: %s", warning)
                for notification in reply.notifications or ():
                    await self._tell(notification)
        except M365Error as error:
            _reject(scope, 500, str(error))
            return 500
        except Exception:
            _LOG.exception("a request to the webhook could not be handled; answered 500")
            return 500
        # A bad part does not spoil the others: what was accepted must not be delivered again.
        return int((accepted or replies)[0].status)

    async def _tell(self, notification: WebhookNotification) -> None:
        if self._on_notification is not None:
            told = self._on_notification(notification)
            if hasattr(told, "__await__"):
                await told

    async def _deliver(
        self, method: str, headers: dict[str, str], body: bytes
    ) -> list[WebhookReply]:
        """What the clients make of the parts that concern them."""
        replies: list[WebhookReply] = []
        for clients, part in self._parts(body):
            for client in clients:
                reply = await client.audit.handle_webhook(
                    headers, method=method, payload=part, **self._rules
                )
                replies.append(reply)
                self._learn(client, reply)
                # Only what is wrong with the tenant can be right for another client.
                if reply.kind != "rejected" or reply.status != 400:
                    break
        return replies

    def _parts(self, body: bytes) -> Iterator[tuple[list[AsyncClient], bytes]]:
        """A request in parts for the clients. What is no delivery stays whole: any client can say
        what it is.
        """
        elements = _elements(body) if len(self._clients) > 1 else None
        if not elements:
            yield self._clients[:1], body
            return
        known: dict[AsyncClient, list[Any]] = {}
        rest: list[Any] = []
        for element in elements:
            tenant = element.get("tenantId") if isinstance(element, dict) else None
            client = self._by_tenant.get(str(tenant).lower())
            (rest if client is None else known.setdefault(client, [])).append(element)
        for client, part in known.items():
            yield [client], dumps(part).encode()
        if rest:
            yield list(self._unknown or self._clients[:1]), dumps(rest).encode()

    def _learn(self, client: AsyncClient, reply: WebhookReply) -> None:
        if client in self._unknown and self._rules["tenants"] is None and reply.notifications:
            for notification in reply.notifications:
                self._by_tenant[notification.tenant_id.lower()] = client
            self._unknown.remove(client)


class _HungUp(Exception):
    """The client went away before its request was there."""


async def _body(receive: Receive, limit: int) -> bytes | None:
    """The body of a request; none if it is longer than that."""
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _HungUp
        part: bytes = message.get("body", b"")
        length += len(part)
        if length > limit:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


def _elements(body: bytes) -> list[Any] | None:
    try:
        elements = loads(body)
    except (ValueError, RecursionError):
        return None
    return elements if isinstance(elements, list) else None


def _reject(scope: Message, status: int, reason: str) -> None:
    sender = scope.get("client") or ("an unknown address",)
    _LOG.warning("a request from %s was answered with %s: %s", sender[0], status, reason)


__all__ = ["WebhookApp"]
