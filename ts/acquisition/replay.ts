// Reads files once, one after the other, from start to end: `mode: cat` and `-dsn file://`. Files that cannot be read
// are named after all others have been, so that one bad file loses nothing else.

import { loadIngestAddon, readNumber } from '../../native/index.js';
import { PalisadeError } from '../errors.js';
import { limits } from '../limits.js';
import type { Log } from '../config/log.js';
import { ReadBuffers, type FilledArrays } from './read-buffers.js';

/** Lines of one file. */
export interface ReplayBatch extends FilledArrays {
  readonly path: string;
  readonly count: number;
  /** Lines cut at the limit. */
  readonly truncated: number;
}

/** Bytes at the start of a file in which a NUL makes it look binary. */
const binaryProbeBytes = 8192;

/** Yields the lines of all files in order. The next batch is read while the present one is worked on. Throws E_SOURCE
 * at the end when some file could not be read. */
export async function* replayFiles(paths: readonly string[], log: Log): AsyncGenerator<ReplayBatch> {
  const failures: string[] = [];
  for (const path of paths) {
    log.info(`reading ${path} at once`);
    try {
      yield* replayFile(path, log);
    } catch (error) {
      if (!(error instanceof PalisadeError)) throw error;
      failures.push(error.detail);
      if (paths.length > 1) log.error(error.detail);
    }
  }
  if (failures.length > 0) throw new PalisadeError('E_SOURCE', failures.join('; '));
}

async function* replayFile(path: string, log: Log): AsyncGenerator<ReplayBatch> {
  const replay = new (loadIngestAddon().FileReplay)(path, limits.lineBytesMax);
  const buffers = [new ReadBuffers(), new ReadBuffers()];
  const read = async (turn: number): Promise<number> => {
    const { bytes, spans, flags, numbers } = buffers[turn];
    try {
      return await replay.read(bytes, spans, flags, numbers);
    } catch (error) {
      throw new PalisadeError('E_SOURCE', `cannot read ${path}: ${(error as Error).message}`, undefined, { cause: error });
    }
  };
  let lines = 0;
  let pending = read(0);
  for (let turn = 0; ; turn = 1 - turn) {
    const count = await pending;
    if (count === 0) break;
    pending = read(1 - turn);
    // Its failure is met at the next turn; until then nobody else awaits it.
    pending.catch(() => {});
    const truncated = buffers[turn].numbers[readNumber.truncated];
    const filled = buffers[turn].take(count);
    if (lines === 0 && filled.bytes.subarray(0, binaryProbeBytes).includes(0)) {
      log.warning(`${path} looks like a binary file; its lines are read as they are`);
    }
    lines += count;
    yield { ...filled, path, count, truncated };
  }
  if (lines === 0) log.warning(`${path} is empty`);
}
