// The version of this program, read from package.json once.

import { readFileSync } from 'node:fs';

const packageFile = new URL('../../package.json', import.meta.url);

/** `v0.1.0`. */
export const version = `v${(JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }).version}`;
