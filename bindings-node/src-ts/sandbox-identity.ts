/** What a poll for a device code is told. */
export type DeviceStep = 'pending' | 'slow_down' | 'approved' | 'declined' | 'expired' | 'bad';

/** What the authority thinks of the application. */
export type CredentialState =
  | 'ok'
  | 'expired'
  | 'wrong_secret'
  | 'unknown_app'
  | 'disabled_app'
  | 'unknown_tenant'
  | 'other_cloud'
  | 'unknown_resource'
  | 'unavailable'
  | 'other_tenant';

/** The identity half of a tenant. Everything has a default. */
export interface SandboxIdentity {
  /** Applications. One without `clientId` describes the one that every sandbox has. */
  apps?: SandboxApp[];
  /** Who can sign in. Two users, and one with a personal account by default. */
  users?: SandboxUser[];
  /** How the authority behaves. */
  behaviour?: SandboxBehaviour;
  /** The managed identities of its machine. */
  managed?: SandboxManaged;
}

/** An application of the directory. */
export interface SandboxApp {
  /** Its id. That of the application that every sandbox has by default. */
  clientId?: string;
  /** What people see of it. */
  name?: string;
  /** Its secrets. `clientSecret` by default for the application that every sandbox has, none for others. */
  secrets?: SandboxSecret[];
  /** Its certificates, in PEM. */
  certificates?: string[];
  /** Certificates that are trusted by subject and issuer. */
  subjectNames?: SandboxSubjectName[];
  /** Tokens that stand in for a secret. One of the sandbox's own issuer by default. */
  federated?: SandboxTrust[];
  /** Where authorization codes may be sent. */
  redirectUris?: SandboxRedirectUris;
  /** Whether flows without a secret are allowed. True by default. */
  publicClient?: boolean;
  /** Whether users of any directory may sign in, by `common` and `organizations`. True by default. */
  multiTenant?: boolean;
  /** Whether personal accounts may sign in. False by default. */
  personal?: boolean;
  /** Whether somebody has consented to what it asks for. True by default. */
  consented?: boolean;
  /** Whether it may ask for tokens on behalf of its users. True by default. */
  onBehalfOf?: boolean;
  /** The scopes of its own API, `api://{clientId}`. `access_as_user` by default. */
  scopes?: string[];
  /** The version of access tokens for its own API. 2 by default. */
  tokenVersion?: 1 | 2;
}

/** A secret of an application. */
export interface SandboxSecret {
  /** What the application shows. */
  value: string;
  /** Until when it is good; for ever by default. */
  expires?: Date | string | null;
}

/** A certificate that is trusted by its names. */
export interface SandboxSubjectName {
  /** Such as `CN=audit.contoso.example`. */
  subject: string;
  /** The certificate of the authority that signs it, in PEM. */
  issuer: string;
}

/** A trust in another issuer's tokens. */
export interface SandboxTrust {
  /** The claim `iss`. */
  issuer: string;
  /** The claim `sub`. */
  subject: string;
  /** The claim `aud`. `api://AzureADTokenExchange` by default. */
  audience?: string;
}

/** Where authorization codes may be sent. The port of `http://localhost` does not matter. */
export interface SandboxRedirectUris {
  /** Servers, which authenticate when they redeem a code. */
  web?: string[];
  /** Programs on a machine, which must not. */
  native?: string[];
  /** Pages in a browser, which must not either. */
  spa?: string[];
}

/** Somebody who can sign in. */
export interface SandboxUser {
  /** How they sign in, such as `sadie.lund@contoso.onmicrosoft.com`. */
  name: string;
  /** What others see. */
  displayName?: string;
  /** Whether it is a personal account. False by default. */
  personal?: boolean;
}

