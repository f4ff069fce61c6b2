// What cscli asks the Local API: alerts, decisions, allowlists, as the machine of the credentials file. Words failures
// as CrowdSec does, from the transport of ts/client.

import type { Credentials } from '../ts/config/config.js';
import type { Alert } from '../ts/model/alert.js';
import { pathEscape, queryEscape } from '../ts/util/go-url.js';
import { sendHttp, type HttpAnswer } from './transport.js';
import { version } from './version.js';

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

/** The Local API answered with an error. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(`API error: ${message}`);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** Names of the installed rules, sent at login. */
type Rules = readonly string[];

export class LapiConnection {
  readonly #credentials: Credentials;
  #token = '';

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  get login(): string {
    return this.#credentials.login;
  }

  get url(): string {
    return this.#credentials.url;
  }

  /** Logs in; throws with the reason when that fails. */
  async authenticate(rules: Rules = []): Promise<void> {
    const { login, password } = this.#credentials;
    const answer = await this.#send('POST', 'v1/watchers/login', { machine_id: login, password, scenarios: rules });
    const { token } = parse(answer) as { token?: string };
    this.#token = token ?? '';
  }

  /** Asks for the registration of a machine. Needs no login. */
  async register(machine: string, password: string, token: string): Promise<void> {
    const body = { machine_id: machine, password, ...(token === '' ? {} : { registration_token: token }) };
    await this.#send('POST', 'v1/watchers', body);
  }

  async listAlerts(query: Readonly<Record<string, string>>, purpose: string): Promise<Alert[]> {
    const answer = await this.#ask('GET', `v1/alerts${queryText(query)}`, `${purpose}: performing request`);
    return (answer as Alert[] | null) ?? [];
  }

  async getAlert(id: string, purpose: string): Promise<Alert> {
    return await this.#ask('GET', `v1/alerts/${Number(id)}`, purpose) as Alert;
  }

  async addAlerts(alerts: readonly Alert[]): Promise<void> {
    await this.#ask('POST', 'v1/alerts', '', alerts);
  }

  /** Deletes by filter and returns how many, as text. */
  async deleteAlerts(query: Readonly<Record<string, string>>, purpose: string): Promise<string> {
    return deletedCount(await this.#ask('DELETE', `v1/alerts${queryText(query)}`, purpose));
  }

  async deleteAlert(id: string, purpose: string): Promise<string> {
    return deletedCount(await this.#ask('DELETE', `v1/alerts/${pathEscape(id)}`, purpose));
  }

  async deleteDecisions(query: Readonly<Record<string, string>>, purpose: string): Promise<string> {
    return deletedCount(await this.#ask('DELETE', `v1/decisions${queryText(query)}`, purpose));
  }

  async deleteDecision(id: string, purpose: string): Promise<string> {
    return deletedCount(await this.#ask('DELETE', `v1/decisions/${id}`, purpose));
  }

  /** Why a value is allowlisted; undefined when it is not. */
  async allowlistReason(value: string, purpose = ''): Promise<string | undefined> {
    const answer = await this.#ask('GET', `v1/allowlists/check/${pathEscape(value)}`, purpose);
    const { allowlisted, reason } = answer as { allowlisted?: boolean; reason?: string };
    return allowlisted === true ? reason ?? '' : undefined;
  }

  /** Which of the values are allowlisted, and by what. */
  async allowlisted(values: readonly string[]): Promise<readonly AllowlistMatch[]> {
    const answer = await this.#ask('POST', 'v1/allowlists/check', '', { targets: values });
    return (answer as { results?: AllowlistMatch[] }).results ?? [];
  }

  async listAllowlists(): Promise<readonly AllowlistView[]> {
    return (await this.#ask('GET', 'v1/allowlists?with_content=true', '') as AllowlistView[] | null) ?? [];
  }

  async getAllowlist(name: string, purpose: string): Promise<AllowlistView> {
    return await this.#ask('GET', `v1/allowlists/${pathEscape(name)}?with_content=true`, purpose) as AllowlistView;
  }

  async #ask(method: string, path: string, purpose: string, body?: unknown): Promise<unknown> {
    const prefix = purpose === '' ? '' : `${purpose}: `;
    if (this.#token === '') await this.#loginFor(method, path, prefix);
    try {
      return parse(await this.#send(method, path, body));
    } catch (error) {
      throw new Error(prefix + (error as Error).message, { cause: error });
    }
  }

  /** The login that a first request needs; its failure is told as that request's. */
  async #loginFor(method: string, path: string, prefix: string): Promise<void> {
    try {
      await this.authenticate();
    } catch (error) {
      const verb = method[0] + method.slice(1).toLowerCase();
      const message = (error as Error).message.replace(/: dial /, ': retryable error: dial ');
      const reason = message.startsWith('API error') ? message : `could not get jwt token: ${message}`;
      throw new Error(`${prefix}${verb} "${this.url}${path}": ${reason}`, { cause: error });
    }
  }

  async #send(method: string, path: string, body?: unknown): Promise<HttpAnswer> {
    const headers: Record<string, string> = { 'user-agent': `palisade/${version}-cscli` };
    if (this.#token !== '') headers['authorization'] = `Bearer ${this.#token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await sendHttp(this.url, { method, path, headers, body: text });
    if (answer.status < 200 || answer.status > 299) throw new ApiError(answer.status, apiMessage(answer));
    return answer;
  }
}

function parse({ body }: HttpAnswer): unknown {
  return body === '' ? {} : JSON.parse(body);
}

function deletedCount(answer: unknown): string {
  return (answer as { nbDeleted?: string }).nbDeleted ?? '0';
}

function queryText(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? '' : `?${pairs.map(([key, value]) => `${queryEscape(key)}=${queryEscape(value)}`).join('&')}`;
}

function apiMessage({ status, body }: HttpAnswer): string {
  if (body === '') return `http code ${status}, no response body`;
  if (status === 422) return `http code ${status}, invalid request: ${body}`;
  try {
    const { message, errors } = JSON.parse(body) as { message?: string; errors?: string };
    if (message !== undefined || errors !== undefined) return `${message ?? ''}${errors ? ` (${errors})` : ''}`;
  } catch {
    // Not JSON: the text itself is the message.
  }
  return `http code ${status}, response: ${body}`;
}
