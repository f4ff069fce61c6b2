// Reads the body of a request into memory, inflated, up to a bound that is measured after inflation.

import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Refusal } from './errors.js';

/** Returns the body. Throws a Refusal when it is too large or not what its encoding says. */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  const source: Readable = encoding === 'gzip' ? request.pipe(createGunzip()) : request;
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > bytesMax) throw new Refusal('badBody', 'http: request body too large');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal('badBody', encoding === 'gzip' ? 'gzip: invalid header' : 'unexpected EOF');
  }
  return Buffer.concat(chunks);
}
