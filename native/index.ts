// The only loader of Palisade's native addons, with their types. Each is loaded on first use, so a command that needs
// none starts without them. Imports nothing of ours: its errors are plain Errors with the code E_NATIVE.

import { createRequire } from 'node:module';
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

/** Regular expressions over batches of lines (native/grok). */
export interface GrokAddon {
  /** Throws an Error with RE2's reason when it refuses the expression or the memory does not suffice. */
  readonly Pattern: new (regex: string, memoryBytes: number) => NativePattern;
  /** Throws an Error with RE2's reason and the property `index` when it refuses one of the expressions. */
  readonly PatternSet: new (regexes: readonly string[], memoryBytes: number) => NativePatternSet;
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

/** Loads an addon by its path from dist/native/. */
function load(name: string, path: string): unknown {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const file = fileURLToPath(new URL(path, import.meta.url));
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
