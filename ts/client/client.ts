// The Local API as a machine sees it: logs in when needed and again when its token is refused, and says in CrowdSec's
// words what went wrong. Used by the engine and by cscli. Retries are the caller's: an outbox, or nobody.

import type { Log } from '../config/log.js';
import { PalisadeError } from '../errors.js';
import type { Alert } from '../model/alert.js';
import { alertText } from '../model/alert-events.js';
import { pathEscape, queryEscape } from '../util/go-url.js';
import { userAgent } from '../version.js';
import { startHeartbeat } from './heartbeat.js';
import { logInPatiently, type LoginPatience } from './log-in.js';
import { goVerb, Transport, UnreachableError, type Answer, type TransportOptions } from './transport.js';

/** The credentials file and how to speak; Credentials of ts/config fit. */
export interface ClientOptions extends TransportOptions {
  readonly login: string;
  readonly password: string;
  /** `name/version` with exactly one slash, else the login is refused. Default: that of the engine. */
  readonly userAgent?: string;
}

/** Parameters of a query, sent in alphabetical order as Go does. */
export type Query = Readonly<Record<string, string>>;

/** The Local API answered, but refused. `message` begins with `API error: `. */
export class ApiError extends PalisadeError {
  readonly status: number;
  /** What the server said, without prefix. */
  readonly reason: string;

  constructor(status: number, reason: string, prefix = '') {
    super('E_LAPI', `${prefix}API error: ${reason}`);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
  }
}

/** Tells the Local API that the uuids of alerts name them: a repeat is answered with the first ids. */
const ownIdsHeader = 'x-palisade-alert-ids';

/** A token is not used for its last seconds, so that it does not expire on the way. */
const tokenMarginMs = 30_000;

/** A machine at one Local API. */
export class LapiClient {
  readonly #options: ClientOptions;
  readonly #transport: Transport;
  #scenarios: readonly string[] = [];
  #token = '';
  #tokenUntilMs = 0;
  #login: Promise<void> | null = null;
  #stopHeartbeat = (): void => {};

  /** Throws E_CONFIG or E_FILE for options that cannot be used. */
  constructor(options: ClientOptions) {
    if (options.certPath && options.password !== '') {
      throw new PalisadeError('E_CONFIG', 'user/password authentication and TLS authentication are mutually exclusive');
    }
    this.#options = options;
    this.#transport = new Transport(options);
  }

  /** First login of an engine, with its installed scenarios; waits for a server that is still starting. */
  async login(scenarios: readonly string[] = [], patience: LoginPatience = {}): Promise<void> {
    this.#scenarios = scenarios;
    await logInPatiently(this, patience);
  }

  /** Beats now and every minute until the client is closed. */
  startHeartbeat(log: Log): void {
    this.#stopHeartbeat();
    this.#stopHeartbeat = startHeartbeat(this, log);
  }

  /** Logs in now. Throws UnreachableError or ApiError. Calls at the same time share one login. */
  authenticate(): Promise<void> {
    this.#login ??= this.#logIn().finally(() => { this.#login = null; });
    return this.#login;
  }

  async heartbeat(): Promise<void> {
    await this.request('GET', 'v1/heartbeat');
  }

  /** Stores alerts and returns their ids. Alerts that all carry a uuid may be sent twice: they are stored once. */
  async postAlerts(alerts: readonly Alert[]): Promise<readonly string[]> {
    const named = alerts.length > 0 && alerts.every((alert) => Boolean(alert.uuid));
    const answer = await this.request('POST', 'v1/alerts', `[${alerts.map(alertText).join(',')}]`, named ? { [ownIdsHeader]: 'uuid' } : {});
    return answer as string[];
  }

  async listAlerts(query: Query = {}): Promise<Alert[]> {
    return (await this.request('GET', `v1/alerts${queryText(query)}`) as Alert[] | null) ?? [];
  }

  async getAlert(id: number | string): Promise<Alert> {
    return await this.request('GET', `v1/alerts/${pathEscape(String(id))}`) as Alert;
  }

  /** Deletes by filter and returns how many. */
  async deleteAlerts(query: Query): Promise<number> {
    return deletedCount(await this.request('DELETE', `v1/alerts${queryText(query)}`));
  }

  async deleteAlert(id: number | string): Promise<number> {
    return deletedCount(await this.request('DELETE', `v1/alerts/${pathEscape(String(id))}`));
  }

