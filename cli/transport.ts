// One HTTP exchange with the Local API, over TCP, TLS or a unix socket. No retries: a command line answers at once.

import { readFileSync } from 'node:fs';
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpQuestion {
  readonly method: string;
  /** Without a leading slash. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** How TLS is checked. */
export interface TlsFiles {
  readonly caCertPath: string;
  readonly certPath: string;
  readonly keyPath: string;
  readonly insecureSkipVerify: boolean;
}

const timeoutMs = 60_000;

/** Sends a request and returns the whole answer. Throws with Go's words when nobody answers. */
export function sendHttp(baseUrl: string, question: HttpQuestion, tls?: TlsFiles): Promise<HttpAnswer> {
  const isSocket = baseUrl.startsWith('/');
  const url = isSocket ? new URL(`http://unix/${question.path}`) : new URL(question.path, baseUrl);
  const options: RequestOptions = { method: question.method, headers: question.headers, timeout: timeoutMs,
    ...(isSocket ? { socketPath: baseUrl } : {}) };
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const call = send(url, { ...options, ...tlsOptions(tls) }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('timeout awaiting response headers')));
    call.on('error', (error: NodeJS.ErrnoException) => {
      const verb = question.method[0] + question.method.slice(1).toLowerCase();
      reject(new Error(`${verb} "${baseUrl}${question.path}": ${dialText(url, error, isSocket ? baseUrl : '')}`, { cause: error }));
    });
    call.end(question.body);
  });
}

function tlsOptions(tls: TlsFiles | undefined): object {
  if (tls === undefined) return {};
  const read = (path: string): Buffer | undefined => (path === '' ? undefined : readFileSync(path));
  return { ca: read(tls.caCertPath), cert: read(tls.certPath), key: read(tls.keyPath),
    rejectUnauthorized: !tls.insecureSkipVerify };
}

function dialText(url: URL, error: NodeJS.ErrnoException, socket: string): string {
  const where = socket !== '' ? `unix ${socket}`
    : `tcp ${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`;
  if (error.code === 'ECONNREFUSED') return `dial ${where}: connect: connection refused`;
  if (error.code === 'ENOENT') return `dial ${where}: connect: no such file or directory`;
  return error.message;
}
