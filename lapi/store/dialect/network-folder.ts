// Whether a folder lies on a network file system, where SQLite's write-ahead log does not work: its shared memory is
// shared on one host only.

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** File system numbers of statfs(2): NFS, SMB, SMB2, CIFS, AFS, Ceph, Coda, 9p, FUSE (sshfs and the like). */
const networkTypes = new Set([0x6969, 0x517b, 0xfe534d42, 0xff534d42, 0x5346414f, 0x00c36400, 0x73757245, 0x01021997,
  0x65735546]);

/** Returns true when the folder of a file is on such a file system, false when it is not or cannot be asked. */
export function isOnNetwork(file: string): boolean {
  try {
    return networkTypes.has(statfsSync(dirname(file)).type);
  } catch {
    return false;
  }
}
