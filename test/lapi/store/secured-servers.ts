// Database servers as administrators run them: passwords, TLS alone on the network, and a user who has to show a
// certificate. PostgreSQL and MariaDB, each in a temporary folder, on a unix socket and a free port of loopback.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { freePort } from '../../support/free-port.js';
import type { TestAuthority } from '../certificates.js';
import { answering, asUser, end, mariadbProgram, programs, serverParent } from './databases.js';

/** Its users are `palisade` and, who needs a certificate, `certified`; its database is `crowdsec`. */
export interface SecuredServer {
  readonly name: string;
  /** As db_config names it. */
  readonly type: string;
  readonly skip: string | false;
  readonly port: number;
  /** db_path of a connection without host and port. */
  readonly socket: string;
  /** A query with one row, whose column `cipher` is not empty where the connection is encrypted. */
  readonly cipherQuery: string;
  start(authority: TestAuthority, password: string): Promise<void>;
  stop(): Promise<void>;
}

/** Returns all of them, not started. */
export function securedServers(): SecuredServer[] {
  return [new SecuredPostgres(), new SecuredMariadb()];
}

/** What the two have in common: a folder that their user owns, with the server's certificate in it. */
abstract class Secured {
  protected folder = '';
  protected as: readonly string[] = [];
  protected server: ChildProcess | null = null;
  port = 0;

  protected async prepare(user: string, authority: TestAuthority): Promise<void> {
    this.folder = mkdtempSync(join(serverParent(), 'palisade-secured-'));
    this.as = asUser(this.folder, user);
    this.port = await freePort();
    const { certFile, keyFile } = authority.issue('database', '/CN=database');
    for (const [from, name] of [[certFile, 'server.pem'], [keyFile, 'server.key'], [authority.caFile, 'ca.pem']]) {
      // Servers refuse a key of somebody else, or one that others may read: its copy is the server's own.
      copyFileSync(from, this.path(`${name}.given`));
      chmodSync(this.path(`${name}.given`), 0o644);
      this.runAs('install', '-m', '600', this.path(`${name}.given`), this.path(name));
    }
  }

  protected path(name: string): string {
    return join(this.folder, name);
  }

  protected runAs(...command: readonly string[]): void {
    const [program, ...options] = [...this.as, ...command];
    execFileSync(program, options, { stdio: 'pipe', cwd: this.folder });
  }

  protected spawnAs(...command: readonly string[]): ChildProcess {
    const [program, ...options] = [...this.as, ...command];
    return this.server = spawn(program, options, { stdio: 'ignore' });
  }
}

class SecuredPostgres extends Secured implements SecuredServer {
  readonly name = 'PostgreSQL';
  readonly type = 'postgres';
  readonly skip = programs() !== null ? false as const : "Debian's package postgresql is not installed";
  readonly cipherQuery = 'select coalesce(cipher, \'\') as cipher from pg_stat_ssl where pid = pg_backend_pid()';

  get socket(): string {
    return this.folder;
  }

  async start(authority: TestAuthority, password: string): Promise<void> {
    await this.prepare('postgres', authority);
    const data = this.path('data');
    this.runAs(join(programs()!, 'initdb'), '-D', data, '-A', 'trust', '-U', 'palisade', '--no-sync', '--no-locale', '-E', 'UTF8');
    const start = () => this.spawnAs(join(programs()!, 'postgres'), '-D', data, '-k', this.folder, '-p', String(this.port), '-c', 'listen_addresses=127.0.0.1,127.0.0.2',
      '-c', 'fsync=off', '-c', 'ssl=on', ...['cert_file=server.pem', 'key_file=server.key', 'ca_file=ca.pem'].flatMap((option) => {
        const [name, file] = option.split('=');
        return ['-c', `ssl_${name}=${this.path(file)}`];
      }));
    start();
    const run = async (text: string): Promise<void> => {
      const client = new pg.Client({ host: this.folder, port: this.port, user: 'palisade', database: 'postgres' });
      await client.connect();
      await client.query(text).finally(() => client.end());
    };
    await answering(this.server!, () => run(`alter user palisade password '${password}'`));
    await run(`create user certified superuser password '${password}'`);
    await run('create database crowdsec');
    await end(this.server, 'SIGINT');
    const rules = ['local all all scram-sha-256', 'hostssl all certified 127.0.0.0/8 scram-sha-256 clientcert=verify-ca', 'hostssl all palisade 127.0.0.0/8 scram-sha-256'];
    writeFileSync(join(data, 'pg_hba.conf'), `${rules.join('\n')}\n`);
    // Without a port a client looks for the usual one.
    symlinkSync(`.s.PGSQL.${this.port}`, this.path('.s.PGSQL.5432'));
    // Whatever it says to somebody without a password, it answers.
    await answering(start(), () => run('').catch((error: { code?: string }) => { if (error.code !== undefined && /^E/.test(error.code)) throw error; }));
  }

  async stop(): Promise<void> {
    await end(this.server, 'SIGINT');
    rmSync(this.folder, { recursive: true });
  }
}

class SecuredMariadb extends Secured implements SecuredServer {
  readonly name = 'MariaDB';
  readonly type = 'mysql';
  readonly skip = existsSync(mariadbProgram) ? false as const : "Debian's package mariadb-server is not installed";
  readonly cipherQuery = "select variable_value as cipher from information_schema.session_status where variable_name = 'SSL_CIPHER'";

  get socket(): string {
    return this.path('socket');
  }

  async start(authority: TestAuthority, password: string): Promise<void> {
    await this.prepare('nobody', authority);
    const data = this.path('data');
    this.runAs('mariadb-install-db', '--no-defaults', `--datadir=${data}`, `--tmpdir=${this.folder}`,
      '--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve');
    const server = this.spawnAs(mariadbProgram, '--no-defaults', `--datadir=${data}`, `--tmpdir=${this.folder}`,
      `--socket=${this.socket}`, `--pid-file=${this.path('pid')}`, `--port=${this.port}`,
      '--bind-address=127.0.0.1,127.0.0.2', '--skip-log-bin', '--skip-name-resolve', '--require-secure-transport=ON', `--ssl-cert=${this.path('server.pem')}`,
      `--ssl-key=${this.path('server.key')}`, `--ssl-ca=${this.path('ca.pem')}`);
    const run = async (...statements: readonly string[]): Promise<void> => {
      const connection = await createConnection({ socketPath: this.socket, user: 'root' });
      for (const statement of statements) await connection.query(statement);
      await connection.end();
    };
    await answering(server, () => run('select 1'));
    await run('create database crowdsec', ...['palisade', 'certified'].flatMap((user) => [
      `create user ${user}@'%' identified by '${password}' ${user === 'certified' ? 'require x509' : ''}`, `grant all on crowdsec.* to ${user}@'%'`]),
    `create user palisade@localhost identified by '${password}'`, 'grant all on crowdsec.* to palisade@localhost');
  }

  async stop(): Promise<void> {
    await end(this.server, 'SIGTERM');
    rmSync(this.folder, { recursive: true });
  }
}
