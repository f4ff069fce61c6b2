// A bouncer at one Local API, ours or CrowdSec's: the decision stream and usage metrics, by API key or certificate.

import { UnreachableError, Transport, type TransportOptions } from '../ts/client/transport.js';
import { PalisadeError } from '../ts/errors.js';
import { version } from '../ts/version.js';
import type { WireDecision } from './decision.js';
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
   * Reads one answer of the stream into a sink. Every decision is asked for, not only the longest of an address: which
   * one wins is decided here, so that the end of one leaves the others. Throws a PalisadeError; what the sink got by then
   * is true, but not all.
   */
  async readStream(isStartup: boolean, filter: StreamFilter, sink: StreamSink, signal?: AbortSignal): Promise<void> {
    const query = new URLSearchParams({ ...filter, dedup: 'false', startup: String(isStartup) });
    const path = `v1/decisions/stream?${query}`;
    const response = await this.#transport.open({ method: 'GET', path, headers: this.#headers, signal });
    if (response.statusCode !== 200) {
      response.resume();
      throw new PalisadeError('E_LAPI', `the Local API answered ${response.statusCode} to a bouncer`
        + `${response.statusCode === 403 ? ': is api_key right?' : ''}`);
    }
    const reader = new StreamReader(sink);
    try {
      for await (const chunk of response) reader.push(chunk as Buffer);
      reader.end();
    } catch (error) {
      throw new UnreachableError('GET', this.#transport.urlOf(path), (error as Error).message, error);
    }
  }

  /** Decisions in force that cover an address. Leaves the stream of the bouncer as it is. Throws a PalisadeError. */
  async decisionsOn(address: string): Promise<readonly WireDecision[]> {
    const answer = await this.#transport.send({ method: 'GET', headers: this.#headers,
      path: `v1/decisions?${new URLSearchParams({ ip: address })}` });
    if (answer.status !== 200) throw new PalisadeError('E_LAPI', `the Local API answered ${answer.status} to a bouncer`);
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
