/** How a sandbox is made. Everything has a default. */
export interface SandboxConfig {
  /** What everything in it is made from: the same seed gives the same tenant. 1 by default. */
  seed?: number;
  /** How many days the feed reaches back from now. 1 by default. */
  days?: number;
  /** The content types that the feed has. All five by default. */
  contentTypes?: string[];
  /** How many blobs the feed has, over all types and days. 60 by default. */
  blobs?: number;
  /** How many records a blob has, as a mean. 20 by default. */
  records?: number;
  /** How long a record is made, in bytes. As long as it is by default. */
  recordBytes?: number | null;
  /** How many blobs are listed in a page. 200 by default. */
  pageSize?: number;
  /** Where its clock starts. Now by default. */
  now?: Date | string | null;
  /** Which content types are subscribed to at the start. All by default. */
  subscribed?: boolean | string[];
  /** How many seconds a token lasts. 3,599 by default. */
  tokenLifetime?: number;
  /** Speaks HTTPS, with a certificate that it makes for itself. */
  https?: boolean;
  /** The port; any free one by default. */
  port?: number;
  /** How many requests it takes. Any number by default. */
  rateLimit?: RateLimit | null;
  /** How its listings are paged. */
  paging?: {
    header?: 'NextPageUri' | 'NextPageUrl' | 'nextpageuri';
    lowerCase?: boolean;
    v1?: boolean;
    emptyPages?: number;
  };
  /** How many duplicates it puts into blobs, into later blobs, and into listings. */
  duplicates?: { withinBlob?: number; acrossBlobs?: number; listing?: number };
  /** Lists content out of order. */
  shuffle?: boolean;
  /** Refuses tokens of another tenant. True by default. */
  strictTenant?: boolean;
  /** The id of the tenant. */
  tenant?: string;
  /** The domain of the tenant. */
  domain?: string;
  /** The id of the application that it knows. */
  clientId?: string;
  /** The secret of that application. */
  clientSecret?: string;
  /** The application roles that its tokens carry. */
  roles?: string[];
  /** How many seconds after a subscription starts its first content is listed. 0 by default. */
  firstContentDelay?: number;
  /** How many records one extra blob has. No such blob by default. */
  largeBlob?: number | null;
  /** Compresses answers when asked to. True by default. */
  compression?: boolean;
}

/** A limit on requests, and how the sandbox refuses those above it. */
export interface RateLimit {
  /** How many requests a minute. */
  perMinute: number;
  /** How many at once. */
  burst?: number;
  /** The form of a refusal; the service has had all of them. */
  shape?: '429' | '403' | '403-text' | '429-empty';
  /** The `Retry-After` of a refusal: seconds, a fraction of one, a date, or none. */
  retryAfter?: number | 'fraction' | 'date' | null;
  /** Whether a refused request counts. */
  countRefused?: boolean;
}

/** Which requests of the ledger are wanted. */
export interface LedgerFilter {
  /** A part of the path. */
  path?: string;
  /** The HTTP method. */
  method?: string;
  /** The content type asked for. */
  contentType?: string;
}

/** A request that the sandbox has seen. */
export interface SeenRequest {
  /** When, by its clock. */
  at: string;
  /** The HTTP method. */
  method: string;
  /** The path, without the query. */
  path: string;
  /** The query, as sent. */
  query: Record<string, string>;
  /** The headers, in lower case; a token is replaced by its number. */
  headers: Record<string, string>;
  /** The body, if there was one. */
  body?: string;
  /** The status of the answer. */
  status: number;
  /** The fault that the answer had, if any. */
  fault?: string;
  /** Whether the client hung up before the answer was written. */
  aborted: boolean;
}

/** A rule by which the sandbox misbehaves. */
export interface Fault {
  /** Which requests; all that are named must fit. */
  match?: {
    operation?:
      | 'token'
      | 'start'
      | 'stop'
      | 'subscriptions'
      | 'content'
      | 'notifications'
      | 'blob'
      | 'sensitive_types'
      | 'any';
    method?: string;
    path?: string;
    contentType?: string;
    contentId?: string;
    nth?: number;
  };
  /** What happens: `{ status: 503 }`, `{ delay: 2 }`, `{ cutAfter: 100 }`, `{ stall: true }`, ... */
  action: Record<string, unknown>;
  /** When it happens; once by default. */
  when?: 'once' | 'always' | { every: number } | { share: number; seed?: number };
  /** How often it happens at most. */
  times?: number;
}

/** What the feed of a sandbox holds. */
export interface FeedSummary {
  /** How many blobs. */
  blobs: number;
  /** How many records. */
  records: number;
  /** How many records with different ids. */
  uniqueRecords: number;
  /** How many bytes. */
  bytes: number;
  /** The id of every record, if asked for. */
  ids?: string[];
}

/** A blob that was added to the feed. */
export interface AddedContent {
  /** Its id. */
  contentId: string;
  /** Where it is fetched. */
  contentUri: string;
}

/** Something the sandbox has sent to a webhook. */
export interface Delivery {
  [field: string]: unknown;
}
