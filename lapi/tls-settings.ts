// The section api.server.tls read and checked: what the TLS layer is given, and whom a client certificate lets in.

import { readFileSync } from 'node:fs';
import { createSecureContext, type TlsOptions } from 'node:tls';
import type { ServerConfig } from '../ts/config/config.js';
import type { Log } from '../ts/config/log.js';
import { PalisadeError } from '../ts/errors.js';
import { ClientCertificates } from './auth/client-certificates.js';
import { RevocationList } from './auth/revocation-list.js';

/** What listening with TLS needs. */
export interface TlsSettings {
  readonly options: TlsOptions;
  /** Closes connections that show a certificate which cannot be verified. */
  readonly refusesUnverified: boolean;
  /** Closes connections that show none. */
  readonly refusesWithout: boolean;
  /** null: certificates are not asked for. */
  readonly certificates: ClientCertificates | null;
}

interface Verification {
  readonly isAsked: boolean;
  readonly isVerified: boolean;
  readonly isRequired: boolean;
}

/** Go's names. Only a verified certificate says who somebody is. */
const verifications: Readonly<Record<string, Verification>> = {
  NoClientCert: { isAsked: false, isVerified: false, isRequired: false },
  RequestClientCert: { isAsked: true, isVerified: false, isRequired: false },
  RequireAnyClientCert: { isAsked: true, isVerified: false, isRequired: true },
  VerifyClientCertIfGiven: { isAsked: true, isVerified: true, isRequired: false },
  RequireAndVerifyClientCert: { isAsked: true, isVerified: true, isRequired: true },
};

/** Where systems keep the certificates they trust; the first that is there counts. */
const systemBundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem', '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', '/etc/ssl/cert.pem'];

/** Reads the section with its files. Returns null when there is none. Throws E_CONFIG and E_FILE. */
export function readTlsSettings(section: ServerConfig['tls'], nowMs: () => number, log: Log): TlsSettings | null {
  if (section === null) return null;
  if (!section.key_file) throw new PalisadeError('E_CONFIG', 'missing TLS key file');
  if (!section.cert_file) throw new PalisadeError('E_CONFIG', 'missing TLS cert file');
  const units = [section.agents_allowed_ou ?? [], section.bouncers_allowed_ou ?? []];
  if (units.flat().includes('')) {
    throw new PalisadeError('E_CONFIG', 'allowed_ou configuration contains invalid empty string');
  }
  const name = section.client_verification || 'VerifyClientCertIfGiven';
  if (!Object.hasOwn(verifications, name)) {
    throw new PalisadeError('E_CONFIG', `unknown TLS client_verification value: ${name} (it must be one of ${
      Object.keys(verifications).join(', ')})`);
  }
  const verification = verifications[name];
  const revocations = section.crl_path && verification.isAsked
    ? new RevocationList(section.crl_path, nowMs(), (text) => log.warning(text)) : null;
  const options: TlsOptions = { cert: read(section.cert_file), key: read(section.key_file), minVersion: 'TLSv1.2',
    requestCert: verification.isAsked, rejectUnauthorized: false,
    ...(verification.isVerified && { ca: [...systemCertificates(),
      ...(section.ca_cert_path ? [read(section.ca_cert_path)] : [])] }) };
  checkFiles(options);
  return {
    options,
    refusesUnverified: verification.isVerified, refusesWithout: verification.isRequired,
    certificates: verification.isAsked ? new ClientCertificates({ isVerified: verification.isVerified, revocations,
      allowedUnits: { machine: units[0], bouncer: units[1] } }, nowMs) : null,
  };
}

/** What the listener would say only when it is made. */
function checkFiles(options: TlsOptions): void {
  try {
    createSecureContext(options);
  } catch (error) {
    throw new PalisadeError('E_CONFIG', `cannot use the TLS files: ${(error as Error).message}`, undefined,
      { cause: error });
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new PalisadeError('E_FILE', `cannot read the TLS files: ${(error as Error).message}`, undefined,
      { cause: error });
  }
}

function systemCertificates(): Buffer[] {
  for (const file of [process.env['SSL_CERT_FILE'] ?? '', ...systemBundles]) {
    if (file === '') continue;
    try {
      return [readFileSync(file)];
    } catch {
      // A system without this file keeps them elsewhere, or trusts nobody.
    }
  }
  return [];
}
