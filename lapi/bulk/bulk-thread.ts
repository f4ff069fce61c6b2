// The thread for requests that take long, so that a ban never waits for an import or a list: a database connection of its
// own, started by path with BulkSetup as workerData, ended by its caller (bulk-caller.ts). Each request comes with a port;
// after each piece of its answer the thread waits until the caller wants more.

import { on } from 'node:events';
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { DatabaseConfig, ServerConfig } from '../../ts/config/config.js';
import type { Log } from '../../ts/config/log.js';
import type { Protection } from '../../ts/config/protection.js';
import { Refusal, type RefusalCode } from '../errors.js';
import type { IntakeDeps } from '../intake.js';
import { lapiLimits } from '../limits.js';
import type { LogLine } from '../main.js';
import { NeverBan } from '../never-ban.js';
import { openProfiles } from '../profiles.js';
import { openStore } from '../store/store.js';
import type { WrittenSlice } from '../store/written-slices.js';
import { doBulkWork, type BulkWork } from './bulk-work.js';

/** What the thread is made from. Plain data. */
export interface BulkSetup {
  readonly server: ServerConfig;
  readonly database: DatabaseConfig;
  readonly dataDir: string;
  readonly protection: Protection;
  readonly clockOffsetMs: number;
  /** Of the threads of this process. */
  readonly precedence: SharedArrayBuffer;
}

/** What the thread is asked: `close` ends it when all is answered. */
export type BulkRequest = { readonly work: BulkWork; readonly port: MessagePort } | 'close';

/** What comes over the port of a request. After a piece the thread waits for a message; after the others the port is closed. */
export type BulkAnswer =
  | { readonly type: 'piece'; readonly bytes: Uint8Array }
  | { readonly type: 'end' }
  | { readonly type: 'refused'; readonly code: RefusalCode; readonly message: string }
  | { readonly type: 'failed'; readonly message: string };

/** What the thread says beside. */
export type BulkReport =
  | { readonly type: 'log'; readonly line: LogLine }
  | { readonly type: 'spared'; readonly reason: string }
  | { readonly type: 'written'; readonly slice: WrittenSlice };

if (parentPort !== null) {
  standBack();
  const { server, database, dataDir, protection, clockOffsetMs, precedence } = workerData as BulkSetup;
  const port = parentPort;
  const say = (report: BulkReport): void => port.postMessage(report);
  // What there is to say of the profiles while they are opened, the Local API has said when it started.
  let isQuiet = true;
  const logAt = (level: keyof Log) => (text: string, fields = {}): void => {
    if (!isQuiet) say({ type: 'log', line: { level, text, fields } });
  };
  const log: Log = { trace: logAt('trace'), debug: logAt('debug'), info: logAt('info'), warning: logAt('warning'), error: logAt('error') };
  const nowMs = (): number => Date.now() + clockOffsetMs;
  const open = async (): Promise<IntakeDeps> => {
    const store = await openStore({ ...database, precedence, checkpointPages: lapiLimits.bulkCheckpointPages,
      onSlice: (slice) => say({ type: 'written', slice }) }, nowMs);
    const profiles = openProfiles({ profilesPath: server.profilesPath, dataDir, store, nowMs, log, escalation: protection.escalation });
    isQuiet = false;
    return { store, profiles, neverBan: new NeverBan(protection.neverBan, nowMs), afterUnbanNs: protection.afterUnbanNs, log,
      metrics: { countSpared: (reason) => say({ type: 'spared', reason }) } };
  };
  let opening: Promise<IntakeDeps> | null = null;
  // A database that is away may be there for the next request.
  const opened: Opened = () => opening ??= open().catch((error: unknown) => {
    opening = null;
    throw error;
  });
  // While the body is still on its way. What is wrong the request hears.
  void opened().catch(() => {});
  const running = new Set<Promise<void>>();
  port.on('message', (request: BulkRequest) => {
    if (request === 'close') {
      port.close();
      void Promise.all(running).then(() => opening).then((deps) => deps?.store.close());
      return;
    }
    const answering = answer(request.work, request.port, opened).finally(() => {
      running.delete(answering);
      if (running.size === 0) void opening?.then(moveLog, () => {});
    });
    running.add(answering);
  });
}

/** Now that nobody waits for this thread. What cannot be moved yet is moved the next time. */
function moveLog({ store, log }: IntakeDeps): void {
  try {
    store.dialect.writeAheadLog?.move();
  } catch (error) {
    log.debug(`the write-ahead log stays: ${(error as Error).message}`);
  }
}

type Opened = () => Promise<IntakeDeps>;

/** Other threads get the processor first. Linux has a priority for each thread; elsewhere, or where it may not be set, all are alike. */
function standBack(): void {
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), lapiLimits.bulkNice);
  } catch {
    // It is a matter of milliseconds, not of right and wrong.
  }
}

async function answer(work: BulkWork, port: MessagePort, opened: Opened): Promise<void> {
  // The other side asks for more, or closes the port when nobody wants it.
  const wishes = on(port, 'message', { close: ['close'] });
  const say = (reply: BulkAnswer): void => port.postMessage(reply);
  try {
    const deps = await opened();
    for await (const bytes of gathered(doBulkWork(work, deps))) {
      say({ type: 'piece', bytes });
      if ((await wishes.next()).done === true) return;
    }
    say({ type: 'end' });
  } catch (error) {
    say(await failureOf(error as Error, opened));
  } finally {
    port.close();
  }
}

async function failureOf(error: Error, opened: Opened): Promise<BulkAnswer> {
  if (error instanceof Refusal) return { type: 'refused', code: error.code, message: error.message };
  // What cannot even be opened is away.
  const isUnavailable = await opened().then(({ store }) => store.dialect.isUnavailable(error), () => true);
  if (isUnavailable) return { type: 'refused', code: 'unavailable', message: `the database cannot be used now: ${error.message}` };
  return { type: 'failed', message: error.stack ?? error.message };
}

/** Pieces long enough to be worth a message. */
async function* gathered(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let text = '';
  for await (const piece of pieces) {
    text += piece;
    if (text.length < lapiLimits.bulkPieceChars) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}
