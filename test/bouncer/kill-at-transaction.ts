// Preloaded into a bouncer's process by a test (`--import`): kills it, as `kill -9` would, in place of one transaction
// with the kernel. PALISADE_KILL_AT is its number, from 1.

import { loadNftablesAddon, type NftConnection } from '../../native/index.js';

const addon = loadNftablesAddon() as { Connection: ReturnType<typeof loadNftablesAddon>['Connection'] };
let left = Number(process.env['PALISADE_KILL_AT']);

addon.Connection = class extends addon.Connection {
  override commit(bytes: Uint8Array, messageCount: number): ReturnType<NftConnection['commit']> {
    if (--left === 0) process.kill(process.pid, 'SIGKILL');
    return super.commit(bytes, messageCount);
  }
};
