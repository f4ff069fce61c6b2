// The thread of the Local API: started by path with LapiOptions as workerData, spoken to by messages. Its log lines go
// to the thread that started it, so that one writer owns the log.

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Log, LogFields } from '../ts/config/log.js';
import type { CounterSample } from '../ts/metrics/counters.js';
import { settleHeap } from '../ts/pipeline/heap-limits.js';
import { lapiLimits } from './limits.js';
import { checkLapi, startLapi, type LapiOptions, type RunningLapi } from './run.js';

/** What the thread is asked. `metrics` is answered under the same id. */
export type LapiRequest =
  | { readonly type: 'metrics'; readonly id: number }
  | { readonly type: 'close' };

/** What the thread says. After `checked`, `failed` and `closed` it ends. */
export type LapiReport =
  | { readonly type: 'listening'; readonly addresses: readonly string[]; readonly port: number | null }
  | { readonly type: 'checked' }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'metrics'; readonly id: number; readonly samples: readonly CounterSample[] }
  | { readonly type: 'log'; readonly lines: readonly LogLine[] }
  | { readonly type: 'closed' };

/** One line of the log. */
export interface LogLine {
  readonly level: keyof Log;
  readonly text: string;
  readonly fields: LogFields;
}

if (parentPort !== null) {
  const port = parentPort;
  let lines: LogLine[] = [];
  const sendLines = (): void => {
    if (lines.length > 0) port.postMessage({ type: 'log', lines } satisfies LapiReport);
    lines = [];
  };
  const say = (report: LapiReport): void => {
    sendLines();
    port.postMessage(report);
  };
  // A message costs more than a line, and every request has one: they travel together.
  const logAt = (level: keyof Log) => (text: string, fields: LogFields = {}): void => {
    lines.push({ level, text, fields });
    if (level === 'error' || level === 'warning') sendLines();
    else if (lines.length === 1) setTimeout(sendLines, lapiLimits.logDelayMs);
  };
  const log: Log = { trace: logAt('trace'), debug: logAt('debug'), info: logAt('info'), warning: logAt('warning'),
    error: logAt('error') };
  void run(workerData as LapiOptions, port, say, log);
}

async function run(options: LapiOptions, port: MessagePort, say: (report: LapiReport) => void, log: Log): Promise<void> {
  try {
    if (options.checkOnly) {
      checkLapi(options);
      say({ type: 'checked' });
      port.close();
    } else {
      const running = await startLapi(options, log);
      say({ type: 'listening', addresses: running.addresses, port: running.port });
      port.on('message', (request: LapiRequest) => void answer(request, running, say, log));
      settleHeap();
    }
  } catch (error) {
    say({ type: 'failed', message: (error as Error).message });
    port.close();
  }
}

async function answer(request: LapiRequest, running: RunningLapi, say: (report: LapiReport) => void,
  log: Log): Promise<void> {
  try {
    if (request.type === 'metrics') {
      say({ type: 'metrics', id: request.id, samples: await running.samples() });
      return;
    }
    await running.close();
    say({ type: 'closed' });
    parentPort?.close();
  } catch (error) {
    log.error(`Local API, ${request.type}: ${(error as Error).message}`);
    if (request.type === 'metrics') say({ type: 'metrics', id: request.id, samples: [] });
    else {
      say({ type: 'closed' });
      parentPort?.close();
    }
  }
}
