import { encode } from './arguments';
import { Client } from './client';
import { attempt, fromNative } from './errors';
import { type ClientOptions, ClientSecret, Cloud } from './faces';
import { native, type NativeSandbox } from './native';
import type { SandboxDirectory } from './sandbox-identity';
import { Announcements } from './sandbox-service-health';
import type {
  AddedContent,
  Deliveries,
  Fault,
  FeedSummary,
  Growth,
  LedgerFilter,
  NewContent,
  RateLimit,
  SandboxConfig,
  SeenRequest,
  WebhookFaults,
} from './sandbox-types';

export type * from './sandbox-discovery-types';
export type * from './sandbox-identity';
export type * from './sandbox-service-health';
export type * from './sandbox-types';

interface Description {
  url: string;
  tenant: string;
  domain: string;
  clientId: string;
  clientSecret: string;
  cloud: Record<string, string>;
  caCertificate: string | null;
  identity: SandboxDirectory;
}

/**
 * A simulated tenant that listens on loopback: the Management Activity API with its rules, limits and errors, a feed
 * made from a seed, a clock that can be moved, and faults on demand.
 *
 * @example
 * ```ts
 * const sandbox = await Sandbox.start({ blobs: 10 });
 * const client = sandbox.client();
 * for await (const record of client.audit.records({ last: '24h' })) console.log(record.operation);
 * sandbox.close();
 * ```
 */
export class Sandbox extends Announcements {
  /** Where it listens: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** The id of its tenant. */
  readonly tenant: string;
  /** The domain of its tenant. */
  readonly domain: string;
  /** The id of the application that it knows. */
  readonly clientId: string;
  /** The hosts of the sandbox, for {@link ClientOptions.cloud}. */
  readonly cloud: Cloud;
  /** The certificate that it made for itself, as PEM, if it speaks HTTPS. */
  readonly caCertificate: string | null;

  readonly #native: NativeSandbox;
  readonly #clientSecret: string;

  /** Starts a sandbox and waits until it listens, which takes some tens of milliseconds. */
  constructor(config?: SandboxConfig);
  /** @internal */
  constructor(config: SandboxConfig, started: NativeSandbox);
  constructor(config: SandboxConfig = {}, started = attempt(() => new native.NativeSandbox(encode(config)))) {
    super();
    this.#native = started;
    const about = JSON.parse(this.#native.describe()) as Description;
    this.url = about.url;
    this.tenant = about.tenant;
    this.domain = about.domain;
    this.clientId = about.clientId;
    this.cloud = Cloud.custom(about.cloud);
    this.caCertificate = about.caCertificate;
    this.#clientSecret = about.clientSecret;
  }

  /** Starts a sandbox without holding up the event loop. */
  static async start(config: SandboxConfig = {}): Promise<Sandbox> {
    const started = await native.startSandbox(encode(config)).catch((error: unknown) => {
      throw fromNative(error);
    });
    return new Sandbox(config, started);
  }

  /** The secret of the application that it knows. */
  get clientSecret(): string {
    return this.#clientSecret;
  }

  /** The credential of the application that it knows. */
  get credential(): ClientSecret {
    return new ClientSecret({ clientId: this.clientId, secret: this.#clientSecret });
  }

  /** Who may sign in now, and where. */
  get identity(): SandboxDirectory {
    return (JSON.parse(attempt(() => this.#native.describe())) as Description).identity;
  }

  /** A client for the sandbox's tenant; any option can be another. */
  client(options: Partial<ClientOptions> = {}): Client {
    const { tenant, cloud, credential, caCertificate } = this;
    const trust = caCertificate === null ? {} : { rootCertificates: caCertificate };
    return new Client({ tenant, cloud, credential, ...trust, ...options });
  }

  /** Steers the sandbox by the name of a control operation, in `snake_case`, for what has no method here. */
  async control(name: string, args: unknown = {}): Promise<any> {
    try {
      return JSON.parse(await this.#native.control(name, encode(args)));
    } catch (error) {
      throw fromNative(error);
    }
  }

  /** What time the sandbox has. */
  async clock(): Promise<string> {
    return (await this.control('clock')).now;
  }

  /** Moves its clock on. */
  async advance(seconds: number): Promise<void> {
    await this.control('advance', { seconds });
  }

  /** Sets its clock. */
  async setClock(now: Date | string): Promise<void> {
    await this.control('set_clock', { now });
  }

  /** Makes the `Date` header of its answers wrong by so many seconds. */
  async skew(seconds: number): Promise<void> {
    await this.control('skew', { seconds });
  }

  /** The requests it has seen, in their order. Tokens are replaced by a number. */
  async ledger(filter: LedgerFilter = {}): Promise<SeenRequest[]> {
    return (await this.control('ledger', filter)).requests;
  }

  /** Forgets the requests it has seen. */
  async clearLedger(): Promise<void> {
    await this.control('clear_ledger');
  }

  /** Makes it misbehave; gives the id of the rule. */
  async fault(fault: Fault): Promise<number> {
    return (await this.control('fault', fault)).id;
  }

  /** Makes it behave again. */
  async clearFaults(): Promise<void> {
    await this.control('clear_faults');
  }

  /** How often each rule was followed, by its id. */
  async faultStats(): Promise<Record<string, number>> {
    return (await this.control('fault_stats')).hits;
  }

  /** What the feed holds; with `ids`, the id of every record too. */
  async feed(options: { contentTypes?: string[]; ids?: boolean } = {}): Promise<FeedSummary> {
    return this.control('feed', options);
  }

  /** Adds a blob to the feed. */
  async addContent(content: NewContent): Promise<AddedContent> {
    return this.control('add_content', content);
  }

  /** Changes how the feed grows; `null` ends it. */
  async live(growth: Growth | null): Promise<void> {
    await this.control('live', growth ?? { blobsPerMinute: null });
  }

  /** Lets a blob expire now. */
  async expireContent(contentId: string): Promise<void> {
    await this.control('expire_content', { contentId });
  }

  /** The state of its subscriptions, as the service would tell it. */
  async subscriptions(): Promise<unknown[]> {
    return (await this.control('subscriptions')).subscriptions;
  }

  /** Sets the state of a subscription. */
  async setSubscription(contentType: string, status: 'enabled' | 'disabled' | 'absent'): Promise<void> {
    await this.control('set_subscription', { contentType, status });
  }

  /** Sets the application roles that its tokens carry. */
  async setRoles(roles: string[]): Promise<void> {
    await this.control('set_roles', { roles });
  }

  /** Sets its rate limit; `null` takes it away. */
  async rateLimit(limit: RateLimit | null): Promise<void> {
    await this.control('rate_limit', limit);
  }

  /** Counts of requests, refusals, tokens and bytes, and the most requests at one time. */
  async stats(): Promise<Record<string, number>> {
    return this.control('stats');
  }

  /** What it has sent to webhooks, and how many contents still wait. */
  async webhooks(): Promise<Deliveries> {
    return this.control('webhooks');
  }

  /** Makes deliveries to webhooks go wrong; `null` ends it. */
  async webhookFaults(faults: WebhookFaults | null): Promise<void> {
    await this.control('webhook_faults', faults);
  }

  /** Sends to webhooks what is due by its clock, without waiting for its own thread that does so; gives the number of messages. */
  async pumpWebhooks(): Promise<number> {
    return (await this.control('pump_webhooks')).sent;
  }

  /** Stops it. Closing again does nothing. */
  close(): void {
    this.#native.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