/** How the authority behaves; `setBehaviour` changes it while the sandbox runs. */
export interface SandboxBehaviour {
  /** What becomes of a sign-in in the browser. It is approved at once by default. */
  authorize?: 'approve' | 'form' | 'refuse';
  /** What a refused sign-in says. `access_denied` by default. */
  authorizeError?: string;
  /** What each poll for a device code is told; the last repeats. `['pending', 'approved']` by default. */
  device?: DeviceStep[];
  /** Seconds between polls. 5 by default. */
  deviceInterval?: number;
  /** Seconds a device code lives. 900 by default. */
  deviceLifetime?: number;
  /** Whether a poll that comes too soon is told to slow down. False by default. */
  deviceStrict?: boolean;
  /** Seconds an authorization code lives. 600 by default. */
  codeLifetime?: number;
  /** Whether each use of a refresh token gives a new one. True by default. */
  rotation?: boolean;
  /** Seconds that a refresh token works on after it was replaced. 3,600 by default. */
  refreshGrace?: number;
  /** Seconds that a refresh token lives unused. 90 days by default. */
  refreshLifetime?: number;
  /** `refresh_in` of token answers. There is none by default. */
  refreshIn?: number | null;
  /** `ext_expires_in` of token answers. As `expires_in` by default. */
  extExpiresIn?: number | null;
  /** Whether version 2 writes its numbers as text, too. False by default. */
  stringNumbers?: boolean;
  /** Whether token answers lack `expires_in`. False by default. */
  omitExpiresIn?: boolean;
  /** `token_type` of token answers. `Bearer` by default. */
  tokenType?: string;
  /** Whether token answers break off in the middle of their JSON. False by default. */
  malformed?: boolean;
  /** Seconds that tokens live whose client declared `cp1`. As all others by default. */
  capableLifetime?: number | null;
  /** Whether an assertion may be shown again: never (the default), the very same one, or as one likes. */
  assertionReplay?: 'refuse' | 'same' | 'allow';
  /** Whether a sign-in without a code challenge is refused. False by default. */
  requirePkce?: boolean;
  /** Whether error descriptions break their lines, as the older service's. False by default. */
  errorLines?: boolean;
  /** Further APIs of the directory, exactly as registered. */
  resources?: string[];
}

/** The managed identities of the machine that the sandbox plays. */
export interface SandboxManaged {
  /** Whether there is a system-assigned one. True by default. */
  system?: boolean;
  /** User-assigned ones. One by default. */
  user?: SandboxManagedIdentity[];
  /** Where Arc's challenge files are written. A directory of temporary files by default. */
  arcDirectory?: string | null;
  /** What Arc's challenge says. The path of a key file that is there by default. */
  arcChallenge?: 'file' | 'foreign' | 'large' | 'absent';
  /** Whether App Service says `expires_on` only, as it does. True by default. */
  appServiceExpiresOnOnly?: boolean;
  /** Seconds that tokens live. 86,400 by default. */
  lifetime?: number;
}

/** A user-assigned identity of a machine. */
export interface SandboxManagedIdentity {
  /** Its client id. */
  clientId: string;
  /** The id of its service principal. */
  objectId: string;
  /** Its id as a resource of Azure. */
  resourceId: string;
}

/** Who may sign in to a sandbox now, and where. */
export interface SandboxDirectory {
  /** Who signs in where nobody is named. */
  user: string | null;
  /** Who can sign in. */
  users: Required<SandboxUser>[];
  /** The applications. */
  apps: Required<SandboxApp>[];
  /** The issuer of tokens that workloads bring. */
  federation: SandboxFederation;
  /** Where its machine asks for tokens. */
  managed: SandboxMachine;
  /** How the authority behaves. */
  behaviour: Required<SandboxBehaviour>;
}

/** The issuer of tokens that workloads bring. */
export interface SandboxFederation {
  /** The claim `iss` of its tokens, where its metadata are. */
  issuer: string;
  /** Where a job asks for one, as `ACTIONS_ID_TOKEN_REQUEST_URL` says it. */
  requestUrl: string;
}

