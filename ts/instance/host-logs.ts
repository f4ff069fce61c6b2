// Finds the logs of this host that Palisade has parsers for.

import { closeSync, existsSync, openSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** One group of log files of a type. */
export interface HostLog {
  /** Glob or path as it goes into acquis.yaml: files that appear later are watched too. */
  readonly pattern: string;
  /** Files there now, readable by us. */
  readonly files: readonly string[];
  /** Files there now that this user may not read. */
  readonly unreadable: readonly string[];
  /** Label `type`. */
  readonly type: string;
  /** Collection of the embedded hub that reads them. */
  readonly collection: string;
}

const places = [
  { pattern: 'auth.log', type: 'syslog', collection: 'palisade/linux' },
  { pattern: 'secure', type: 'syslog', collection: 'palisade/linux' },
  { pattern: 'syslog', type: 'syslog', collection: 'palisade/linux' },
  { pattern: 'nginx/*.log', type: 'nginx', collection: 'palisade/nginx' },
  { pattern: 'apache2/*.log', type: 'apache2', collection: 'palisade/apache2' },
  { pattern: 'httpd/*_log', type: 'apache2', collection: 'palisade/apache2' },
] as const;

/** Returns the known logs below a folder (/var/log), those with at least one file. */
export function findHostLogs(folder: string): HostLog[] {
  return places.map(({ pattern, type, collection }) => {
    const found = matching(join(folder, pattern));
    return { pattern: join(folder, pattern), type, collection,
      files: found.filter(isReadable), unreadable: found.filter((file) => !isReadable(file)) };
  }).filter(({ files, unreadable }) => files.length + unreadable.length > 0);
}

/** Files matching a path whose last part may hold one `*`. */
function matching(pattern: string): string[] {
  const folder = dirname(pattern);
  const [before, after] = basename(pattern).split('*');
  if (after === undefined) return existsSync(pattern) && statSync(pattern).isFile() ? [pattern] : [];
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.startsWith(before) && name.endsWith(after)).sort()
    .map((name) => join(folder, name)).filter((file) => statSync(file).isFile());
}

function isReadable(file: string): boolean {
  try {
    closeSync(openSync(file, 'r'));
    return true;
  } catch {
    return false;
  }
}
