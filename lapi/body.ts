// Reads the body of a request into memory, inflated, up to a bound that is measured after inflation.

import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Refusal } from './errors.js';

/** Returns the body. Throws a Refusal when it is too large or not what its encoding says. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding'];
  const source: Readable = encoding === 'gzip' ? request.pipe(createGunzip()) : request;
  const chunks: Buffer[] = [];
  let size = 0;
  let isRead = false;
  return new Promise((resolve, reject) => {
    source.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > bytesMax) fail('http: request body too large');
    });
    source.on('end', () => {
      isRead = true;
      resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    // A stream that is closed without an end has not come to it.
    const broken = (): void => { if (!isRead) fail(encoding === 'gzip' ? 'gzip: invalid header' : 'unexpected EOF'); };
    source.on('error', broken).on('close', broken);
    if (source !== request) request.on('error', broken).on('close', () => { if (!request.complete) broken(); });
    // The request itself stays: it is still to be answered.
    function fail(reason: string): void {
      if (source === request) source.pause();
      else source.destroy();
      reject(new Refusal('badBody', reason));
    }
  });
}
