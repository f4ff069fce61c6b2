// The only loader of Palisade's native addons, with their types. Each is loaded on first use, so a command that needs
// none starts without them. Imports nothing of ours: its errors are plain Errors with the code E_NATIVE.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Numbers of one read, in a Float64Array of `readNumbers` places that the native side fills. */
export const readNumber = {
  /** End of the used bytes in the buffer. */
  used: 0,
  /** Offset in the file (or the decompressed text) after the last line. */
  offset: 1,
  /** Lines that were cut at the limit. */
  truncated: 2,
  /** Tail: number of the file the lines are from. */
  file: 3,
  /** Tail: hash of the bytes before the offset. */
  mark: 4,
  /** Tail: notices waiting. Framer: bytes of the chunk taken. */
  last: 5,
} as const;

/** Length of the `numbers` array of a read. */
export const readNumbers = 6;

/**
 * Reads one file once, off the main thread: plain, gzip or zstd by its first bytes. The arrays belong to the native side
 * until the promise settles. `read` resolves to the number of lines, 0 at the end.
 */
export interface FileReplay {
  read(bytes: Uint8Array, spans: Uint32Array, flags: Uint8Array, numbers: Float64Array): Promise<number>;
}

/** Frames a stream that JavaScript reads. Synchronous; call again while `numbers[last]` is less than what was given. */
export interface LineFramer {
  push(chunk: Uint8Array, from: number, last: boolean, bytes: Uint8Array, spans: Uint32Array, flags: Uint8Array,
    numbers: Float64Array): number;
}

/** What a tail follows and how. */
export interface FileTailOptions {
  readonly patterns: readonly string[];
  /** For each pattern: files that are there at the start are read from their end. */
  readonly fromEnd: readonly boolean[];
  /** Paths that one of these matches anywhere are left out. */
  readonly excludeRegexps: readonly string[];
  /** Five texts for each saved position: path, device, inode, offset, mark. */
  readonly saved: readonly string[];
  /** true: poll always; false: never; undefined: where inotify does not reach. */
  readonly poll?: boolean;
  readonly pollIntervalMs: number;
  /** How often the patterns are expanded anew without an event; 0 is never. */
  readonly discoveryIntervalMs: number;
  /** How long a rotated file stays open after its last line. */
  readonly lingerMs: number;
  readonly lineBytesMax: number;
}

/** Follows growing files on a thread of its own. One read at a time; nothing is read before it is asked for. */
export interface FileTail {
  /** Resolves to the number of lines once there are some, 0 when there are only notices, -1 after `close`. */
  read(bytes: Uint8Array, spans: Uint32Array, flags: Uint8Array, numbers: Float64Array): Promise<number>;
  /** Seven texts for each notice: kind, file number or '', path, device:inode, offset, mark, detail. */
  takeNotices(): string[];
  close(): void;
}

/** native/ingest: reading and framing of logs. */
export interface IngestAddon {
  readonly FileReplay: new (path: string, lineBytesMax: number) => FileReplay;
  readonly FileTail: new (options: FileTailOptions) => FileTail;
  readonly LineFramer: new (lineBytesMax: number) => LineFramer;
  /** Existing paths that match, as Go's filepath.Glob. Throws on bad syntax. */
  glob(pattern: string): string[];
  /** Whether a path matches, file or no file. Throws on bad syntax. */
  globMatches(pattern: string, path: string): boolean;
}

/** Regular expressions over batches of lines, and the memory of the process (native/grok). */
export interface GrokAddon {
  /** Throws an Error with RE2's reason when it refuses the expression or the memory does not suffice. */
  readonly Pattern: new (regex: string, memoryBytes: number) => NativePattern;
  /** The same check without a pattern. What it compiles is kept for the next Pattern of that text, in whichever thread. */
  checkPattern(regex: string, memoryBytes: number): void;
  /** Throws an Error with RE2's reason and the property `index` when it refuses one of the expressions. */
  readonly PatternSet: new (regexes: readonly string[], memoryBytes: number) => NativePatternSet;
  readonly TextNumbers: new (textsMax: number, bytesMax: number) => NativeTextNumbers;
  /** Collects the objects of the calling thread as thoroughly as V8 can; its young ones then take as little room as at the start. */
  shrinkHeap(): void;
  /** Gives back memory that malloc has free, and pages of the program's own file: those still needed are read again from its cache. */
  releasePages(): void;
  /** Frees the memory of a buffer at once instead of when it is collected: views of it are empty from then on. */
  releaseBuffer(buffer: ArrayBuffer): void;
}

export interface NativePattern {
  readonly groupCount: number;
  /**
   * Searches `count` spans (pairs of start and end in `bytes`). Writes for each 1 + 2 * groups.length numbers to `out`:
   * matched or not, then start and end of each wanted group from the span's start, -1 for one that took no part.
   * Returns the number of spans that matched.
   */
  exec(bytes: Uint8Array, spans: Uint32Array, count: number, groups: Uint32Array, out: Int32Array): number;
}

