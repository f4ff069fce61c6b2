// How a configuration reaches a database server: unix socket or network, with and without TLS, whose certificates are
// believed. Each case is a db_config as an administrator writes it.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { IncomingAlert } from '../../../lapi/store/prepared-alert.js';
import { openStore, type Store } from '../../../lapi/store/store.js';
import { loadConfig } from '../../../ts/config/config.js';
import { freePort } from '../../support/free-port.js';
import { skipWithoutOpenssl, TestAuthority, type TestCertificate } from '../certificates.js';
import { alertBody } from '../instance.js';
import { securedServers } from './secured-servers.js';

type Keys = Readonly<Record<string, string | number | undefined>>;

for (const server of securedServers()) describe(`connections to ${server.name}`, { skip: server.skip || skipWithoutOpenssl }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'palisade-connections-'));
  const password = randomBytes(12).toString('hex');
  let authority: TestAuthority;
  let strangers: TestAuthority;
  let client: TestCertificate;
  before(async () => {
    authority = new TestAuthority(join(folder, 'authority'));
    strangers = new TestAuthority(join(folder, 'strangers'));
    client = authority.issue('client', '/CN=certified');
    await server.start(authority, password);
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  /** Opens the store of a configuration with these keys and returns it with the cipher of its connections. */
  const open = async (keys: Keys): Promise<{ store: Store; cipher: string }> => {
    const file = join(folder, 'config.yaml');
    const all: Keys = { type: server.type, user: 'palisade', password, db_name: 'crowdsec', ...keys };
    const lines = Object.entries(all).filter(([, value]) => value !== undefined).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
    writeFileSync(file, `config_paths: {config_dir: ${folder}, data_dir: ${folder}}\ndb_config:\n${lines.join('\n')}\n`);
    const store = await openStore(loadConfig(file).database!);
    const { rows: [{ cipher }] } = await sql<{ cipher: string }>`${sql.raw(server.cipherQuery)}`.execute(store.db);
    return { store, cipher };
  };
  const network = (changes: Keys): Keys => ({ host: '127.0.0.1', port: server.port, ...changes });
  const authorityFile = (): Keys => ({ ssl_ca_cert: authority.caFile });
  const certificate = (): Keys => ({ ssl_client_cert: client.certFile, ssl_client_key: client.keyFile });

  const opened: [what: string, keys: () => Keys, isEncrypted: boolean][] = [
    ['sslmode require, without an authority', () => network({ sslmode: 'require' }), true],
    ['sslmode require and the right authority', () => network({ sslmode: 'require', ...authorityFile() }), true],
    ['sslmode verify-ca', () => network({ sslmode: 'verify-ca', ...authorityFile() }), true],
    ['sslmode verify-ca and an address that the certificate does not name', () => network({ host: '127.0.0.2', sslmode: 'verify-ca', ...authorityFile() }), true],
    ['sslmode verify-full', () => network({ sslmode: 'verify-full', ...authorityFile() }), true],
    ['an authority alone', () => network(authorityFile()), true],
    ['a client certificate, for who must show one', () => network({ user: 'certified', sslmode: 'verify-full', ...authorityFile(), ...certificate() }), true],
    ['a single connection', () => network({ sslmode: 'verify-full', max_open_conns: 1, ...authorityFile() }), true],
    ['the unix socket', () => ({ db_path: server.socket }), false],
    ...server.name === 'PostgreSQL' ? [
      ['the unix socket, which has no TLS, with sslmode', () => ({ db_path: server.socket, sslmode: 'verify-full', ...authorityFile() }), false],
      ['sslmode prefer', () => network({ sslmode: 'prefer' }), true], ['no sslmode', () => network({}), true],
    ] as [string, () => Keys, boolean][] : [],
  ];
  for (const [what, keys, isEncrypted] of opened) {
    test(`${what}: is open, ${isEncrypted ? 'encrypted' : 'as it is'}, and works`, async () => {
      const { store, cipher } = await open(keys());
      assert.equal(cipher !== '', isEncrypted);
      const { ids } = await store.alerts.add(null, [alertBody({ decisions: [{ origin: 'o', type: 'ban', scope: 'Ip', value: '192.0.2.1', scenario: 's', duration: '4h' }] }) as
        unknown as IncomingAlert]);
      const [one, other] = await Promise.all([store.alerts.get(ids[0]), store.alerts.count()]);
      assert.equal(one!.decisions.length, 1);
      assert.ok(other > 0);
      await store.close();
    });
  }

  const refused: [what: string, keys: () => Keys, code: string, message: RegExp][] = [
    ['an authority that did not sign, with verify-full', () => network({ sslmode: 'verify-full', ssl_ca_cert: strangers.caFile }), 'E_STORE', /certificate/],
    ['an authority that did not sign, with verify-ca', () => network({ sslmode: 'verify-ca', ssl_ca_cert: strangers.caFile }), 'E_STORE', /certificate/],
    ['an authority that did not sign, with require', () => network({ sslmode: 'require', ssl_ca_cert: strangers.caFile }), 'E_STORE', /certificate/],
    ['an authority that did not sign, alone', () => network({ ssl_ca_cert: strangers.caFile }), 'E_STORE', /certificate/],
    ['the authorities of the system, with verify-full', () => network({ sslmode: 'verify-full' }), 'E_STORE', /certificate/],
    ['an address that the certificate does not name, with verify-full', () => network({ host: '127.0.0.2', sslmode: 'verify-full', ...authorityFile() }), 'E_STORE', /127\.0\.0\.2/],
    ['no TLS', () => network({ sslmode: 'disable' }), 'E_STORE', /no encryption|Connections using insecure transport|Access denied/],
    ['no certificate, for who must show one', () => network({ user: 'certified', sslmode: 'require' }), 'E_STORE', /client certificate|Access denied/],
    ['a certificate of strangers', () => {
      const { certFile, keyFile } = strangers.issue('stranger', '/CN=certified');
      return network({ user: 'certified', sslmode: 'require', ssl_client_cert: certFile, ssl_client_key: keyFile });
    }, 'E_STORE', /unknown ca|certificate|Access denied|closed|ECONNRESET/i],
    ['a wrong password', () => network({ sslmode: 'require', password: 'wrong' }), 'E_STORE', /password|Access denied/],
    ['a wrong password on the unix socket', () => ({ db_path: server.socket, password: 'wrong' }), 'E_STORE', /password|Access denied/],
    ['an unknown sslmode', () => network({ sslmode: 'maybe' }), 'E_CONFIG', /db_config\.sslmode: unknown mode 'maybe'/],
    ['a file that is not there', () => network({ sslmode: 'verify-ca', ssl_ca_cert: '/no/such.pem' }), 'E_FILE', /TLS files of db_config: ENOENT/],
  ];
  for (const [what, keys, code, message] of refused) {
    test(`${what}: is refused, and says why`, async () => {
      await assert.rejects(open(keys()), (error: Error & { code: string }) => {
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  test('a server that is not there is an error that names it', async () => {
    await assert.rejects(open(network({ port: await freePort() })), { code: 'E_STORE', message: /cannot use the database 127\.0\.0\.1: .*ECONNREFUSED/ });
  });
});
