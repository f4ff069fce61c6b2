// How a database server is reached: the keys of db_config that PostgreSQL and MySQL share, and the files they name.

import { readFileSync } from 'node:fs';
import { PalisadeError } from '../../../ts/errors.js';

/** The keys of db_config that reach a server. */
export interface ServerOptions {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly host: string;
  readonly port: number;
  /** Where there is neither host nor port: the unix socket, for PostgreSQL the folder that holds it. '' for none. */
  readonly socketPath: string;
  readonly connectionsMax: number;
  readonly ssl: SslOptions;
}

/** libpq's sslmode and the files that belong to it; '' where none is given. */
export interface SslOptions {
  readonly mode: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Texts of the files; undefined where none is given. Throws E_FILE. */
export function readTlsFiles({ caFile, certFile, keyFile }: SslOptions): { ca?: string; cert?: string; key?: string } {
  const read = (file: string): string | undefined => file === '' ? undefined : readFileSync(file, 'utf8');
  try {
    return { ca: read(caFile), cert: read(certFile), key: read(keyFile) };
  } catch (error) {
    throw new PalisadeError('E_FILE', `cannot read the TLS files of db_config: ${(error as Error).message}`, undefined,
      { cause: error });
  }
}
