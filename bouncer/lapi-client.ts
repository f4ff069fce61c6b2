// A bouncer at one Local API, ours or CrowdSec's: the decision stream and usage metrics, by API key or certificate.

import { UnreachableError, Transport, type TransportOptions } from '../ts/client/transport.js';
import { PalisadeError } from '../ts/errors.js';
import { version } from '../ts/version.js';
import type { Claim } from './decision-intake.js';
import type { WireDecision } from './decision.js';
import { EventReader, type ServerEvent } from './event-reader.js';
import type { Refused } from './follow.js';
import { bouncerLimits } from './limits.js';
import { StreamReader, type StreamSink } from './stream-reader.js';

/** Name and version, as the Local API lists bouncers. */
export const userAgent = `palisade-firewall-bouncer/v${version}`;

export interface BouncerClientOptions extends TransportOptions {
  /** '' with a client certificate. */
  readonly apiKey: string;
}

/** What of the stream is asked for; each text is a comma list. */
export interface StreamFilter {
  readonly scopes?: string;
  readonly origins?: string;
  readonly scenarios_containing?: string;
  readonly scenarios_not_containing?: string;
}

/** What is told of a stream of changes. */
export interface ChangeEvents {
  /** The Local API has the stream. */
  readonly onOpen: () => void;
  readonly onEvent: (event: ServerEvent) => void;
}

/** An entry of an allowlist; the year 1 stands for no end. */
export interface AllowedItem {
  readonly value?: string;
  readonly expiration?: string;
}

/** Asks and reports. */
export class BouncerClient {
  readonly #transport: Transport;
  readonly #headers: Readonly<Record<string, string>>;

  /** Throws E_CONFIG or E_FILE for options that cannot be used. */
  constructor(options: BouncerClientOptions) {
    this.#transport = new Transport(options);
    this.#headers = { 'user-agent': userAgent, ...(options.apiKey !== '' && { 'x-api-key': options.apiKey }) };
  }

  /**
   * Reads one answer of the stream into a sink; `onHead` gets its claim of the whole before. Every decision is asked for,
   * not only the longest of an address: which one wins is decided here, so that the end of one leaves the others. Throws a
   * PalisadeError; what the sink got by then is true, but not all.
   */
  async readStream(isStartup: boolean, filter: StreamFilter, sink: StreamSink, onHead: (claim: Claim | null) => void,
    signal?: AbortSignal): Promise<void> {
    const query = new URLSearchParams({ ...filter, dedup: 'false', startup: String(isStartup) });
    const path = `v1/decisions/stream?${query}`;
    const response = await this.#transport.open({ method: 'GET', path, headers: this.#headers, signal });
    if (response.statusCode !== 200) {
      response.resume();
      throw refusal(response.statusCode);
    }
    const { 'x-palisade-count': count, 'x-palisade-checksum': checksum } = response.headers;
    onHead(typeof checksum === 'string' ? { count: Number(count), checksum } : null);
    const reader = new StreamReader(sink);
    try {
      for await (const chunk of response) reader.push(chunk as Buffer);
      reader.end();
    } catch (error) {
      throw new UnreachableError('GET', this.#transport.urlOf(path), (error as Error).message, error);
    }
  }

  /**
   * Reads the open stream of changes until it ends, goes silent (then it throws) or is refused (then it tells how). An
   * answer that is no stream counts as 404. Throws a PalisadeError, and what `onEvent` throws.
   */
  async followChanges(after: string | null, filter: StreamFilter, { onOpen, onEvent }: ChangeEvents,
    signal: AbortSignal): Promise<Refused | null> {
    const query = new URLSearchParams({ ...filter, ...(after !== null && { after }) });
    const path = `v1/decisions/changes?${query}`;
    const silence = new Silence(signal);
    try {
      const response = await this.#transport.open({ method: 'GET', path, signal: silence.signal,
        headers: { ...this.#headers, accept: 'text/event-stream' } });
      if (response.statusCode !== 200 || !/^text\/event-stream\b/.test(response.headers['content-type'] ?? '')) {
        response.destroy();
        return { status: response.statusCode === 200 ? 404 : response.statusCode ?? 404,
          retryAfterMs: 1000 * Number(response.headers['retry-after'] ?? 0) || bouncerLimits.streamLookIntervalMs };
      }
      onOpen();
      const reader = new EventReader(onEvent);
      for await (const chunk of response) {
        silence.heard();
        reader.push(chunk as Buffer);
      }
      return null;
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error || error instanceof RangeError)) throw error;
      throw new UnreachableError('GET', this.#transport.urlOf(path), silence.isLong ? 'nothing heard' : error.message, error);
    } finally {
      silence.end();
    }
  }

  /** Addresses and networks on the allowlists; null where bouncers may not read them. Throws a PalisadeError. */
  async allowlisted(): Promise<readonly AllowedItem[] | null> {
    const answer = await this.#transport.send({ method: 'GET', path: 'v1/allowlists?with_content=true',
      headers: this.#headers });
    if ([401, 403, 404, 405].includes(answer.status)) return null;
    if (answer.status !== 200) throw refusal(answer.status);
    const lists = JSON.parse(answer.body) as readonly { readonly items?: readonly AllowedItem[] | null }[] | null;
    return (lists ?? []).flatMap(({ items }) => items ?? []);
  }

  /** Decisions in force that cover an address. Leaves the stream of the bouncer as it is. Throws a PalisadeError. */
  async decisionsOn(address: string): Promise<readonly WireDecision[]> {
    const answer = await this.#transport.send({ method: 'GET', headers: this.#headers,
      path: `v1/decisions?${new URLSearchParams({ ip: address })}` });
    if (answer.status !== 200) throw refusal(answer.status);
    return (JSON.parse(answer.body) as WireDecision[] | null) ?? [];
  }

  /** Posts usage metrics. Throws a PalisadeError. */
  async postUsageMetrics(report: object): Promise<void> {
    const answer = await this.#transport.send({ method: 'POST', path: 'v1/usage-metrics',
      headers: { ...this.#headers, 'content-type': 'application/json' }, body: JSON.stringify(report) });
    if (answer.status > 299) throw new PalisadeError('E_LAPI', `usage metrics: the Local API answered ${answer.status}`);
  }

  close(): void {
    this.#transport.close();
  }
}

/** Ends a request on which nothing has come for too long, or when its signal says so. */
class Silence {
  isLong = false;
  readonly #abort = new AbortController();
  readonly #outer: AbortSignal;
  readonly #onOuter = (): void => this.#abort.abort();
  #timer: NodeJS.Timeout;

  constructor(outer: AbortSignal) {
    this.#outer = outer;
    outer.addEventListener('abort', this.#onOuter);
    if (outer.aborted) this.#abort.abort();
    this.#timer = this.#wait(bouncerLimits.firstEventMsMax);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#wait(bouncerLimits.silenceMsMax);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#onOuter);
  }

  #wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.isLong = true;
      this.#abort.abort();
    }, ms);
  }
}

function refusal(status: number | undefined): PalisadeError {
  return new PalisadeError('E_LAPI', `the Local API answered ${status} to a bouncer`
    + `${status === 403 ? ': is api_key right?' : ''}`);
}
