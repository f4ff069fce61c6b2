// Helpers that send HTTP requests: for profiles, postoverflows and enrichment, never where a thread would wait.

import { anyType, intType, mapOf, pointerTo, sliceOf, stringType, type StructType } from '../expr/types.js';
import { ExprError } from '../expr/values.js';
import { limits } from '../limits.js';
import { sprintf } from '../util/go-format.js';
import { newGoMap } from '../util/go-value.js';
import type { HelperFamily } from './family.js';

/** An answer as expressions see it. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly body: string;
  /** By canonical name (`Content-Type`), each with its values. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

const answerType: StructType = {
  kind: 'struct', name: 'exprhelpers.HTTPResponse', methods: {},
  fields: {
    StatusCode: { type: intType, property: 'statusCode' },
    Body: { type: stringType, property: 'body' },
    Headers: { type: mapOf(sliceOf(stringType), 'http.Header'), property: 'headers' },
  },
};

const returns = pointerTo(answerType);

/** HTTPGet, HTTPHead, HTTPPost and HTTPRequest, all asynchronous. */
export const httpHelpers: HelperFamily = {
  HTTPGet: {
    params: [stringType], returns, isAsync: true, hasEffects: true,
    make: () => (url: string) => send('GET', url, {}, ''),
  },
  HTTPHead: {
    params: [stringType], returns, isAsync: true, hasEffects: true,
    make: () => (url: string) => send('HEAD', url, {}, ''),
  },
  HTTPPost: {
    params: [stringType, stringType, stringType], returns, isAsync: true, hasEffects: true,
    make: () => (url: string, contentType: string, body: string) =>
      send('POST', url, { 'Content-Type': contentType }, body),
  },
  HTTPRequest: {
    params: [stringType, stringType, mapOf(anyType), stringType], returns, isAsync: true, hasEffects: true,
    make: () => (method: string, url: string, headers: Record<string, unknown>, body: string) =>
      send(method === '' ? 'GET' : method, url, textsOf(headers), body),
  },
};

/** Sends a request; an answer of any status is an answer, everything else is an error of the expression. */
async function send(method: string, url: string, headers: Record<string, string>, body: string): Promise<HttpAnswer> {
  try {
    const response = await fetch(url, {
      method, headers: { 'User-Agent': 'palisade', ...headers }, body: body === '' ? undefined : body,
      signal: AbortSignal.timeout(limits.expressionHttpTimeoutMs),
    });
    return { statusCode: response.status, body: await readBody(response), headers: canonical(response.headers) };
  } catch (error) {
    const reason = (error as Error).cause instanceof Error ? ((error as Error).cause as Error) : (error as Error);
    throw new ExprError(`${method} ${url}: ${reason.message}`, { cause: error });
  }
}

/** The body as far as the limit goes; the rest is not read. */
async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let left = limits.expressionHttpBodyBytesMax;
  const reader = response.body?.getReader();
  while (reader !== undefined && left > 0) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value.subarray(0, left));
    left -= Math.min(left, value.length);
  }
  await reader?.cancel();
  return Buffer.concat(chunks).toString('utf8');
}

function canonical(headers: Headers): Record<string, readonly string[]> {
  const all = newGoMap<readonly string[]>();
  for (const [name, value] of headers) {
    const canonicalName = name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
    all[canonicalName] = name === 'set-cookie' ? headers.getSetCookie() : [value];
  }
  return all;
}

function textsOf(headers: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, sprintf('%v', value)]));
}
