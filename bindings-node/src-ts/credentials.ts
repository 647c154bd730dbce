import { crossing, snakeCased } from './arguments';
import type { Functions } from './functions';

/** @internal What crosses: fields as JSON, and the functions that are asked from there. */
export interface Crossing {
  json: Record<string, unknown>;
  functions: Functions;
}

/** What is made of fields that JSON can hold, and of functions. */
export abstract class Given {
  readonly #fields: Record<string, unknown>;
  readonly #functions: Functions;

  /** @internal */
  constructor(fields: object = {}, functions: Functions = {}) {
    this.#fields = snakeCased(fields);
    this.#functions = functions;
  }

  /** @internal */
  [crossing](): Crossing {
    const json = { ...this.#fields };
    const functions = { ...this.#functions };
    for (const [name, value] of Object.entries(json)) {
      if (!(value instanceof Given)) continue;
      const inner = value[crossing]();
      json[name] = inner.json;
      Object.assign(functions, inner.functions);
    }
    return { json, functions };
  }
}

/** What all credentials have in common. */
export abstract class CredentialBase extends Given {
  /** What tells the credentials apart. */
  abstract get kind(): string;

  /** @internal */
  override [crossing](): Crossing {
    const { json, functions } = super[crossing]();
    return { json: { ...json, kind: this.kind }, functions };
  }
}
