/** What went wrong, as the core says it. */
export interface ErrorDetails {
  kind: string;
  message: string;
  status?: number;
  code?: string;
  requestId?: string;
  retryable?: boolean;
  retryAfter?: number;
  hint?: string;
  oauthError?: string;
  suberror?: string;
  interactionRequired?: boolean;
  claims?: string;
  traceId?: string;
  correlationId?: string;
  contentType?: string;
  contentId?: string;
  index?: number;
  start?: string;
  end?: string;
  causes?: string[];
  errors?: ErrorDetails[];
}

/** Any failure of this package. What went wrong is told by the subclass, or by `kind`. */
export class M365Error extends Error {
  static {
    this.prototype.name = 'M365Error';
  }

  /** The name of the subclass; a kind that this version does not know keeps its own name. */
  declare readonly kind: string;
  /** The HTTP status of the answer, if there was one. */
  declare readonly status?: number;
  /** The service's own code, such as `AF20022`. */
  declare readonly code?: string;
  /** What the service calls the request; its support will ask for it. */
  declare readonly requestId?: string;
  /** Whether the same call may succeed later. */
  declare readonly retryable: boolean;
  /** How many seconds the service asks to be left alone. */
  declare readonly retryAfter?: number;
  /** What to do about it, where the cause is known. */
  declare readonly hint?: string;
  /** Of a sign-in that was refused: the OAuth error, such as `invalid_grant`. */
  declare readonly oauthError?: string;
  /** Of a sign-in that was refused: what narrows it down, such as `bad_token` or `consent_required`. */
  declare readonly suberror?: string;
  /** `true` if a person has to sign in, or consent, before there can be a token. */
  declare readonly interactionRequired?: boolean;
  /** The claims that a new token has to satisfy, as JSON text: for the sign-in that comes next. */
  declare readonly claims?: string;
  /** Of a sign-in that was refused: the id of the refusal in the service's own logs. */
  declare readonly traceId?: string;
  /** Of a sign-in that was refused: the id of the sign-in that it belongs to, for the service's support. */
  declare readonly correlationId?: string;
  /** In a feed: the content type that failed. */
  declare readonly contentType?: string;
  /** In a feed: the blob that failed. */
  declare readonly contentId?: string;
  /** In a feed: the place in the blob of the record that failed, from 0. */
  declare readonly index?: number;
  /** In a feed: where the span of time that failed begins. */
  declare readonly start?: string;
  /** In a feed: where the span of time that failed ends. */
  declare readonly end?: string;
  /** In the summary of a feed: everything that failed. */
  declare readonly errors?: M365Error[];

  /** @internal */
  constructor(details: ErrorDetails, cause?: unknown) {
    const { message, causes: _, errors, ...rest } = details;
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, { retryable: false }, rest);
    if (errors) Object.assign(this, { errors: errors.map((error) => errorOf(error)) });
  }
}

type ErrorClass = new (details: ErrorDetails, cause?: unknown) => M365Error;

const classes = new Map<string, ErrorClass>();

/** @internal Makes a class the one that failures of its name are thrown as. */
export function registerErrorClass(kind: string, errorClass: ErrorClass): void {
  classes.set(kind, errorClass);
}

/** @internal The error of a kind. `origin` is the error in JavaScript that was behind it, where there was one. */
export function errorOf(details: ErrorDetails, origin?: Error): M365Error {
  let cause: Error | undefined;
  for (const text of [...(details.causes ?? [])].reverse()) {
    cause = origin?.message === text ? origin : new Error(text, cause && { cause });
  }
  return new (classes.get(details.kind) ?? M365Error)(details, cause);
}

/** @internal What cannot be right. */
export function refused(message: string): M365Error {
  return errorOf({ kind: 'InvalidRequest', message });
}

/** @internal What the native module threw, as what users catch. */
export function fromNative(thrown: unknown, origin?: Error): unknown {
  if (!(thrown instanceof Error) || !thrown.message.startsWith('{')) return thrown;
  return errorOf(JSON.parse(thrown.message) as ErrorDetails, origin);
}

/** @internal What a call of the native module gives, or what users catch. */
export function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fromNative(error);
  }
}
