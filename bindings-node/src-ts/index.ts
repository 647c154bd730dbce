/**
 * The Microsoft 365 audit feed and its APIs, typed and paced.
 *
 * @packageDocumentation
 */

export type { DateTime, Duration } from './arguments';
export type { CallOptions, FeedOptions, OnProgress, Payload } from './base';
export { Batches } from './batches';
export { Client } from './client';
export { M365Error } from './errors';
export * from './faces';
export { Following } from './following';
export { Listing } from './listing';
export { type LogEvent, type LogLevel, onLog } from './logs';
export { type Page, Paged } from './paged';
export type { Original } from './records';
export * from './sandbox';
export type { AccessToken, TokenFunction, TokenRequest } from './tokens';
export {
  type WebhookAbout,
  type WebhookHandler,
  webhookHandler,
  type WebhookOptions,
  type WebhookRejection,
} from './webhook';
