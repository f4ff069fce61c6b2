// Reads values that a Go program recorded: what Go's own packages answered to inputs of ours, one case a line.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/shared.js';

/** The cases of a file below test/, as rows of a table. */
export function recorded<Row>(path: string): Row[] {
  return JSON.parse(readFileSync(join(projectRoot, 'test', path), 'utf8')) as Row[];
}
