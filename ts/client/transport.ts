// HTTP exchanges with one Local API over TCP, TLS or a unix socket, on connections that are kept open. Knows nothing of
// tokens or alerts: that is client.ts.

import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest, type ClientRequest, type IncomingHttpHeaders,
  type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { PalisadeError } from '../errors.js';

/** Where the Local API is and how its certificate is checked. Empty paths mean: not used. */
export interface TransportOptions {
  /** `http://127.0.0.1:8080/`, `https://…/`, or the absolute path of a unix socket. */
  readonly url: string;
  readonly caCertPath?: string;
  readonly certPath?: string;
  readonly keyPath?: string;
  readonly insecureSkipVerify?: boolean;
  /** Time for a whole answer, milliseconds. */
  readonly timeoutMs?: number;
}

export interface Question {
  readonly method: string;
  /** Without a leading slash, with its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const defaultTimeoutMs = 60_000;
/** Longer bodies are compressed, but for this same host: alerts repeat themselves, and a blocklist import is megabytes. */
const gzipBytesMin = 5 * 1024;
const gzipBytes = promisify(gzip);

/** Nobody answered. `reason` has Go's words: `dial tcp 127.0.0.1:8080: connect: connection refused`. */
export class UnreachableError extends PalisadeError {
  readonly method: string;
  readonly url: string;
  readonly reason: string;

  constructor(method: string, url: string, reason: string, cause: unknown) {
    super('E_LAPI', `${goVerb(method)} "${url}": ${reason}`, undefined, { cause });
    this.name = 'UnreachableError';
    this.method = method;
    this.url = url;
    this.reason = reason;
  }
}

/** Sends requests to one server. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #isSocket: boolean;
  /** The server is on this host. */
  readonly #isNear: boolean;
  readonly #agent: Agent;
  readonly #tls: object;

  /** Throws E_CONFIG for options that exclude each other or an address that is none, E_FILE for certificates. */
  constructor(options: TransportOptions) {
    this.#options = options;
    this.#isSocket = options.url.startsWith('/');
    const hasCertificate = Boolean(options.certPath) || Boolean(options.keyPath);
    if (this.#isSocket && (hasCertificate || options.caCertPath)) {
      throw new PalisadeError('E_CONFIG', 'cannot use TLS with a unix socket');
    }
    if (!this.#isSocket && !URL.canParse(options.url)) {
      throw new PalisadeError('E_CONFIG', `the address of the Local API is no URL: ${options.url}`);
    }
    this.#isNear = this.#isSocket || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(options.url).hostname);
    const isTls = options.url.startsWith('https:');
    this.#tls = isTls ? { ca: readOptional(options.caCertPath), cert: readOptional(options.certPath),
      key: readOptional(options.keyPath), rejectUnauthorized: !options.insecureSkipVerify } : {};
    this.#agent = isTls ? new TlsAgent({ keepAlive: true, ...this.#tls }) : new Agent({ keepAlive: true });
  }

  /** The address that messages show, with its trailing slash. */
  urlOf(path: string): string {
    const { url } = this.#options;
    return `${this.#isSocket || url.endsWith('/') ? url : `${url}/`}${path}`;
  }

  /** Sends a request and returns the whole answer, whatever its status. Throws UnreachableError. */
  async send(question: Question): Promise<Answer> {
    const headers: Record<string, string> = { ...question.headers };
    // Encoded once: Node would go through a text for its length, again to put it behind the head, and again to write it.
    let body = question.body === undefined ? undefined : Buffer.from(question.body);
    if (body !== undefined && body.length > gzipBytesMin && !this.#isNear) {
      body = await gzipBytes(body);
      headers['content-encoding'] = 'gzip';
    }
    // The length is known, so nothing is sent in chunks: CrowdSec's own server refuses none, others do.
    if (body !== undefined) headers['content-length'] = String(body.length);
    return this.#exchange(question, headers, body);
  }

  /** Sends a request without a body and returns the answer to be read piece by piece. Throws UnreachableError. */
  open(question: Question): Promise<IncomingMessage> {
    return this.#call(question, { ...question.headers }, undefined);
  }

  /** Lets go of the open connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #exchange(question: Question, headers: Record<string, string>,
    body: Buffer | undefined): Promise<Answer> {
    const response = await this.#call(question, headers, body);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of response) chunks.push(chunk as Buffer);
    } catch (error) {
      throw new UnreachableError(question.method, this.urlOf(question.path),
        this.#reason(this.#urlFor(question), error as Error), error);
    }
    return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString('utf8') };
  }

  #urlFor(question: Question): URL {
    return new URL(question.path, this.#isSocket ? 'http://unix/' : this.urlOf(''));
  }

  #call(question: Question, headers: Record<string, string>,
    body: Buffer | undefined): Promise<IncomingMessage> {
    const url = this.#urlFor(question);
    const options: RequestOptions = { method: question.method, headers, agent: this.#agent, signal: question.signal,
      timeout: this.#options.timeoutMs ?? defaultTimeoutMs, ...this.#tls,
      ...(this.#isSocket && { socketPath: this.#options.url }) };
    return new Promise((resolve, reject) => {
      const call: ClientRequest = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, resolve);
      call.on('timeout', () => call.destroy(new Error('net/http: timeout awaiting response headers')));
      call.on('error', (error) => reject(new UnreachableError(question.method, this.urlOf(question.path),
        this.#reason(url, error), error)));
      call.end(body);
    });
  }

  #reason(url: URL, error: NodeJS.ErrnoException): string {
    const where = this.#isSocket ? `unix ${this.#options.url}`
      : `tcp ${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
    switch (error.code) {
      case 'ECONNREFUSED': return `dial ${where}: connect: connection refused`;
      case 'ENOENT': return `dial ${where}: connect: no such file or directory`;
      case 'EACCES': return `dial ${where}: connect: permission denied`;
      case 'ENOTFOUND': return `dial tcp: lookup ${url.hostname}: no such host`;
      case 'ECONNRESET': return 'EOF';
      default: return error.message;
    }
  }
}

/** The method as Go's errors spell it: `Get`, `Post`. */
export function goVerb(method: string): string {
  return method[0] + method.slice(1).toLowerCase();
}

function readOptional(path: string | undefined): Buffer | undefined {
  if (!path) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new PalisadeError('E_FILE', `cannot read ${path}: ${(error as Error).message}`, undefined, { cause: error });
  }
}
