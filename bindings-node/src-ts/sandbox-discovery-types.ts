/** A cloud that a tenant may live in. */
export type DomainCloud = 'global' | 'gcc' | 'gcc_high' | 'dod' | 'china';

/**
 * What the Discovery Service does to whoever reads it: the first eleven to lists, two more to their rows, the others to
 * answers of `FirstSignIn`.
 */
export type DiscoveryMischief =
  | 'doctype'
  | 'entities'
  | 'depth'
  | 'bad_utf8'
  | 'unknown_encoding'
  | 'latin1'
  | 'utf16'
  | 'large'
  | 'wrong_type'
  | 'foreign_next'
  | 'loop_next'
  | 'foreign_endpoint'
  | 'foreign_resource'
  | 'http_token_service'
  | 'foreign_token_service'
  | 'look_alike'
  | 'foreign_authorization_service'
  | 'foreign_discovery_service'
  | 'wrong_redirect'
  | 'missing_parameter'
  | 'double_parameter'
  | 'extra_parameter';

/** What the Discovery Service finds for a user. */
export interface SandboxDiscoveryUser {
  /** Whether they have a licence; without one the list is empty. True by default. */
  licensed?: boolean;
  /** The capabilities that they consented to; with none of them they are refused. All by default. */
  consented?: string[] | null;
}

/** What the authority says of a domain. */
export interface SandboxDomain {
  /** The cloud that its tenant lives in. The sandbox by default. */
  cloud?: DomainCloud | null;
  /** Whether it is refused (AADSTS90038) in place of saying where it lives. False by default. */
  refused?: boolean;
  /** `tenant_region_scope`. That of the cloud by default. */
  regionScope?: string | null;
  /** `tenant_region_sub_scope`. That of the cloud by default. */
  regionSubScope?: string | null;
}

/** The Discovery Service; `setDiscovery` changes it while the sandbox runs. */
export interface SandboxDiscovery {
  /** Whether it is gone, as it is today: every call is answered with 410. False by default. */
  retired?: boolean;
  /** What it finds for users, by their names. Everything by default. */
  users?: Record<string, SandboxDiscoveryUser>;
  /** The address that `FirstSignIn` takes for typed. A page asks by default. */
  auto?: string | null;
  /** What `FirstSignIn` sends back in place of its answer. Its answer by default. */
  error?: string | null;
  /** Whether version 1.0 spells its members as the preview did, `ServiceName`. False by default. */
  pascalCase?: boolean;
  /** Rows on a page. All of them by default. */
  pageSize?: number | null;
  /** What it does to whoever reads it. Nothing by default. */
  mischief?: DiscoveryMischief | null;
  /** What the authority's metadata say of domains. Nothing but of the tenant's own by default. */
  domains?: Record<string, SandboxDomain>;
}
