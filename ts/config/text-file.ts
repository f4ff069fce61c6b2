// Reads files that a user names, and says of one that cannot be read what the operating system says.

import { readFileSync } from 'node:fs';
import { PalisadeError } from '../errors.js';

/** Returns the text of a file. Throws E_FILE in the words of the operating system, with the name the user gave it. */
export function readText(file: string, shown = file): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reasons: Record<string, string> = { ENOENT: 'no such file or directory', EACCES: 'permission denied',
      EISDIR: 'is a directory' };
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new PalisadeError('E_FILE', `open ${shown}: ${reasons[code] ?? (error as Error).message}`, undefined,
      { cause: error });
  }
}
