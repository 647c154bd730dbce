import type { SandboxDiscovery } from './sandbox-discovery-types';
import type { CredentialState, SandboxIdentity, SandboxLogin } from './sandbox-identity';
import type { SandboxServiceHealth } from './sandbox-service-health';

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
  /** How the feed grows while the clock runs. Not at all by default. */
  live?: Growth | null;
  /** Which share of the content is listed only so many seconds after it became available. None by default. */
  late?: { share: number; seconds: number } | null;
  /** Where its clock starts. Now by default. A clock that is in a file already stays as it is. */
  now?: Date | string | null;
  /** Which clock it goes by: one of its own, or one in a file, which several processes can share. */
  clock?: 'process' | { file: string };
  /** By how many seconds the `Date` header of its answers is wrong. 0 by default. */
  skew?: number;
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
  /** Lists no further back than seven days to the second; the service tolerates about an hour. */
  strictWindow?: boolean;
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
  /** What answers are compressed with when the client asks for it; `true`, the default, is any. */
  compression?: boolean | 'gzip' | 'br';
  /** How many seconds every answer takes longer. 0 by default. */
  latency?: number;
  /** How many bytes of blobs are kept once they were made. 0 by default: each is made anew whenever it is asked for. */
  keepBytes?: number;
  /** After so many blobs of a content type their bodies repeat, under other content ids. All differ by default. */
  distinctBlobs?: number | null;
  /** Takes webhooks on `http://` addresses of this machine. The service takes `https` only. */
  webhookHttp?: boolean;
  /** How many seconds pass from one attempt at a delivery to the next; the last repeats. 1, 2, 4, 8, 16 by default. */
  webhookRetry?: number[];
  /** Which deliveries go wrong. None by default. */
  webhookFaults?: WebhookFaults | null;
  /** How many connections may be open at a time; further ones are closed as they come. Any number by default. */
  maxConnections?: number | null;
  /** Whether auditing is on. While it is off, subscriptions cannot be started. True by default. */
  auditing?: boolean;
  /** What the authority thinks of the application. `'ok'` by default. */
  credentialState?: CredentialState;
  /** How many seconds a search of the audit log takes. 0.2 by default. */
  searchDelay?: number;
  /** How many days before the feed a search knows records of. 90 by default. */
  archiveDays?: number;
  /** How many records each of those days has. 20 by default. */
  archivePerDay?: number;
  /** How many requests are remembered; the oldest are forgotten first. 200,000 by default. */
  ledger?: number;
  /**
   * Applications, users, managed identities and the behaviour of its authority. One application by default, which may
   * sign in by every way there is, and three users.
   */
  identity?: SandboxIdentity;
  /**
   * What the Discovery Service finds for whom, and what the authority says of other domains. Everything, for everybody by
   * default.
   */
  discovery?: SandboxDiscovery;
  /** Services, issues and messages, and how the two wires tell of them. 24 services, 24 issues and 40 messages by default. */
  serviceHealth?: SandboxServiceHealth;
}

/** How a feed grows. */
export interface Growth {
  /** How many new blobs a minute there are, over all content types. */
  blobsPerMinute: number;
  /** How many records a new blob has, as a mean. As in the rest of the feed by default. */
  records?: number;
  /** The content types that grow. All by default. */
  contentTypes?: string[];
}

/** How deliveries to webhooks go wrong. */
export interface WebhookFaults {
  /** The share of the deliveries that something happens to. 0.33 by default. */
  share?: number;
  /** What is chosen by. 1 by default. */
  seed?: number;
  /**
   * What may happen: a delivery is never sent, sent later, sent twice, sent behind the next one, or sent and counted as
   * a failure whatever the receiver answers. All of them by default.
   */
  actions?: ('drop' | 'delay' | 'duplicate' | 'reorder' | 'fail')[];
  /** By how many seconds `delay` delays. 2 by default. */
  delay?: number;
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
  /** What the request is for. */
  operation?: Operation;
  /** The content type asked for. */
  contentType?: string;
}

/** What a request is for. */
export type Operation =
  | 'token'
  | 'authorize'
  | 'device_code'
  | 'managed_identity'
  | 'start'
  | 'stop'
  | 'subscriptions'
  | 'content'
  | 'notifications'
  | 'blob'
  | 'sensitive_types'
  | 'queries'
  | 'discovery'
  | 'service_comms'
  | 'health_overviews'
  | 'health_issues'
  | 'incident_report'
  | 'service_messages'
  | 'message_attachments'
  | 'announcement_content'
  | 'message_action'
  | 'other';

