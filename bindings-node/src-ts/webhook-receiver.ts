import type { Client } from './client';
import { refused } from './errors';
import type { WebhookNotification, WebhookReply } from './faces';

interface Rules {
  authId?: string;
  tenants?: readonly string[];
  clientIds?: readonly string[];
  maxBytes: number;
}

/** What a client took of a request. */
interface Accepted {
  client: Client;
  notifications: WebhookNotification[];
  warnings: string[];
}

/** What a request was, over all the clients that it concerns. */
interface Outcome {
  status: number;
  /** Why it was rejected. */
  reason?: string;
  accepted: Accepted[];
}

/** Notifications that go to a client together: those of its tenant, or those of tenants that are not known yet. */
interface Part {
  clients: readonly Client[];
  body: Uint8Array | string;
}

/** Takes requests of the service to the client of the tenant that they are about. */
export class Receiver {
  readonly #clients: readonly Client[];
  readonly #rules: Rules;
  /** By the directory id in lower case. */
  readonly #byTenant = new Map<string, Client>();
  /** Those that were made with a domain: what they accept tells their id. */
  readonly #unknown = new Set<Client>();

  constructor(clients: readonly Client[], rules: Rules) {
    if (clients.length === 0) throw refused('there is no client: nothing could be accepted');
    if (rules.authId?.trim() === '')
      throw refused('authId is empty: leave it out to accept deliveries without one');
    this.#clients = clients;
    this.#rules = rules;
    for (const client of clients) {
      if (client.tenant.includes('.')) this.#unknown.add(client);
      else this.#byTenant.set(client.tenant.toLowerCase(), client);
    }
  }

  async handle(method: string, headers: Record<string, string>, body: Uint8Array): Promise<Outcome> {
    const accepted: Accepted[] = [];
    let rejected: WebhookReply | undefined;
    for (const part of this.#parts(body)) {
      for (const client of part.clients) {
        const options = { ...this.#rules, method, payload: part.body };
        const reply = await client.audit.handleWebhook(headers, options);
        if (reply.kind === 'validation') return { status: reply.status, accepted };
        if (reply.kind === 'notifications') {
          this.#learn(client, reply.notifications);
          accepted.push({ client, notifications: reply.notifications, warnings: reply.warnings });
        } else {
          rejected = reply;
          // Only what is wrong with the tenant can be right for another client.
          if (reply.status !== 400) break;
        }
      }
    }
    // A bad part does not spoil the others: what was accepted must not be delivered again.
    if (accepted.length > 0 || !rejected) return { status: 200, accepted };
    return { status: rejected.status, reason: rejected.reason ?? 'it was not understood', accepted };
  }

  /** A request in parts for the clients. What is no delivery stays whole, and any client can say what it is. */
  #parts(body: Uint8Array): Part[] {
    const whole = [{ clients: this.#clients.slice(0, 1), body }];
    const elements = this.#clients.length > 1 ? listOf(body) : undefined;
    if (!elements) return whole;
    const known = new Map<Client, unknown[]>();
    const rest: unknown[] = [];
    for (const element of elements) {
      const owner = this.#byTenant.get(String(element?.tenantId).toLowerCase());
      if (!owner) rest.push(element);
      else if (!known.get(owner)?.push(element)) known.set(owner, [element]);
    }
    const parts: Part[] = [...known].map(([owner, mine]) => ({
      clients: [owner],
      body: JSON.stringify(mine),
    }));
    if (rest.length > 0) {
      const clients = this.#unknown.size > 0 ? [...this.#unknown] : this.#clients.slice(0, 1);
      parts.push({ clients, body: JSON.stringify(rest) });
    }
    return parts.length > 0 ? parts : whole;
  }

  #learn(client: Client, notifications: WebhookNotification[]): void {
    for (const { tenantId } of notifications) this.#byTenant.set(tenantId.toLowerCase(), client);
    this.#unknown.delete(client);
  }
}

function listOf(body: Uint8Array): { tenantId?: unknown }[] | undefined {
  try {
    const elements: unknown = JSON.parse(new TextDecoder().decode(body));
    return Array.isArray(elements) ? elements : undefined;
  } catch {
    return undefined;
  }
}
