// The key that signs machine tokens: from the environment, or made once and kept in a file of the data folder, so that
// a restart does not log every machine out.

import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PalisadeError } from '../../ts/errors.js';

const secretBytes = 64;
const fileName = 'palisade-jwt.key';

/** Returns the signing key. Throws E_CONFIG for a short CS_LAPI_SECRET, E_FILE when the key cannot be kept. */
export function loadSecret(dataDir: string, environment: NodeJS.ProcessEnv = process.env): Buffer {
  const given = environment['CS_LAPI_SECRET'];
  if (given !== undefined && given !== '') {
    if (Buffer.byteLength(given) < secretBytes) {
      throw new PalisadeError('E_CONFIG', 'CS_LAPI_SECRET not strong enough: it must have at least 64 bytes');
    }
    return Buffer.from(given);
  }
  const file = join(dataDir, fileName);
  try {
    const kept = readFileSync(file);
    if (kept.length >= secretBytes) return kept;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unusable(file, error);
  }
  return keepNewSecret(file);
}

function keepNewSecret(file: string): Buffer {
  const secret = randomBytes(secretBytes);
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, secret, { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, file);
  } catch (error) {
    throw unusable(file, error);
  }
  return secret;
}

function unusable(file: string, error: unknown): PalisadeError {
  return new PalisadeError('E_FILE', `cannot keep the key of machine tokens in ${file}: ${(error as Error).message}`,
    undefined, { cause: error });
}
