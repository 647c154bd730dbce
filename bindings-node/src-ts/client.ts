import { inspect, type InspectOptions } from 'node:util';

import { crossing, snakeCased } from './arguments';
import { Scope } from './base';
import { Cloud } from './faces';
import { ClientFace, type ClientOptions } from './faces/client';
import { Bridge } from './functions';
import { crossed, printable } from './token-credential';

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
    const { tenant, credential, cloud = Cloud.PUBLIC, tokenCache, ...rest } = options;
    const { json, functions } = crossed(credential, rest.continuousAccess ?? true);
    const scope = new Scope(
      { tenant, credential: json, cloud: cloud[crossing](), ...snakeCased(rest) },
      new Bridge(functions),
      tokenCache?.[crossing](),
    );
    super(scope);
    this.#scope = scope;
    this.#shown = { tenant, cloud: cloud.name, credential: printable(credential) };
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
