// Blocks of 32 bytes to 256 KiB for keys, queues, kept events and distinct values. The arena is cut into slabs of
// 256 KiB, each holding blocks of one size class; an empty slab goes back to the pool for any class.

import { lock, unlock } from './lock';
import { header, Header, sizeClassAt, slabArenaAt, slabArenaBytes, slabAt, slabOfBlock, SizeClass,
  Slab } from './layout';

/** 32, 64, 96, 128, then eight classes for each doubling up to 256 KiB: kept events have 200 to 400 bytes, and many. */
export const sizeClassCount: u32 = 92;

/** Returns the address of a block of at least `bytes`, or 0 when the arena is full. */
export function allocate(bytes: u32): u32 {
  if (bytes > slabArenaBytes) return 0;
  const number = sizeClassOf(bytes);
  const sizeClass = sizeClassAt(number);
  lock(changetype<usize>(sizeClass));
  if (sizeClass.partialFirst == 0) addSlab(sizeClass, number);
  const block = sizeClass.partialFirst == 0 ? 0 : takeBlock(sizeClass, blockBytes(number));
  unlock(changetype<usize>(sizeClass));
  return block;
}

/** Gives a block back. */
export function release(block: u32): void {
  const number = slabOfBlock(block);
  const slab = slabAt(number);
  const sizeClass = sizeClassAt(slab.sizeClass);
  lock(changetype<usize>(sizeClass));
  const wasFull = slab.freeFirst == 0 && slab.unused + blockBytes(slab.sizeClass) > slabArenaBytes;
  store<u32>(block, slab.freeFirst);
  slab.freeFirst = block;
  slab.live -= 1;
  if (wasFull) linkFirst(sizeClass, number);
  if (slab.live == 0) {
    unlink(sizeClass, number);
    returnSlab(number);
  }
  unlock(changetype<usize>(sizeClass));
}

/** Returns the size class whose blocks hold `bytes`. */
export function sizeClassOf(bytes: u32): u32 {
  if (bytes <= 128) return bytes == 0 ? 0 : (bytes - 1) / 32;
  const doubling: u32 = 31 - clz(bytes - 1);
  return 4 + (doubling - 7) * 8 + ((bytes - 1 - (1 << doubling)) >> (doubling - 3));
}

/** Returns the size of the blocks of a class. */
export function blockBytes(sizeClass: u32): u32 {
  if (sizeClass < 4) return (sizeClass + 1) * 32;
  const doubling = (sizeClass - 4) / 8 + 7;
  return (1 << doubling) + ((((sizeClass - 4) & 7) + 1) << (doubling - 3));
}

/** Blocks in use, of all classes: for tests and the audit. */
export function liveBlocks(): u32 {
  let live: u32 = 0;
  for (let i: u32 = 0; i < header().poolUsed; i++) live += slabAt(i).live;
  return live;
}

function takeBlock(sizeClass: SizeClass, bytes: u32): u32 {
  const number = sizeClass.partialFirst - 1;
  const slab = slabAt(number);
  let block = slab.freeFirst;
  if (block != 0) slab.freeFirst = load<u32>(block);
  else {
    block = slabArenaAt(number) + slab.unused;
    slab.unused += bytes;
  }
  slab.live += 1;
  if (slab.freeFirst == 0 && slab.unused + bytes > slabArenaBytes) unlink(sizeClass, number);
  return block;
}

/** Takes a slab from the pool, or from the part never used, and makes it the first of its class. */
function addSlab(sizeClass: SizeClass, classNumber: u32): void {
  const head = header();
  const poolLock = changetype<usize>(head) + offsetof<Header>('poolLock');
  lock(poolLock);
  let number = head.poolFree;
  if (number != 0) head.poolFree = slabAt(number - 1).next;
  else if (head.poolUsed < head.slabCount) {
    head.poolUsed += 1;
    number = head.poolUsed;
  }
  unlock(poolLock);
  if (number == 0) return;
  const slab = slabAt(number - 1);
  slab.sizeClass = classNumber;
  slab.live = 0;
  slab.freeFirst = 0;
  slab.unused = 0;
  linkFirst(sizeClass, number - 1);
}

function returnSlab(number: u32): void {
  const head = header();
  const poolLock = changetype<usize>(head) + offsetof<Header>('poolLock');
  lock(poolLock);
  slabAt(number).next = head.poolFree;
  head.poolFree = number + 1;
  unlock(poolLock);
}

function linkFirst(sizeClass: SizeClass, number: u32): void {
  const slab: Slab = slabAt(number);
  slab.previous = 0;
  slab.next = sizeClass.partialFirst;
  if (slab.next != 0) slabAt(slab.next - 1).previous = number + 1;
  sizeClass.partialFirst = number + 1;
}

function unlink(sizeClass: SizeClass, number: u32): void {
  const slab: Slab = slabAt(number);
  if (slab.previous != 0) slabAt(slab.previous - 1).next = slab.next;
  else sizeClass.partialFirst = slab.next;
  if (slab.next != 0) slabAt(slab.next - 1).previous = slab.previous;
}
