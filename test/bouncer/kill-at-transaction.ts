// Preloaded into a bouncer's process by a test (`--import`): kills it, as `kill -9` would, in place of one transaction
// with the kernel, message to ipset or start of a program. PALISADE_KILL_AT is its number, from 1.

import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { loadNftablesAddon, type NftConnection } from '../../native/index.js';

const addon = loadNftablesAddon() as { Connection: ReturnType<typeof loadNftablesAddon>['Connection'] };
let left = Number(process.env['PALISADE_KILL_AT']);

function step(): void {
  if (--left === 0) process.kill(process.pid, 'SIGKILL');
}

addon.Connection = class extends addon.Connection {
  override commit(bytes: Uint8Array, messageCount: number): ReturnType<NftConnection['commit']> {
    step();
    return super.commit(bytes, messageCount);
  }

  override putIpset(...args: Parameters<NftConnection['putIpset']>): ReturnType<NftConnection['putIpset']> {
    step();
    return super.putIpset(...args);
  }
};

const { spawn } = childProcess;
childProcess.spawn = ((...args: Parameters<typeof spawn>) => {
  step();
  return spawn(...args);
}) as typeof spawn;
syncBuiltinESMExports();
