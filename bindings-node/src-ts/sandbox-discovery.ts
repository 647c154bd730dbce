import { Authority } from './sandbox-authority';
import type { SandboxDiscovery, SandboxDiscoveryUser } from './sandbox-discovery-types';

/** What a sandbox does as the Discovery Service. */
export abstract class Discovery extends Authority {
  /** Changes what is given of how the Discovery Service behaves; gives the whole of it. */
  async setDiscovery(discovery: SandboxDiscovery): Promise<Required<SandboxDiscovery>> {
    return this.control('set_discovery', discovery);
  }

  /**
   * Sets what the Discovery Service, and Graph in its place, find for a user; what is left out is everything. Gives the
   * whole of how the service behaves.
   */
  async discoveryUser(name: string, user: SandboxDiscoveryUser = {}): Promise<Required<SandboxDiscovery>> {
    return this.control('discovery_user', { name, ...user });
  }
}
