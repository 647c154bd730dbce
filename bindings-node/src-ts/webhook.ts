import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Client } from './client';
import { refused } from './errors';
import type { WebhookNotification } from './faces';
import { readMessage, readRequest } from './webhook-body';
import { Receiver } from './webhook-receiver';

/** How a webhook tells what is meant for it, and what else is done with it. */
export interface WebhookOptions {
  /**
   * What the header `Webhook-AuthID` must hold: the `authId` that the subscriptions were started with. Without it
   * anybody who knows the address is believed.
   */
  authId?: string;
  /** The directory ids of the tenants whose content may be announced. Those of the clients by default. */
  tenants?: readonly string[];
  /** The ids of the applications whose subscriptions are served. Any by default. */
  clientIds?: readonly string[];
  /**
   * The longest body that is read, in bytes. More is never held.
   *
   * @defaultValue 1048576
   */
  maxBytes?: number;
  /**
   * Is told what was announced, before the answer goes out: keep it short, the service waits. If it throws, the answer
   * is 500, and the service delivers again. Followers need no such function, they are told by themselves.
   */
  onNotifications?: (notifications: WebhookNotification[], about: WebhookAbout) => void | Promise<void>;
  /** Is told of requests that were not accepted. */
  onRejected?: (rejection: WebhookRejection) => void | Promise<void>;
}

/** What there is to know about notifications. */
export interface WebhookAbout {
  /** The client whose tenant they concern. */
  client: Client;
  /** What was left out of the delivery, and why. */
  warnings: string[];
}

/** A request to a webhook that was not accepted. */
export interface WebhookRejection {
  /** The HTTP status that was answered: 4xx for what is not from the service, 500 for what failed here. */
  status: number;
  /** Why. Nothing in it is secret; a part may be what a stranger wrote. */
  reason: string;
  /** What was thrown, where the request could not be handled. */
  error?: unknown;
}

/**
 * Answers the requests of the service to a webhook: of Node's `http` and what is built on it, such as Express, and of
 * everything that speaks `Request` and `Response`.
 */
export interface WebhookHandler {
  (request: IncomingMessage, response: ServerResponse): Promise<void>;
  (request: Request): Promise<Response>;
}

const MAX_BYTES = 1024 * 1024;

/**
 * A handler for the address that subscriptions were started with as their `webhook`.
 *
 * It answers the service's validation, and tells the followers of this process what was announced, so that they fetch
 * it early; what is not announced they find by polling. Nothing is fetched because of a request. Whatever is not from
 * the service is answered with its status and an empty body.
 *
 * @param clients The client whose tenant is served, or one for each tenant that uses the address.
 *
 * @example
 * ```ts
 * const handler = webhookHandler(client, { authId: process.env.WEBHOOK_AUTH_ID });
 * http.createServer(handler).listen(8080);      // or app.post('/m365', handler), or export const POST = handler
 * ```
 */
export function webhookHandler(
  clients: Client | readonly Client[],
  options: WebhookOptions = {},
): WebhookHandler {
  const { maxBytes = MAX_BYTES, onNotifications, onRejected, ...known } = options;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) {
    throw refused(`maxBytes is ${maxBytes}: it must be at least 1`);
  }
  const receiver = new Receiver([clients].flat(), { ...known, maxBytes });

  /** The status to answer with. */
  async function handle(
    method: string,
    headers: Record<string, string>,
    body: () => Promise<Uint8Array | null>,
  ): Promise<number> {
    let rejection: WebhookRejection;
    try {
      const bytes = Number(headers['content-length']) > maxBytes ? null : await body();
      if (bytes) {
        const { status, reason, accepted } = await receiver.handle(method, headers, bytes);
        for (const { notifications, ...about } of accepted) await onNotifications?.(notifications, about);
        if (reason === undefined) return status;
        rejection = { status, reason };
      } else {
        rejection = { status: 413, reason: `the body has more than ${maxBytes} bytes` };
      }
    } catch (error) {
      rejection = { status: 500, reason: error instanceof Error ? error.message : String(error), error };
    }
    await onRejected?.(rejection);
    return rejection.status;
  }

  async function answerMessage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let status = 500;
    try {
      const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
      const body = () => readMessage(request, maxBytes);
      status = await handle(request.method ?? '', Object.fromEntries(headers), body);
    } finally {
      // What was not read of an HTTP/1 request would be taken for the next one.
      const last = !request.complete && request.httpVersionMajor === 1;
      response.writeHead(status, { 'content-length': 0, ...(last && { connection: 'close' }) }).end();
    }
  }

  async function answerRequest(request: Request): Promise<Response> {
    const headers = Object.fromEntries(request.headers);
    const status = await handle(request.method, headers, () => readRequest(request, maxBytes));
    return new Response(null, { status });
  }

  // Servers of `Request`s pass other things behind it, so the number of arguments tells nothing.
  return ((request: IncomingMessage | Request, response: ServerResponse) =>
    typeof request.headers.get === 'function'
      ? answerRequest(request as Request)
      : answerMessage(request as IncomingMessage, response)) as WebhookHandler;
}
