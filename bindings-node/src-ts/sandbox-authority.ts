import type {
  CertificateWish,
  CredentialState,
  DeviceStep,
  FederatedWish,
  Revocation,
  SandboxApp,
  SandboxBehaviour,
  SandboxCertificate,
  SandboxDeviceCode,
  SandboxDisclosed,
  SandboxToken,
} from './sandbox-identity';
import type { TokenWish } from './sandbox-types';

/** What a sandbox does as an authority: applications, sign-ins, certificates, tokens. */
export abstract class Authority {
  /** Steers the sandbox by the name of a control operation. */
  abstract control(name: string, args?: unknown): Promise<any>;

  /**
   * Registers an application, or changes what is given of one; without `clientId`, the one that every sandbox has.
   * Gives the whole of it.
   */
  async setApp(app: SandboxApp): Promise<Required<SandboxApp>> {
    return this.control('set_app', app);
  }

  /** Changes what is given of how the authority behaves; gives the whole of it. */
  async setBehaviour(behaviour: SandboxBehaviour): Promise<Required<SandboxBehaviour>> {
    return this.control('set_behaviour', behaviour);
  }

  /** Sets what the authority thinks of the application; `'ok'` makes it welcome again. */
  async credentialState(state: CredentialState): Promise<void> {
    await this.control('credential_state', { state });
  }

  /** A token of the sandbox, as its token endpoint would give it; what it carries can be other. */
  async issueToken(wish: TokenWish = {}): Promise<SandboxToken> {
    return this.control('issue_token', wish);
  }

  /** Ends all tokens it has given out. */
  async expireTokens(): Promise<void> {
    await this.control('expire_tokens');
  }

  /**
   * Revokes access tokens: the APIs challenge clients that understand it, and refuse others. Gives how many were
   * revoked.
   */
  async revokeTokens(which: Revocation = {}): Promise<number> {
    return (await this.control('revoke_tokens', which)).revoked;
  }

  /** No longer challenges what was revoked with `insist`. */
  async relent(): Promise<void> {
    await this.control('relent');
  }

  /** Revokes refresh tokens, as a changed password does; gives how many. */
  async revokeRefreshTokens(which: Pick<Revocation, 'user' | 'clientId'> = {}): Promise<number> {
    return (await this.control('revoke_refresh_tokens', which)).revoked;
  }

  /** The device codes it has given out. */
  async deviceCodes(): Promise<SandboxDeviceCode[]> {
    return (await this.control('device_codes')).codes;
  }

  /**
   * Says what the polls to come for device codes are told, as a person in a browser would; the last step repeats.
   * Concerns all that are open, or the one with this `userCode`; gives how many.
   */
  async deviceCode(steps: DeviceStep[], which: { userCode?: string; user?: string } = {}): Promise<number> {
    return (await this.control('device_code', { steps, ...which })).changed;
  }

  /** Makes a certificate for a client to sign in with. */
  async makeCertificate(wish: CertificateWish = {}): Promise<SandboxCertificate> {
    return this.control('make_certificate', wish);
  }

  /** The signature of a key vault: by a key, in PEM, that `makeCertificate` made. `'ps256'` by default. */
  async sign(privateKey: string, message: Uint8Array, algorithm?: 'ps256' | 'rs256'): Promise<Buffer> {
    const order = { privateKey, message: Buffer.from(message).toString('base64'), algorithm };
    return Buffer.from((await this.control('sign', order)).signature, 'base64');
  }

  /** A token of the issuer that workloads bring theirs from. */
  async federatedToken(wish: FederatedWish = {}): Promise<string> {
    return (await this.control('federated_token', wish)).token;
  }

  /** All secrets and tokens it has given out or was shown, to look for where they must not be. */
  async secrets(): Promise<SandboxDisclosed[]> {
    return (await this.control('secrets')).secrets;
  }

  /** The AADSTS numbers that a fault can raise by number alone. */
  async aadsts(): Promise<number[]> {
    return (await this.control('aadsts')).numbers;
  }
}