  /** Ends decisions by filter and returns how many. */
  async deleteDecisions(query: Query): Promise<number> {
    return deletedCount(await this.request('DELETE', `v1/decisions${queryText(query)}`));
  }

  async deleteDecision(id: number | string): Promise<number> {
    return deletedCount(await this.request('DELETE', `v1/decisions/${pathEscape(String(id))}`));
  }

  async postUsageMetrics(metrics: object): Promise<void> {
    await this.request('POST', 'v1/usage-metrics', metrics);
  }

  /** Takes this machine off the server's list. */
  async unregister(): Promise<void> {
    await this.request('DELETE', 'v1/watchers/self');
    this.#token = '';
  }

  /** Asks for the registration of a machine. Needs no login. Returns whether it may log in at once. */
  async register(machine: string, password: string, token = ''): Promise<boolean> {
    const answer = await this.#send('POST', 'v1/watchers', { machine_id: machine, password,
      ...(token !== '' && { registration_token: token }) }, {});
    if (answer.status !== 201 && answer.status !== 202) throw refusal(answer);
    return answer.status === 202;
  }

  /** Any request of a machine, its body a value or JSON text; returns the decoded body, null when it is empty. Throws UnreachableError, ApiError. */
  async request(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}):
  Promise<unknown> {
    const hadToken = this.#token !== '' && Date.now() < this.#tokenUntilMs;
    if (!hadToken) await this.#loginFor(method, path);
    let answer = await this.#send(method, path, body, headers);
    // The server may have been given a new key, or the machine a new password: once more from the start.
    if (answer.status === 401 && hadToken) {
      await this.#loginFor(method, path);
      answer = await this.#send(method, path, body, headers);
    }
    if (answer.status < 200 || answer.status > 299) throw refusal(answer);
    return answer.body === '' ? null : JSON.parse(answer.body);
  }

  /** Stops beating and lets go of the open connections. */
  close(): void {
    this.#stopHeartbeat();
    this.#transport.close();
  }

  async #logIn(): Promise<void> {
    const { login, password } = this.#options;
    this.#token = '';
    const answer = await this.#send('POST', 'v1/watchers/login',
      { machine_id: login, password, scenarios: this.#scenarios }, {});
    if (answer.status !== 200) throw refusal(answer);
    const { token, expire } = JSON.parse(answer.body) as { token: string; expire: string };
    this.#token = token;
    const until = Date.parse(expire);
    // A server whose clock is far off must not lead to a login before each request.
    this.#tokenUntilMs = until > Date.now() + tokenMarginMs ? until - tokenMarginMs : Date.now() + tokenMarginMs;
  }

  /** The login that a request needs; its failure is told as that request's. */
  async #loginFor(method: string, path: string): Promise<void> {
    try {
      await this.authenticate();
    } catch (error) {
      const head = `${goVerb(method)} "${this.#transport.urlOf(path)}": `;
      if (error instanceof ApiError) throw new ApiError(error.status, error.reason, head);
      if (!(error instanceof UnreachableError)) throw error;
      const login = `${goVerb(error.method)} "${error.url}"`;
      throw new UnreachableError(method, this.#transport.urlOf(path),
        `could not get jwt token: ${login}: retryable error: ${error.reason}`, error);
    }
  }

  #send(method: string, path: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const all: Record<string, string> = { 'user-agent': this.#options.userAgent ?? userAgent, ...headers };
    if (this.#token !== '') all['authorization'] = `Bearer ${this.#token}`;
    if (body !== undefined) all['content-type'] = 'application/json';
    return this.#transport.send({ method, path, headers: all,
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body) });
  }
}

function deletedCount(answer: unknown): number {
  return Number((answer as { nbDeleted?: string } | null)?.nbDeleted ?? 0);
}

function queryText(query: Query): string {
  const pairs = Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${queryEscape(key)}=${queryEscape(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** What a refusing answer says, as CrowdSec's client words it. */
function refusal({ status, body }: Answer): ApiError {
  if (body === '') return new ApiError(status, `http code ${status}, no response body`);
  if (status === 422) return new ApiError(status, `http code ${status}, invalid request: ${body}`);
  try {
    const { message, errors } = JSON.parse(body) as { message?: string; errors?: string };
    if (message !== undefined || errors !== undefined) {
      return new ApiError(status, `${message ?? ''}${errors ? ` (${errors})` : ''}`);
    }
  } catch {
    // Not JSON: the text itself is what the server said.
  }
  return new ApiError(status, `http code ${status}, response: ${body}`);
}
