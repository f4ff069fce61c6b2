// The nftables addon with something in the way: what a test does before each transaction, and what becomes of its bytes.
// The kernel stays the real one.

import { loadNftablesAddon, type NftablesAddon, type NftConnection } from '../../native/index.js';

/** What is done about a transaction; returns the bytes that are sent. */
export type Interference = (bytes: Uint8Array, messageCount: number) => Uint8Array;

/** The addon, with `interfere` called before each transaction. */
export function faultyAddon(interfere: Interference): NftablesAddon {
  const real = loadNftablesAddon();
  class Connection extends real.Connection {
    override commit(bytes: Uint8Array, messageCount: number): ReturnType<NftConnection['commit']> {
      return super.commit(interfere(bytes, messageCount), messageCount);
    }
  }
  return { Connection, Batch: real.Batch, Monitor: real.Monitor, decode: real.decode };
}

/** The addon, with one element on its way into or out of sets of ipset, counted from 0, made one that the kernel refuses. */
export function refusingAddon(element: number): { readonly addon: NftablesAddon; readonly seen: { elements: number; refusals: number } } {
  const real = loadNftablesAddon();
  const seen = { elements: 0, refusals: 0 };
  class Connection extends real.Connection {
    override async putIpset(set: string, isDelete: boolean, count: number, keyLength: number, keys: Uint8Array, bits: Uint8Array,
      timeoutsS?: Uint32Array | null): ReturnType<NftConnection['putIpset']> {
      // No network is as long; those before it in the message hold.
      const sent = bits.map((length, index) => (seen.elements + index === element ? 200 : length));
      seen.elements += count;
      const failures = await super.putIpset(set, isDelete, count, keyLength, keys, sent, timeoutsS);
      seen.refusals += failures.length / 3;
      return failures;
    }
  }
  return { addon: { Connection, Batch: real.Batch, Monitor: real.Monitor, decode: real.decode }, seen };
}

/** Makes a message of a transaction, from 1, one that no kernel knows, so that the kernel refuses all of it. */
export function spoiled(bytes: Uint8Array, message: number): Uint8Array {
  const copy = Buffer.from(bytes);
  // Behind the begin, which is message 0.
  let at = 0;
  for (let number = 0; number < message; number++) at += (copy.readUInt32LE(at) + 3) & ~3;
  copy[at + 4] = 0x7f;
  return copy;
}