export interface NativePatternSet {
  /**
   * Searches `count` spans. Writes for each ceil(regexes / 32) words of bits to `masks`, all set where memory ran out.
   * Returns the number of spans where it did.
   */
  match(bytes: Uint8Array, spans: Uint32Array, count: number, masks: Uint32Array): number;
}

export interface NativeTextNumbers {
  /**
   * Writes a number below textsMax to `out` for each of `count` spans: the same for the same bytes, 0xffffffff for a text longer
   * than bytesMax or without room. Returns how often all numbers were taken back, which is before a call only.
   */
  number(bytes: Uint8Array, spans: Uint32Array, count: number, out: Uint32Array): number;
}

/** How elements are put: added, deleted (an error when absent), or deleted where present (Linux 6.3 and newer). */
export const elementAction = { add: 0, delete: 1, destroy: 2 } as const;

/** Flags of a set of nf_tables. */
export const setFlag = { constant: 2, interval: 4, timeout: 16 } as const;

/** Flags of a set element. */
export const elementFlag = { intervalEnd: 1 } as const;

/**
 * One expression of a rule. All work on one register, which each loading expression fills. What the letters mean:
 * payload: base (1 network, 2 transport), offset, length; meta, ct: key; mask: `data`; compare: 0 equal, 1 not equal,
 * `data`; lookup: set in `text`, 1 inverts; limit: packets, per seconds, burst; log: prefix in `text`;
 * reject: type (0 ICMP), code; verdict: code as unsigned number (0 drop, 1 accept), chain of a jump in `text`.
 */
export interface NftExpression {
  readonly kind: 'payload' | 'meta' | 'ct' | 'mask' | 'compare' | 'lookup' | 'counter' | 'limit' | 'log' | 'reject'
    | 'verdict';
  readonly text?: string;
  readonly a?: number;
  readonly b?: number;
  readonly c?: number;
  readonly data?: Uint8Array;
}

/** A table, chain, rule or set of the kernel, or the news that elements of a set changed. */
export interface NftObject {
  readonly kind: 'table' | 'chain' | 'rule' | 'set' | 'elements' | 'generation';
  readonly isDelete: boolean;
  /** 2 IPv4, 10 IPv6, 1 both. */
  readonly family: number;
  /** Netlink port of who made it, in notifications. */
  readonly port: number;
  readonly table: string;
  /** Chain or set; for a rule its chain. */
  readonly name: string;
  readonly comment: string;
  /** Of a generation: its number. */
  readonly handle: number;
  /** Of a table or set; -1 elsewhere. */
  readonly flags: number;
  readonly keyType: number;
  readonly keyLength: number;
  /** Of a base chain; -1 elsewhere. */
  readonly hook: number;
  readonly priority: number;
  /** Sums of the counters in a rule. */
  readonly packets: number;
  readonly bytes: number;
  /** Of a rule: `payload lookup:name counter immediate`. */
  readonly expressions: string;
}

/** Elements of a set, side by side. */
export interface NftElements {
  readonly count: number;
  readonly keys: Uint8Array;
  /** Milliseconds that are left; -1 for one that stays. */
  readonly expiresMs: Float64Array;
  /** Milliseconds it was put there for; -1 for one that stays. */
  readonly timeoutsMs: Float64Array;
  readonly flags: Uint8Array;
  /** Elements left out because their key has another length. */
  readonly malformed: number;
}

/** A set of ipset, and its elements side by side when they were asked for. */
export interface IpsetContent {
  readonly type: string;
  /** How many there are and may be, elements listed or not. */
  readonly elements: number;
  readonly elementsMax: number;
  readonly count: number;
  readonly keys: Uint8Array;
  readonly bits: Uint8Array;
  /** Seconds that are left; 0 for one that stays. */
  readonly timeoutsS: Uint32Array;
  /** Elements left out because their key has another length. */
  readonly malformed: number;
}

/**
 * One transaction. Every method but `locate` and `bytes` appends and returns the number of its (first) message, from 1.
 * Throws a TypeError or RangeError for arguments the kernel could not take; the batch is then as it was.
 */
export interface NftBatch {
  readonly messageCount: number;
  addTable(family: number, table: string): number;
  deleteTable(family: number, table: string): number;
  /** With a hook: a filter chain there with policy accept. */
  addChain(family: number, table: string, chain: string, hook?: number, priority?: number): number;
  deleteChain(family: number, table: string, chain: string): number;
  addRule(family: number, table: string, chain: string, expressions: readonly NftExpression[], comment: string): number;
  /** One rule by its handle, or all of a chain. */
  deleteRules(family: number, table: string, chain: string, handle?: number): number;
  addSet(family: number, table: string, set: string, keyType: number, keyLength: number, flags: number): number;
  deleteSet(family: number, table: string, set: string): number;
  flushSet(family: number, table: string, set: string): number;
  /** As many messages as needed; each stays below 64 KiB. */
  putElements(family: number, table: string, set: string, action: number, count: number, keyLength: number,
    keys: Uint8Array, timeoutsMs?: Float64Array | null, flags?: Uint8Array | null,
    comments?: readonly string[] | null): number;
  /** Which element of its call lies at an offset of a message; -1 when none. */
  locate(message: number, offset: number): number;
  /** The transaction with its begin and commit. */
  bytes(): Uint8Array;
}

