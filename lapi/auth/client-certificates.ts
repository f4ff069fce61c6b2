// Whom a client certificate lets in: its chain was verified by the TLS layer, it is current, nothing in the chain is
// revoked, and one of its organizational units is allowed for the role. Rows of machines and bouncers are not made here.

import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { RevocationList } from './revocation-list.js';

/** What a client wants to be. */
export type CertificateRole = 'machine' | 'bouncer';

/** What is asked of certificates. */
export interface CertificateRules {
  /** Whether the TLS layer checks chains at all; otherwise no certificate opens a door. */
  readonly isVerified: boolean;
  /** Organizational units by role. */
  readonly allowedUnits: Readonly<Record<CertificateRole, readonly string[]>>;
  /** null: nothing is revoked. */
  readonly revocations: RevocationList | null;
}

/** A certificate that was shown and does not let its holder in; the message says why, for the log. */
export class CertificateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CertificateError';
  }
}

/** What is read of a chain once, for all requests of a connection. */
interface Shown {
  readonly name: string;
  readonly units: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  /** From the leaf to below the root, DER. */
  readonly chain: readonly Buffer[];
  readonly isWhole: boolean;
}

/** Longest chain that is looked at; OpenSSL itself stops at 100. */
const chainLengthMax = 100;

/** Reads and judges the certificates of requests. */
export class ClientCertificates {
  readonly #rules: CertificateRules;
  readonly #nowMs: () => number;
  readonly #shown = new WeakMap<object, Shown | null>();

  constructor(rules: CertificateRules, nowMs: () => number) {
    this.#rules = rules;
    this.#nowMs = nowMs;
  }

  /** Whether a request came with a certificate. */
  isShown(request: IncomingMessage): boolean {
    return this.#read(request) !== null;
  }

  /** The common name in the certificate of a request, or null when it has none. Throws a CertificateError. */
  nameOf(request: IncomingMessage, role: CertificateRole): string | null {
    const shown = this.#read(request);
    if (shown === null) return null;
    const { isVerified, allowedUnits, revocations } = this.#rules;
    const nowMs = this.#nowMs();
    const fail = (why: string): never => {
      throw new CertificateError(`client certificate of "${shown.name}": ${why}`);
    };
    if (!isVerified || !(request.socket as TLSSocket).authorized) fail('no verified certificate in request');
    if (nowMs > shown.toMs) fail('it has expired');
    if (nowMs < shown.fromMs) fail('it is not valid yet');
    if (!shown.units.some((unit) => allowedUnits[role].includes(unit))) {
      fail(`its organizational units [${shown.units.join(', ')}] are not among those of ${role}s [${
        allowedUnits[role].join(', ')}]`);
    }
    if (revocations !== null && !shown.isWhole) fail('its chain of issuers cannot be followed');
    if (revocations !== null && shown.chain.some((certificate) => revocations.isRevoked(certificate, nowMs))) {
      fail('certificate revoked by CRL');
    }
    return shown.name === '' ? fail('it has no common name') : shown.name;
  }

  #read(request: IncomingMessage): Shown | null {
    const socket = request.socket as TLSSocket;
    let shown = this.#shown.get(socket);
    if (shown === undefined) {
      shown = typeof socket.getPeerCertificate === 'function' ? read(socket.getPeerCertificate(true)) : null;
      this.#shown.set(socket, shown);
    }
    return shown;
  }
}

function read(leaf: DetailedPeerCertificate): Shown | null {
  if (leaf?.raw === undefined) return null;
  const chain: Buffer[] = [];
  let at = leaf;
  // The root names itself as its issuer.
  while (at?.raw !== undefined && at.issuerCertificate !== at && chain.length < chainLengthMax) {
    chain.push(at.raw);
    at = at.issuerCertificate;
  }
  const certificate = new X509Certificate(leaf.raw);
  // Of several common names the last one counts, as in Go.
  const names = texts(leaf.subject?.CN);
  return { name: names[names.length - 1] ?? '', units: texts(leaf.subject?.OU), chain, isWhole: at?.raw !== undefined,
    fromMs: Date.parse(certificate.validFrom), toMs: Date.parse(certificate.validTo) };
}

function texts(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}
