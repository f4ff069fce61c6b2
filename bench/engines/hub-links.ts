// The items of a hub in an instance, as crowdsec's own hub commands install them: links by stage or kind.

import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Links items (paths below `hubDir`, author included) into a configuration folder; one that stands there stays. */
export function linkItems(hubDir: string, items: readonly string[], etc: string): void {
  for (const item of items) {
    const target = join(etc, dirname(dirname(item)), basename(item));
    mkdirSync(dirname(target), { recursive: true });
    if (!existsSync(target)) symlinkSync(join(hubDir, item), target);
  }
}
