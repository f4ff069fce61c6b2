// Debian's fail2ban as a peer for sshd lines: its own matcher (fail2ban-regex) with its own filter. It only matches; counting,
// banning and storing are not in the figure.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianPackage } from '../../test/support/debian-package.js';
import { type Cost, measure } from '../measured-process.js';

/** What one run of fail2ban-regex cost and how many lines it matched. */
export interface Match {
  readonly cost: Cost;
  readonly matched: number;
}

/** Runs fail2ban-regex with the sshd filter over a log, unpacking the package below `folder` first. Null when apt has none. */
export async function matchWithFail2ban(folder: string, log: string): Promise<Match | null> {
  const root = debianPackage('fail2ban', folder)?.root ?? null;
  if (root === null) return null;
  const out = join(folder, 'out');
  const etc = join(root, 'etc/fail2ban');
  const cost = await measure(['sh', '-c', `exec /usr/bin/python3 "$1" -c "$2" "$3" "$2/filter.d/sshd.conf" > "$4"`, 'sh',
    join(root, 'usr/bin/fail2ban-regex'), etc, log, out], { PYTHONPATH: join(root, 'usr/lib/python3/dist-packages') }, 600_000);
  const matched = /(\d+) matched/.exec(readFileSync(out, 'utf8'))?.[1];
  if (cost.exit !== 0 || matched === undefined) throw new Error(`fail2ban-regex exited ${cost.exit}\n${cost.stderr}`);
  return { cost, matched: Number(matched) };
}
