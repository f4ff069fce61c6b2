// What cscli asks the Local API: alerts, decisions, allowlists, as the machine of the credentials file. Puts the
// command's purpose in front of what ts/client says went wrong.

import { ApiError, LapiClient, type Query } from '../ts/client/client.js';
import type { Credentials } from '../ts/config/config.js';
import type { Alert } from '../ts/model/alert.js';
import { pathEscape } from '../ts/util/go-url.js';

/** One allowlist that covers a value. */
export interface AllowlistMatch {
  readonly target: string;
  readonly allowlists: readonly string[];
}

/** An allowlist as the Local API shows it. */
export interface AllowlistView {
  readonly name: string;
  readonly description?: string;
  readonly created_at?: string;
  readonly updated_at?: string;
  readonly console_managed?: boolean;
  readonly items?: readonly AllowlistItemView[] | null;
}

export interface AllowlistItemView {
  readonly value: string;
  readonly description?: string;
  readonly created_at?: string;
  readonly expiration?: string;
}

/** The Local API of this instance. Logs in with the first request. */
export class LapiConnection {
  readonly login: string;
  readonly client: LapiClient;

  constructor(credentials: Credentials, insecureSkipVerify: boolean) {
    this.login = credentials.login;
    this.client = new LapiClient({ ...credentials, insecureSkipVerify });
  }

  listAlerts(query: Query, purpose: string): Promise<Alert[]> {
    return told(`${purpose}: performing request`, this.client.listAlerts(query));
  }

  getAlert(id: string, purpose: string): Promise<Alert> {
    return told(purpose, this.client.getAlert(Number(id)));
  }

  async addAlerts(alerts: readonly Alert[]): Promise<void> {
    await this.client.postAlerts(alerts);
  }

  /** Deletes by filter and returns how many. */
  deleteAlerts(query: Query, purpose: string): Promise<number> {
    return told(purpose, this.client.deleteAlerts(query));
  }

  deleteAlert(id: string, purpose: string): Promise<number> {
    return told(purpose, this.client.deleteAlert(id));
  }

  /** Ends decisions by filter and returns how many. */
  deleteDecisions(query: Query, purpose: string): Promise<number> {
    return told(purpose, this.client.deleteDecisions(query));
  }

  deleteDecision(id: string, purpose: string): Promise<number> {
    return told(purpose, this.client.deleteDecision(id));
  }

  /** Why a value is allowlisted; undefined when it is not. */
  async allowlistReason(value: string, purpose = ''): Promise<string | undefined> {
    const answer = await told(purpose, this.client.request('GET', `v1/allowlists/check/${pathEscape(value)}`));
    const { allowlisted, reason } = (answer ?? {}) as { allowlisted?: boolean; reason?: string };
    return allowlisted === true ? reason ?? '' : undefined;
  }

  /** Which of the values are allowlisted, and by what. Null: a server from before there were allowlists. */
  async allowlisted(values: readonly string[]): Promise<readonly AllowlistMatch[] | null> {
    try {
      const answer = await this.client.request('POST', 'v1/allowlists/check', { targets: values });
      return (answer as { results?: AllowlistMatch[] } | null)?.results ?? [];
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  async listAllowlists(): Promise<readonly AllowlistView[]> {
    return (await this.client.request('GET', 'v1/allowlists?with_content=true') as AllowlistView[] | null) ?? [];
  }

  async getAllowlist(name: string, purpose: string): Promise<AllowlistView> {
    const path = `v1/allowlists/${pathEscape(name)}?with_content=true`;
    return await told(purpose, this.client.request('GET', path)) as AllowlistView;
  }
}

/** The result, or the error with what it was for in front. */
async function told<T>(purpose: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { message } = error as Error;
    throw new Error(purpose === '' ? message : `${purpose}: ${message}`, { cause: error });
  }
}
