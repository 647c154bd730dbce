/**
 * The Microsoft 365 audit feed and its APIs, typed and paced.
 *
 * @packageDocumentation
 */

export type { DateTime, Duration } from './arguments';
export type { CallOptions, FeedOptions, OnProgress, Payload } from './base';
export { Batches } from './batches';
export { Client } from './client';
export { Download, type SaveOptions } from './download';
export { M365Error } from './errors';
export * from './faces';
export {
  dateLiteral,
  durationLiteral,
  element,
  enumLiteral,
  field,
  type Field,
  Filter,
  type FilterValue,
  guidLiteral,
  type Literal,
  not,
} from './filter';
export { Following } from './following';
export type {
  AccessToken,
  AssertionFunction,
  DeviceCodeFunction,
  OpenBrowserFunction,
  SignFunction,
  TokenFunction,
  TokenRequest,
  TokenStore,
} from './functions';
export { Listing } from './listing';
export { type LogEvent, type LogLevel, onLog } from './logs';
export { type Page, Paged } from './paged';
export type { Original } from './records';
export * from './sandbox';
export { PendingSignIn, type SignInPlace } from './sign-in';
export { type CacheKey, TokenCache } from './token-cache';
export type { GetTokenOptions, TokenCredential } from './token-credential';
export {
  type WebhookAbout,
  type WebhookHandler,
  webhookHandler,
  type WebhookOptions,
  type WebhookRejection,
} from './webhook';
