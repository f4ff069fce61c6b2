// Fetches the daemon's metrics page and takes it apart into samples. What they mean is metrics/ and the inspect
// command's business.

import { request } from 'node:http';

/** One line of the metrics page. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const bodyBytesMax = 64 * 1024 * 1024;
const timeoutMs = 10_000;

/** The samples of a metrics page. Throws with Go's words when it cannot be fetched. */
export async function scrape(url: string): Promise<Sample[]> {
  try {
    return parseExposition(await fetchText(url));
  } catch (error) {
    throw new Error(`fetching metrics: Get "${url}": ${(error as Error).message}`, { cause: error });
  }
}

/** The samples of a page in Prometheus' text format, in its order. */
export function parseExposition(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/.exec(line);
    if (match === null) continue;
    const value = Number(match[3].replace(/^\+?Inf$/, 'Infinity').replace(/^-Inf$/, '-Infinity'));
    samples.push({ name: match[1], labels: parseLabels(match[2] ?? ''), value });
  }
  return samples;
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = Object.create(null);
  for (const [, name, value] of text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    labels[name] = value.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));
  }
  return labels;
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(url, { timeout: timeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > bodyBytesMax) call.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new Error(`server returned HTTP status ${response.statusCode}`));
      });
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('timeout awaiting response headers')));
    call.on('error', (error: NodeJS.ErrnoException) => reject(new Error(dialMessage(url, error))));
    call.end();
  });
}

function dialMessage(url: string, error: NodeJS.ErrnoException): string {
  if (error.code !== 'ECONNREFUSED') return error.message;
  const { hostname, port, protocol } = new URL(url);
  return `dial tcp ${hostname}:${port || (protocol === 'https:' ? 443 : 80)}: connect: connection refused`;
}
