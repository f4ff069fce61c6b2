// What the backends share of netlink: connections whose failures are BackendErrors, and the cutting of known connections
// on a socket of its own. conntrack is the same whichever packet filter asks.

import { readFileSync } from 'node:fs';
import type { NftablesAddon, NftConnection } from '../../native/index.js';
import { BackendError } from '../backend.js';
import type { ElementList } from '../element-list.js';
import { families, type FamilyNumber } from '../family.js';
import { bouncerLimits } from '../limits.js';

/** Opens a connection. Throws a BackendError when netlink is out of reach. */
export function connectNetlink(addon: NftablesAddon): NftConnection {
  return guard(() => new addon.Connection(bouncerLimits.netlinkReceiveBytes, bouncerLimits.netlinkSendBytes));
}

/** What `make` returns; its failure is a BackendError. */
export function guard<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new BackendError((error as Error).message, { cause: error });
  }
}

/** What the kernel answers; its failure is a BackendError. */
export async function asking<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new BackendError((error as Error).message, { cause: error });
  }
}

/** The known connections of banned addresses. One request at a time. */
export class ConntrackCutter {
  readonly #addon: NftablesAddon;
  /** Made on first use: cutting goes on beside transactions. */
  #connection: NftConnection | null = null;

  constructor(addon: NftablesAddon) {
    this.#addon = addon;
  }

  /** Forgets the connections from the addresses; resolves to how many. Throws a BackendError. */
  async cut(family: FamilyNumber, { count, first, last }: ElementList): Promise<number> {
    if (!hasConnections()) return 0;
    this.#connection ??= connectNetlink(this.#addon);
    return asking(this.#connection.cutConnections(families[family].protocol, count, first, last ?? first));
  }

  close(): void {
    this.#connection?.close();
  }
}

/** False when the kernel knows of no connection; walking its table would take it 10 ms to find none. */
function hasConnections(): boolean {
  try {
    return readFileSync('/proc/sys/net/netfilter/nf_conntrack_count', 'latin1').trim() !== '0';
  } catch {
    return true;
  }
}
