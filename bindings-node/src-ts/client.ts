import { inspect, type InspectOptions } from 'node:util';

import { crossing, snakeCased } from './arguments';
import { Scope } from './base';
import { Cloud } from './faces';
import { ClientFace, type ClientOptions } from './faces/client';
import { TokenBridge, type TokenFunction } from './tokens';

/**
 * A client for one tenant. It paces itself, retries what is safe, and can be shared by everything in a program.
 *
 * @example
 * ```ts
 * const client = new Client({ tenant, credential: new ClientSecret({ clientId, secret }) });
 * for await (const record of client.audit.records({ last: '24h' })) console.log(record.operation);
 * ```
 */
export class Client extends ClientFace {
  readonly #scope: Scope;
  readonly #shown: { tenant: string; cloud: string; credential: unknown };

  /** Opens a client. Nothing is sent yet; options that cannot be right throw {@link InvalidRequest}. */
  constructor(options: ClientOptions) {
    const { tenant, credential, cloud = Cloud.PUBLIC, ...rest } = options;
    const { callback, ...known } = (credential?.[crossing]() ?? {}) as { callback?: TokenFunction };
    const tokens = callback && new TokenBridge(callback);
    const scope = new Scope(
      { tenant, credential: known, cloud: cloud[crossing](), ...snakeCased(rest) },
      tokens,
    );
    super(scope);
    this.#scope = scope;
    this.#shown = { tenant, cloud: cloud.name, credential };
  }

  /** The tenant, as it was given: its id, or a domain of it. */
  get tenant(): string {
    return this.#shown.tenant;
  }

  /** Ends everything in flight with {@link Cancelled}. A client that is no longer used need not be closed. */
  close(): void {
    this.#scope.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Client ${inspect(this.#shown, options)}`;
  }
}