/** Where a machine asks for tokens of its managed identities, by the kind of its host. */
export interface SandboxMachine {
  /** The secret that the endpoints want to be shown (`IDENTITY_HEADER`). */
  header: string;
  /** The user-assigned identities. */
  user: SandboxManagedIdentity[];
  /** The origin of IMDS, in place of `http://169.254.169.254`. */
  imds: string;
  appService: string;
  machineLearning: string;
  arc: string;
  /** Where Arc's challenge files are. */
  arcDirectory: string;
  /** What stands for `ProgramData`, below which they are. */
  arcProgramData: string;
  serviceFabric: string;
  /** The thumbprint of the sandbox's certificate, where it speaks TLS. */
  serverThumbprint: string | null;
  cloudShell: string;
}

/** What is different about a certificate to be made. */
export interface CertificateWish {
  /** Its common name; `audit.contoso.example` by default. */
  subject?: string;
  /** The kind of key; `'rsa'` by default. */
  kind?: 'rsa' | 'ec';
  /** The length of an RSA key; 2048 by default. */
  bits?: 2048 | 3072 | 4096;
  /** From when it is good; since yesterday by default. */
  notBefore?: Date | string;
  /** Until when; for a year by default. */
  notAfter?: Date | string;
  /** Whether an authority signs it, whose certificate comes with it. False by default. */
  chain?: boolean;
  /** Whether it is registered for the application that every sandbox has. False by default. */
  register?: boolean;
}

/** A certificate that was made for a client to sign in with. */
export interface SandboxCertificate {
  /** In PEM. */
  certificate: string;
  /** In PEM. */
  privateKey: string;
  /** Both, one after the other. */
  pem: string;
  /** The certificate of the authority that signed it, if it is not self-signed. */
  issuer: string | null;
  /** Such as `CN=audit.contoso.example`. */
  subject: string;
  /** The SHA-1 thumbprint, as headers of assertions have it. */
  x5t: string;
  /** The SHA-256 thumbprint. */
  x5tS256: string;
}

/** An access token that was given out without a request. */
export interface SandboxToken {
  /** The token. */
  token: string;
  /** When it expires. */
  expiresOn: string;
}

/** Which tokens are revoked; what is left out may be anything. */
export interface Revocation {
  /** The user they speak for. */
  user?: string;
  /** The application they are for. */
  clientId?: string;
  /** What the ledger calls it. */
  number?: number;
  /**
   * Whether later tokens are challenged, too, until one is asked for with the claims of the challenge, or until
   * `relent`. False by default.
   */
  insist?: boolean;
}

/** A device code that was given out. */
export interface SandboxDeviceCode {
  /** What people type. */
  userCode: string;
  /** The application. */
  clientId: string;
  /** What the polls to come are told. */
  steps: DeviceStep[];
  /** When it expires. */
  expires: string;
  /** Whether it has become a token. */
  redeemed: boolean;
}

/** What an issuer says of a workload; what is left out is as the application trusts it. */
export interface FederatedWish {
  /** The claim `iss`. */
  issuer?: string;
  /** The claim `sub`. */
  subject?: string;
  /** The claim `aud`. */
  audience?: string;
  /** Seconds until it expires; below 0, it has expired. 600 by default. */
  lifetime?: number;
}

/** A secret that the authority has given out or was shown. */
export interface SandboxDisclosed {
  /** Such as `client_secret` or `access_token`. */
  kind: string;
  /** The secret. */
  value: string;
}

/** How a request for a token was made; nothing in it is secret. */
export interface SandboxLogin {
  /** `grant_type`, or `devicecode`, or `managed_identity`. */
  grant: string | null;
  /** Such as `secret`, `certificate`, `federated`, `none`, or the kind of machine. */
  credential: string;
  /** The application. */
  clientId?: string | null;
  /** The algorithm of a certificate's assertion. */
  algorithm?: string;
  /** What it named the certificate by: `x5t`, `x5t#S256`, `x5c`. */
  certificateBy?: string[];
}
