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

/** Makes a message of a transaction, from 1, one that no kernel knows, so that the kernel refuses all of it. */
export function spoiled(bytes: Uint8Array, message: number): Uint8Array {
  const copy = Buffer.from(bytes);
  // Behind the begin, which is message 0.
  let at = 0;
  for (let number = 0; number < message; number++) at += (copy.readUInt32LE(at) + 3) & ~3;
  copy[at + 4] = 0x7f;
  return copy;
}
