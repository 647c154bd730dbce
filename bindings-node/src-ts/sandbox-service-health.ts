import { Discovery } from './sandbox-discovery';

/** Services, issues and messages of a sandbox, and how the two wires tell of them. */
export interface SandboxServiceHealth extends SandboxHealthSettings {
  /** The services, as `{ id, service }`, with `features` and a fixed `status` where wanted. A catalogue of 24 by default. */
  services?: Record<string, unknown>[] | null;
  /** How many issues there are at the start, or which, as Graph spells them. 24 by default. */
  issues?: number | Record<string, unknown>[];
  /** How many messages there are at the start, or which, as Graph spells them. 40 by default. */
  messages?: number | Record<string, unknown>[];
  /** How many days before the start they reach. 60 by default. */
  days?: number;
}

/** How the two wires tell of service health; `Sandbox.setServiceHealth` changes it while the sandbox runs. */
export interface SandboxHealthSettings {
  /** Issues that open, develop and end while the clock runs. None by default. */
  live?: SandboxUnfolding | null;
  /** Which names the older wire has for features. Those of real traffic by default. */
  dialect?: 'docs' | 'wire';
  /** Takes the documented default windows of the older wire literally. */
  strictWindow?: boolean;
  /** Finds a service by its display name only, and not by its id. */
  strictKey?: boolean;
  /** Spells members of enums in more than one case. */
  mixedCaseEnums?: boolean;
  /** Puts code and sentence of the older wire's errors into one member. */
  malformedErrors?: boolean;
  /** Whether the older wire has been retired, or the status it says so with. */
  retired?: boolean | number;
  /** Where bytes are sent from. From where they are asked for by default. */
  redirect?: 'path' | 'host' | null;
  /** Limits on Graph's calls; `true` is the service's own. None by default. */
  limits?: boolean | SandboxWindows;
  /** Users with a role that lets them read; others get 403. All have one by default. */
  administrators?: string[] | null;
}

/** Issues and messages that appear while the clock runs. */
export interface SandboxUnfolding {
  /** How many seconds there are from one new issue to the next. */
  every: number;
  /**
   * How many seconds pass until the service of an issue is restored; its report is published half as long after that.
   * Three times `every` by default.
   */
  lasts?: number | null;
  /** How many seconds there are from one new message to the next. There are none by default. */
  messages?: number | null;
}

/** Limits per application. */
export interface SandboxWindows {
  /** Calls in 60 seconds. 240 by default. */
  perMinute?: number;
  /** Calls in an hour. 800 by default. */
  perHour?: number;
  /** Whether a refusal says when there is room again. True by default. */
  retryAfter?: boolean;
}

/** All that both wires tell of, as Graph spells it. */
export interface SandboxHealthStore {
  /** The services with their statuses. */
  services: Record<string, any>[];
  /** All issues, the latest first. */
  issues: Record<string, any>[];
  /** All messages, the latest first. */
  messages: Record<string, any>[];
}

/** A post to add to an issue. */
export interface NewPost {
  /** What it says. */
  content: string;
  /** What that is. `'text'` by default. */
  contentType?: 'text' | 'html';
  /** Its kind. `'regular'` by default. */
  postType?: 'regular' | 'quick' | 'strategic';
  /** When it was written; now by default. */
  created?: Date | string;
  /** The status that the issue has with it; the one it has by default. */
  status?: string;
}

/** How an issue ends. */
export interface Resolution {
  /** `'serviceRestored'` by default. */
  status?: string;
  /** When; now by default. */
  at?: Date | string;
  /** What a last post says. */
  content?: string;
}

/** What a sandbox knows of the health of services: issues, messages, and how they are told of. */
export abstract class Announcements extends Discovery {
  /** All services, issues and messages there are now, as Graph spells them. */
  async serviceHealth(): Promise<SandboxHealthStore> {
    return this.control('service_health');
  }

  /** Changes what is given of how the two wires tell of service health; gives the whole of it. */
  async setServiceHealth(settings: SandboxHealthSettings): Promise<Required<SandboxHealthSettings>> {
    return this.control('set_service_health', settings);
  }

  /**
   * Adds an issue, in the place of the one with its id if there is one. What is left out is that of an incident that
   * begins now. Gives the whole of it.
   */
  async addIssue(issue: Record<string, unknown> = {}): Promise<Record<string, any>> {
    return (await this.control('add_issue', { issue })).issue;
  }

  /**
   * Changes members of an issue, which no longer develops by itself. It is modified now unless they say otherwise. Gives
   * the whole of it.
   */
  async updateIssue(id: string, issue: Record<string, unknown>): Promise<Record<string, any>> {
    return (await this.control('update_issue', { id, issue })).issue;
  }

  /** Adds a post to an issue; gives the whole issue. */
  async addPost(id: string, post: NewPost): Promise<Record<string, any>> {
    return (await this.control('add_post', { id, ...post })).issue;
  }

  /** Ends an issue; gives the whole of it. */
  async resolveIssue(id: string, how: Resolution = {}): Promise<Record<string, any>> {
    return (await this.control('resolve_issue', { id, ...how })).issue;
  }

  /**
   * Adds a message, in the place of the one with its id if there is one. What is left out is that of a post of now. Gives
   * the whole of it.
   */
  async addMessage(message: Record<string, unknown> = {}): Promise<Record<string, any>> {
    return (await this.control('add_message', { message })).message;
  }

  /** Changes members of a message. It is modified now unless they say otherwise. Gives the whole of it. */
  async updateMessage(id: string, message: Record<string, unknown>): Promise<Record<string, any>> {
    return (await this.control('update_message', { id, message })).message;
  }
}
