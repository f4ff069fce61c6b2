// A file of certificate revocation lists (RFC 5280, PEM): which serial numbers of which issuer are revoked. The file is
// read again when it changed. Whose certificate it is and what follows is client-certificates.ts.

import { readFileSync, statSync } from 'node:fs';
import { PalisadeError } from '../../ts/errors.js';
import { lapiLimits } from '../limits.js';
import { childOf, childrenOf, DerError, derTags, hexOf, integerHex, readElement, readTime,
  type DerElement } from './der.js';

/** Serial numbers by the name of their issuer, both as hexadecimal digits. */
type Revoked = ReadonlyMap<string, ReadonlySet<string>>;

interface Loaded {
  readonly revoked: Revoked;
  readonly remarks: readonly string[];
  /** Size and time of change, to see that the file is another one. */
  readonly version: string;
}

/** One file, followed. */
export class RevocationList {
  readonly #file: string;
  readonly #warn: (text: string) => void;
  #loaded: Loaded;
  #lookedAtMs: number;

  /** Throws E_FILE when the file cannot be read, E_CONFIG when there is no list in it. */
  constructor(file: string, nowMs: number, warn: (text: string) => void) {
    this.#file = file;
    this.#warn = warn;
    this.#loaded = load(file, nowMs);
    this.#lookedAtMs = nowMs;
    this.#loaded.remarks.forEach(warn);
  }

  /** Whether a certificate (DER) is on a list of its issuer. */
  isRevoked(certificate: Buffer, nowMs: number): boolean {
    this.#refresh(nowMs);
    const { issuer, serial } = issuerAndSerial(certificate);
    return this.#loaded.revoked.get(issuer)?.has(serial) === true;
  }

  /** Looks at the file every few seconds. One that cannot be read leaves the old list in force. */
  #refresh(nowMs: number): void {
    if (Math.abs(nowMs - this.#lookedAtMs) < lapiLimits.revocationLookMs) return;
    this.#lookedAtMs = nowMs;
    try {
      if (versionOf(this.#file) === this.#loaded.version) return;
      this.#loaded = load(this.#file, nowMs);
      this.#loaded.remarks.forEach(this.#warn);
    } catch (error) {
      this.#warn(`${(error as Error).message}; the revocation list read before stays in force`);
    }
  }
}

function load(file: string, nowMs: number): Loaded {
  let version: string;
  let text: string;
  try {
    version = versionOf(file);
    text = readFileSync(file, 'latin1');
  } catch (error) {
    throw new PalisadeError('E_FILE', `cannot read the revocation list ${file}: ${(error as Error).message}`, undefined,
      { cause: error });
  }
  const revoked = new Map<string, Set<string>>();
  const remarks: string[] = [];
  const blocks = [...text.matchAll(/-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g)];
  if (blocks.length === 0) throw new PalisadeError('E_CONFIG', `${file}: there is no revocation list in PEM form`);
  for (const [index, [, base64]] of blocks.entries()) {
    try {
      readList(Buffer.from(base64, 'base64'), revoked, `${file}, list ${index + 1}`, nowMs, remarks);
    } catch (error) {
      if (!(error instanceof DerError)) throw error;
      throw new PalisadeError('E_CONFIG', `${file}, list ${index + 1}: ${error.message}`);
    }
  }
  return { revoked, remarks, version };
}

/** Adds the revoked serial numbers of one list. An old or future list counts all the same, with a remark. */
function readList(bytes: Buffer, revoked: Map<string, Set<string>>, name: string, nowMs: number,
  remarks: string[]): void {
  const body = childOf(bytes, readElement(bytes, 0), 0);
  const fields = childrenOf(bytes, body);
  if (fields[0]?.tag === derTags.integer) fields.shift();
  const [, issuer, thisUpdate, ...rest] = fields;
  if (issuer === undefined || thisUpdate === undefined) throw new DerError(body.start);
  if (readTime(bytes, thisUpdate) > nowMs) remarks.push(`${name} is not valid yet`);
  const isTime = ({ tag }: DerElement): boolean => tag === derTags.utcTime || tag === derTags.generalTime;
  if (rest[0] !== undefined && isTime(rest[0])) {
    if (readTime(bytes, rest[0]) < nowMs) remarks.push(`${name} has expired`);
    rest.shift();
  }
  const key = hexOf(bytes, issuer);
  const serials = revoked.get(key) ?? new Set();
  revoked.set(key, serials);
  if (rest[0]?.tag !== derTags.sequence) return;
  for (const entry of childrenOf(bytes, rest[0])) serials.add(integerHex(bytes, childOf(bytes, entry, 0)));
}

function issuerAndSerial(certificate: Buffer): { readonly issuer: string; readonly serial: string } {
  const body = childOf(certificate, readElement(certificate, 0), 0);
  // A version stands first, in brackets of its own, except in the oldest form.
  const first = childOf(certificate, body, 0).tag === derTags.integer ? 0 : 1;
  return { issuer: hexOf(certificate, childOf(certificate, body, first + 2)),
    serial: integerHex(certificate, childOf(certificate, body, first)) };
}

function versionOf(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return `${size} ${mtimeMs}`;
}