/** A netlink socket. One request at a time; a second one throws. Rejections carry the `errno`. */
export interface NftConnection {
  readonly port: number;
  /**
   * Sends a transaction. Resolves to three numbers for each refused message (number, errno, offset of the fault); none
   * means that all of it holds, any means that nothing does. Message 0 is the transaction as a whole. Rejects with errno
   * 105 (ENOBUFS) when the answer was lost: read back what holds.
   */
  commit(bytes: Uint8Array, messageCount: number): Promise<Int32Array>;
  /** Number of the last transaction, whoever made it; each that held adds 1, 32 bits. */
  generation(): Promise<number>;
  /** Sets without their elements. An absent table has no objects. */
  listObjects(kind: 'table' | 'chain' | 'rule' | 'set', family: number, table?: string): Promise<NftObject[]>;
  /**
   * Slow on large sets (the kernel walks from the start for each 32 KiB) and not exact while a hash set grows: the kernel
   * then leaves out elements or repeats them.
   */
  listElements(family: number, table: string, set: string, keyLength: number): Promise<NftElements>;
  /**
   * The element that has a key; in an interval set the beginning of the interval that the key lies in. One or none, also when the set is
   * not there. Fast on large sets.
   */
  findElement(family: number, table: string, set: string, key: Uint8Array): Promise<NftElements>;
  /** Deletes conntrack entries whose source lies in one of the ranges (inclusive); resolves to how many. */
  cutConnections(family: number, count: number, first: Uint8Array, last: Uint8Array): Promise<number>;
  /**
   * Adds networks to a set of ipset (type hash:net; one that is there gets the new timeout; 0 stays), or deletes them
   * (absent ones are no matter). `keyLength` is 4 or 16. Resolves as `commit`; unlike there, other messages hold when one
   * is refused. Numbers from 4096 on are ipset's own.
   */
  putIpset(set: string, isDelete: boolean, count: number, keyLength: number, keys: Uint8Array, bits: Uint8Array,
    timeoutsS?: Uint32Array | null): Promise<Int32Array>;
  /** What a set of ipset holds, or without elements only how many. Rejects with errno 2 when it is not there. */
  listIpset(set: string, keyLength: number, hasElements: boolean): Promise<IpsetContent>;
  /** Whether an address of 4 or 16 bytes lies in a set of ipset. Rejects with errno 2 when the set is not there. */
  testIpset(set: string, key: Uint8Array): Promise<boolean>;
  close(): void;
}

/** Changes that others make to nf_tables, until closed. `wasLost`: some news did not fit the queue. */
export interface NftMonitor {
  close(): void;
}

/** nf_tables over netlink (native/nftables). Usable by itself; needs CAP_NET_ADMIN for all but batches and decoding. */
export interface NftablesAddon {
  readonly Batch: new () => NftBatch;
  /** Buffer sizes are asked for beyond the system's maximum where that is allowed. */
  readonly Connection: new (receiveBytes: number, sendBytes: number) => NftConnection;
  readonly Monitor: new (ignoredPort: number, onChange: (changes: NftObject[], wasLost: boolean) => void) => NftMonitor;
  /** What a datagram of the kernel says: objects, the keys of elements, [message, errno, offset] of answers, a set of ipset. */
  decode(bytes: Uint8Array, keyLength: number): { readonly objects: NftObject[]; readonly keys: Uint8Array;
    readonly acknowledgements: readonly (readonly [number, number, number])[]; readonly malformed: number;
    readonly ipset: IpsetContent };
}

const require = createRequire(import.meta.url);
const loaded = new Map<string, unknown>();

/** Returns the ingest addon. Throws an Error with code E_NATIVE when it is not built or does not fit this Node. */
export function loadIngestAddon(): IngestAddon {
  return load('ingest', '../../native/build/ingest.node') as IngestAddon;
}

/** Returns the grok addon. Throws as above. */
export function loadGrokAddon(): GrokAddon {
  return load('grok', '../../native/build/grok.node') as GrokAddon;
}

/** Returns the nftables addon. Throws as above. */
export function loadNftablesAddon(): NftablesAddon {
  return load('nftables', '../../native/build/nftables.node') as NftablesAddon;
}

/** Loads an addon by its path from dist/native/; PALISADE_NATIVE names a folder with others, as sanitized ones. */
function load(name: string, path: string): unknown {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const folder = process.env['PALISADE_NATIVE'];
  const other = folder === undefined ? '' : join(folder, `${name}.node`);
  const file = existsSync(other) ? other : fileURLToPath(new URL(path, import.meta.url));
  try {
    const addon: unknown = require(file);
    loaded.set(name, addon);
    return addon;
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0];
    throw Object.assign(new Error(`cannot load the native addon "${name}" (${file}): ${reason}; build it with `
      + `"node scripts/setup.mjs --only ${name}"`, { cause: error }), { code: 'E_NATIVE' });
  }
}