/** A request that the sandbox has seen. */
export interface SeenRequest {
  /** When, by its clock. */
  at: string;
  /** The HTTP method. */
  method: string;
  /** The path, without the query. */
  path: string;
  /** What it is for. */
  operation: Operation;
  /** The query, as sent. */
  query: Record<string, string>;
  /** The headers, in lower case; a token is replaced by its number. */
  headers: Record<string, string>;
  /** The body, if there was one. */
  body?: string;
  /** The status of the answer. */
  status: number;
  /** The id of the fault that the answer had, if any. */
  fault?: number;
  /** How it asked for a token, if it did. */
  login?: SandboxLogin;
  /** Whether the client hung up before the answer was written. */
  aborted: boolean;
}

/** A rule by which the sandbox misbehaves. */
export interface Fault {
  /** Which requests; all that are named must fit. */
  match?: {
    operation?: Operation | 'any';
    method?: string;
    path?: string;
    contentType?: string;
    contentId?: string;
    nth?: number;
  };
  /** What happens instead of the service's answer, or to it. */
  action: FaultAction;
  /**
   * When it happens: once by default, or as often as `times` says. `share` picks items by a hash, and strikes each that
   * it picks once.
   */
  when?: 'once' | 'always' | { every: number } | { share: number; seed: number };
  /** How often it happens at most. */
  times?: number;
}

/** What goes wrong: a delay, or one of the others, or a delay before one of them. */
export interface FaultAction {
  /** Seconds to wait first. */
  delay?: number;
  /** Another status, with a body and headers. */
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** The connection ends after so many bytes of the body. */
  cutAfter?: number;
  /** The body is shortened to so many bytes, and its length fits. */
  truncate?: number;
  /** The length that is announced is wrong by so much. */
  wrongLength?: number;
  /** The body arrives so many bytes at a time, every so many seconds. */
  dripBytes?: number;
  dripEvery?: number;
  /** The service's own error of a code such as `AF20022`, with its usual status unless `status` is given. */
  code?: string;
  /** A refusal of the authority with an AADSTS number; one that it does not know needs an `error`. */
  aadsts?: number;
  /** Another error, suberror or claims for it. */
  error?: string;
  suberror?: string;
  claims?: Record<string, unknown>;
  /** Another message for either. */
  message?: string;
  /** A listing names everything twice. */
  duplicateListing?: boolean;
  /** A listing lacks some of its items; `true` is the usual share. */
  listingChanges?: boolean | number;
  /** A listing also names so many items from before its span. */
  repeatBefore?: number;
  /** So many empty pages follow. */
  emptyPages?: number;
  /** The next page is of another time. */
  stalePage?: boolean;
  /** The next page is of this year. */
  nextFromYear?: number;
  /** The next page is this page. */
  loopPage?: boolean;
  /** The next page is the first. */
  loopFirst?: boolean;
  /** Contents are said to be at another host. */
  foreignUri?: string;
  /** The next page is said to be at another host. */
  foreignNext?: string;
  /** Contents are said to be of another tenant, or at a wrong path. */
  wrongUri?: 'tenant' | 'path';
  /** No answer comes. */
  stall?: boolean;
  /** The connection is reset. */
  reset?: boolean;
  /** A page of HTML. */
  html?: boolean;
  /** An object where a list belongs. */
  objectBody?: boolean;
  /** Nothing at all. */
  empty?: boolean;
  /** A refusal for the rate. */
  throttle?: Pick<RateLimit, 'shape' | 'retryAfter'>;
  /** For so many seconds everything fails, with this status or with those of 5xx in turn. */
  storm?: { seconds: number; status?: number };
  /** The token of the request is over. */
  expireToken?: boolean;
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

/** A blob to add to the feed. */
export interface NewContent {
  /** The content type that it belongs to. */
  contentType: string;
  /** Its records. */
  records?: unknown[];
  /** Its text instead, which need not be JSON. */
  body?: string;
  /** When it became available; now by default. */
  created?: Date | string;
  /** When it is first listed and can be fetched; when it became available by default. */
  listedAt?: Date | string;
  /** When it expires; seven days later by default. */
  expires?: Date | string;
  /** Where it is said to be. */
  contentUri?: string;
}

/** A blob that was added to the feed. */
export interface AddedContent {
  /** Its id. */
  contentId: string;
  /** Where it is fetched. */
  contentUri: string;
}

/** What is different about a token. */
export interface TokenWish {
  /** The resource that it is for; the management API by default. */
  audience?: string;
  /** The tenant that it is of. */
  tenant?: string;
  /** The application that it is for. */
  clientId?: string;
  /** The application roles that it carries; with a user, the scopes. */
  roles?: string[];
  /** How many seconds it lasts. */
  lifetime?: number;
  /** Whom it speaks for; the application alone by default. */
  user?: string;
  /** Whether its client understands claims challenges. False by default. */
  capable?: boolean;
}

/** What was sent to webhooks. */
export interface Deliveries {
  /** The messages, in their order. */
  deliveries: Record<string, unknown>[];
  /** How many contents are still to be sent. */
  waiting: number;
}
