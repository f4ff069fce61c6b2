// A file of certificate revocation lists (RFC 5280, PEM): which serial numbers of which issuer are revoked. The file is
// read again when it changed. Whose certificate it is and what follows is client-certificates.ts.

import { readFileSync, statSync } from 'node:fs';
import { AsnConvert } from '@peculiar/asn1-schema';
import { Certificate, CertificateList, type Name } from '@peculiar/asn1-x509';
import { PalisadeError } from '../../ts/errors.js';
import { lapiLimits } from '../limits.js';

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
    const { issuer, serialNumber } = AsnConvert.parse(certificate, Certificate).tbsCertificate;
    return this.#loaded.revoked.get(keyOf(issuer))?.has(hexOf(serialNumber)) === true;
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
    const name = `${file}, list ${index + 1}`;
    addList(parse(Buffer.from(base64, 'base64'), name), revoked, name, nowMs, remarks);
  }
  return { revoked, remarks, version };
}

function parse(bytes: Buffer, name: string): CertificateList {
  try {
    return AsnConvert.parse(bytes, CertificateList);
  } catch (error) {
    throw new PalisadeError('E_CONFIG', `${name}: ${(error as Error).message}`, undefined, { cause: error });
  }
}

/** Adds the revoked serial numbers of one list. An old or future list counts all the same, with a remark. */
function addList({ tbsCertList: list }: CertificateList, revoked: Map<string, Set<string>>, name: string, nowMs: number,
  remarks: string[]): void {
  if (list.thisUpdate.getTime().getTime() > nowMs) remarks.push(`${name} is not valid yet`);
  if (list.nextUpdate !== undefined && list.nextUpdate.getTime().getTime() < nowMs) remarks.push(`${name} has expired`);
  const key = keyOf(list.issuer);
  const serials = revoked.get(key) ?? new Set();
  revoked.set(key, serials);
  for (const { userCertificate } of list.revokedCertificates ?? []) serials.add(hexOf(userCertificate));
}

function keyOf(issuer: Name): string {
  return hexOf(AsnConvert.serialize(issuer));
}

function hexOf(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('hex');
}

function versionOf(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return `${size} ${mtimeMs}`;
}
