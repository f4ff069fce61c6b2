// What main and the workers say to each other. Plain data, transferred or cloned.

import type { LineBatch } from '../event/line.js';
import type { PouredOverflow } from '../buckets/overflow.js';
import type { CounterSample } from '../metrics/counters.js';
import type { WorkerSetup } from './setup.js';

/** To a worker. `batch`, `tick` carry the number that orders them among all work of the process. */
export type ToWorker =
  | { readonly type: 'batch'; readonly batch: LineBatch }
  | { readonly type: 'tick'; readonly seq: number; readonly nowMs: number }
  | { readonly type: 'reprocess'; readonly seq: number; readonly nowMs: number; readonly overflows: readonly PouredOverflow[] }
  | { readonly type: 'counters'; readonly request: number }
  | { readonly type: 'stop' };

/** From a worker. `awaits` says that the worker waits for a `reprocess` message before it goes on. */
export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'poured'; readonly seq: number; readonly overflows: readonly PouredOverflow[]; readonly awaits: boolean }
  | { readonly type: 'counters'; readonly request: number; readonly samples: readonly CounterSample[] }
  | { readonly type: 'log'; readonly level: 'debug' | 'info' | 'warning' | 'error'; readonly text: string };

export type { WorkerSetup };
