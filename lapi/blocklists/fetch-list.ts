// Gets the text of a blocklist: a file, or a URL asked whether it has changed since. Every answer is bounded in bytes
// (after inflation), time and redirects; a redirect never leaves https for http unless the settings allow http.

import { readFileSync, statSync, type Stats } from 'node:fs';
import type { Blocklist } from '../../ts/config/protection.js';
import { version } from '../../ts/version.js';
import { lapiLimits } from '../limits.js';

/** What a server said of the copy it gave, to be asked with again. */
export interface Validators {
  readonly etag: string;
  readonly lastModified: string;
}

/** A list as it is now; `text` is null when it has not changed. */
export interface FetchedList extends Validators {
  readonly text: string | null;
}

/** Why a list cannot be had now. What was had before stays in force. */
export class ListError extends Error {}

/** Returns the list. Throws ListError. `stopped` ends the waiting for a server. */
export async function fetchList(settings: Blocklist, known: Validators | null,
  stopped?: AbortSignal): Promise<FetchedList> {
  if (settings.file !== '') return readListFile(settings, known);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const timer = setTimeout(end, lapiLimits.blocklistFetchMsMax);
  stopped?.addEventListener('abort', end);
  try {
    if (stopped?.aborted) end();
    return await fetchUrl(settings, known, ending.signal);
  } finally {
    clearTimeout(timer);
    stopped?.removeEventListener('abort', end);
  }
}

/** The state of a file on this host, in place of a server's Last-Modified; '' when there is none. */
export function fileMark(file: string): string {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats === undefined ? '' : markOf(stats);
}

function markOf({ mtimeMs, size }: Stats): string {
  return `${mtimeMs}/${size}`;
}

function readListFile({ file, bytesMax }: Blocklist, known: Validators | null): FetchedList {
  try {
    const stats = statSync(file);
    const { size } = stats;
    if (size > bytesMax) throw new ListError(`${file} has ${size} bytes, at most ${bytesMax} are read`);
    const lastModified = markOf(stats);
    return { text: known?.lastModified === lastModified ? null : readFileSync(file, 'utf8'), etag: '', lastModified };
  } catch (error) {
    if (error instanceof ListError) throw error;
    throw new ListError(`cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}

async function fetchUrl(settings: Blocklist, known: Validators | null, signal: AbortSignal): Promise<FetchedList> {
  try {
    let url = new URL(settings.url);
    for (let redirects = 0; redirects <= lapiLimits.blocklistRedirectsMax; redirects++) {
      const response = await fetch(url, { redirect: 'manual', signal, headers: conditionsOf(known) });
      const target = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || response.status === 304 || target === null) {
        return await readAnswer(response, settings, known);
      }
      await response.body?.cancel();
      url = redirected(url, target, settings);
    }
    throw new ListError(`more than ${lapiLimits.blocklistRedirectsMax} redirects`);
  } catch (error) {
    if (error instanceof ListError) throw error;
    const { message, cause } = error as Error;
    throw new ListError(signal.aborted ? 'no whole answer in time'
      : cause instanceof Error && cause.message !== '' ? `${message}: ${cause.message}` : message, { cause: error });
  }
}

function conditionsOf(known: Validators | null): Record<string, string> {
  return { 'user-agent': `palisade/${version}`, accept: 'text/plain, text/csv, */*;q=0.5',
    ...(known?.etag && { 'if-none-match': known.etag }),
    ...(known?.lastModified && { 'if-modified-since': known.lastModified }) };
}

function redirected(from: URL, target: string, { allowsHttp }: Blocklist): URL {
  if (!URL.canParse(target, from)) throw new ListError(`redirected to "${target}", which is no URL`);
  const url = new URL(target, from);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && allowsHttp)) return url;
  throw new ListError(`redirected from ${from.protocol}// to ${url.protocol}//, which is not followed`);
}

async function readAnswer(response: Response, { bytesMax }: Blocklist, known: Validators | null): Promise<FetchedList> {
  if (response.status === 304 && known !== null) {
    await response.body?.cancel();
    return { text: null, etag: known.etag, lastModified: known.lastModified };
  }
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new ListError(`the server answered ${response.status}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Breaking out of the loop ends the connection.
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > bytesMax) throw new ListError(`the list has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString('utf8'), etag: response.headers.get('etag') ?? '',
    lastModified: response.headers.get('last-modified') ?? '' };
}
