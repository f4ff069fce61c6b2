// A certificate authority for tests, by the openssl program: leaves with organizational units, intermediates, lists of
// what was revoked. Everything lies in a folder that the test removes.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Reason to skip what needs certificates, or false. */
export const skipWithoutOpenssl: string | false = hasOpenssl() ? false : 'the package openssl is not installed';

/** Files and bytes of a certificate with its key. */
export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

const config = (folder: string): string => `[ca]
default_ca = own
[own]
dir = ${folder}
database = ${folder}/index.txt
serial = ${folder}/serial
new_certs_dir = ${folder}
certificate = ${folder}/ca.pem
private_key = ${folder}/ca.key
default_md = sha256
default_days = 2
default_crl_days = 2
policy = any
unique_subject = no
[any]
commonName = optional
organizationalUnitName = optional
[leaf]
basicConstraints = CA:FALSE
subjectAltName = IP:127.0.0.1,DNS:localhost
[authority]
basicConstraints = critical,CA:TRUE
`;

/** An authority, self-signed or below another one. */
export class TestAuthority {
  readonly #folder: string;
  readonly #above: string;

  constructor(folder: string, above?: TestAuthority) {
    this.#folder = folder;
    mkdirSync(folder);
    writeFileSync(join(folder, 'index.txt'), '');
    // Serial numbers of different authorities are the same ones, so that only the issuer tells them apart.
    writeFileSync(join(folder, 'serial'), '1000\n');
    writeFileSync(join(folder, 'openssl.cnf'), config(folder));
    this.#above = above === undefined ? '' : above.chain;
    if (above === undefined) {
      openssl(folder, 'req', '-x509', ...newKey('ca'), '-out', 'ca.pem', '-days', '2', '-subj', `/CN=authority ${basename(folder)}`,
        '-addext', 'basicConstraints=critical,CA:TRUE');
    } else above.#sign(join(folder, 'ca'), `/CN=authority ${basename(folder)}`, 'authority');
  }

  get caFile(): string {
    return join(this.#folder, 'ca.pem');
  }

  /** Its own certificate and those above it but the root. */
  get chain(): string {
    return this.#above === '' ? readFileSync(this.caFile, 'utf8') : readFileSync(this.caFile, 'utf8') + this.#above;
  }

  /** Issues a certificate; `dates` as openssl takes them. It is valid since long ago, for a test's clock may stand still. */
  issue(name: string, subject: string, dates: readonly string[] = ['-startdate', '20200101000000Z']): TestCertificate {
    const path = join(this.#folder, name);
    this.#sign(path, subject, 'leaf', dates);
    const cert = Buffer.from(readFileSync(`${path}.pem`, 'utf8') + this.chain);
    writeFileSync(`${path}.pem`, cert);
    return { certFile: `${path}.pem`, keyFile: `${path}.key`, cert, key: readFileSync(`${path}.key`) };
  }

  /** Revokes certificates and returns the list, PEM. */
  revoke(files: readonly string[], dates: readonly string[] = []): string {
    for (const file of files) this.#ca('-revoke', file);
    this.#ca('-gencrl', '-out', 'list.pem', ...dates);
    return readFileSync(join(this.#folder, 'list.pem'), 'utf8');
  }

  #sign(path: string, subject: string, extensions: string, dates: readonly string[] = []): void {
    openssl(this.#folder, 'req', ...newKey(path), '-out', `${path}.csr`, '-subj', subject);
    this.#ca('-in', `${path}.csr`, '-out', `${path}.pem`, '-notext', '-preserveDN', '-extensions', extensions, ...dates);
  }

  #ca(...options: string[]): void {
    openssl(this.#folder, 'ca', '-batch', '-config', 'openssl.cnf', ...options);
  }
}

function newKey(path: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${path}.key`];
}

function openssl(cwd: string, ...options: string[]): void {
  execFileSync('openssl', options, { cwd, stdio: 'pipe' });
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
