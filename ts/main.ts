// The program `palisade`: flags, exit codes, signals. What it runs is in daemon.ts.

import { clockOffsetMs } from './config/clock.js';
import { type Config, loadConfig, type LogLevel } from './config/config.js';
import { type Log, openLog } from './config/log.js';
import { Daemon, type DaemonOptions } from './daemon.js';
import { PalisadeError } from './errors.js';
import { type Flags, parseFlags, usage, UsageError } from './flags.js';
import { boundHeaps, prepareHeaps, settleHeap } from './pipeline/heap-limits.js';
import { crowdsecVersion, version } from './version.js';

/** What a reload waits for alerts on their way; the rest goes to the daemon that follows. */
const reloadDrainMs = 2000;

/** Runs the program and sets the exit code: 0, 1 for a failure, 2 for a mistake in the flags. */
export async function main(argv: readonly string[]): Promise<void> {
  let flags: Flags;
  try {
    flags = parseFlags(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n${error.exitCode === 2 ? usage() : ''}`);
    process.exitCode = error.exitCode;
    return;
  }
  if (flags.help) process.stderr.write(usage());
  else if (flags.version) process.stdout.write(versionText());
  else await run(flags);
}

async function run(flags: Flags): Promise<void> {
  let log: Log | null = null;
  try {
    const config = loadConfig(flags.config);
    log = openLog(flags.dsn === '' ? config.common : { ...config.common, logMedia: 'stdout' }, flags.logLevel ?? config.common.logLevel);
    if (flags.testConfig) await Daemon.check(daemonOptions(config, flags, log));
    else await serve(config, flags, log);
  } catch (error) {
    const message = error instanceof PalisadeError ? error.message : (error as Error).stack ?? String(error);
    if (log === null) process.stderr.write(`FATAL ${message}\n`);
    else logLines(log, message);
    process.exitCode = 1;
  }
}

/** Runs until a replay ends or a signal comes; SIGHUP starts over with everything read anew. */
async function serve(config: Config, flags: Flags, log: Log): Promise<void> {
  const signals = new Signals();
  let running: Running | null = null;
  try {
    running = await startWith(daemonOptions(config, flags, log), signals);
    for (;;) {
      const event = await Promise.race([signals.next(), running.daemon.ended]);
      if (event === 'SIGHUP') {
        log.info('SIGHUP received, reloading');
        const old: Running = running;
        running = null;
        running = await reload(old, flags, signals);
        continue;
      }
      if (event !== 'ended') log.info(`${event} received, shutting down`);
      break;
    }
  } catch (error) {
    // Whoever stops a start that waits for the Local API has not met an error.
    if (!signals.stopping.aborted || running !== null) throw error;
  } finally {
    const unsent = await (running?.daemon.stop() ?? []);
    signals.close();
    if (unsent.length > 0) {
      log.error(`${unsent.length} alerts were not taken by the Local API`);
      process.exitCode = 1;
    }
  }
}

/** A daemon and what it was started from. */
interface Running {
  readonly daemon: Daemon;
  readonly options: DaemonOptions;
}

async function startWith(options: DaemonOptions, signals: Signals): Promise<Running> {
  prepareHeaps();
  try {
    const daemon = await Daemon.start({ ...options, stopping: signals.stopping });
    settleHeap();
    return { daemon, options };
  } finally {
    boundHeaps();
  }
}

/**
 * Starts over with everything read anew. A configuration that cannot be used leaves the old one running; one that fails
 * only when it is started (a port in use) brings the old one back. Alerts on their way go with it.
 */
async function reload(running: Running, flags: Flags, signals: Signals): Promise<Running> {
  const { log, accessLog } = running.options;
  let options: DaemonOptions;
  try {
    options = daemonOptions(loadConfig(flags.config), flags, log, accessLog);
    await Daemon.check(options);
  } catch (error) {
    logLines(log, `the new configuration cannot be used, the old one stays: ${(error as Error).message}`);
    return running;
  }
  const waiting = await running.daemon.stop(reloadDrainMs);
  try {
    const started = await startWith({ ...options, waiting }, signals);
    log.info('Reload is finished');
    return started;
  } catch (error) {
    if (signals.stopping.aborted) throw error;
    logLines(log, `the new configuration cannot be started, the old one is started again: ${(error as Error).message}`);
    return startWith({ ...running.options, waiting }, signals);
  }
}

function logLines(log: Log, message: string): void {
  for (const line of message.split('\n')) log.error(line);
}

function daemonOptions(config: Config, flags: Flags, log: Log, accessLog = openAccessLog(config, flags)): DaemonOptions {
  return {
    config, log, accessLog, runEngine: !flags.noEngine, runApi: !flags.noApi, dumpDir: flags.dumpDir, clockOffsetMs: clockOffsetMs(),
    logLevel: flags.logLevel, orderEvents: flags.orderEvents,
    replay: flags.dsn === '' ? null : { dsn: flags.dsn, labels: { ...flags.labels, type: flags.type }, transform: flags.transform },
  };
}

/** A file of its own beside that of the log. */
function openAccessLog({ common, raw }: Config, flags: Flags): Log | undefined {
  if (flags.noApi || flags.testConfig || raw.api?.server === undefined) return undefined;
  const level = flags.logLevel ?? (raw.api?.server?.log_level as LogLevel | undefined) ?? common.logLevel;
  return openLog(flags.dsn === '' ? common : { ...common, logMedia: 'stdout' }, level, 'crowdsec_api.log');
}

/** Signals as values to wait for. */
class Signals {
  readonly #waiting: NodeJS.Signals[] = [];
  #wake: ((signal: NodeJS.Signals) => void) | null = null;
  readonly #stopping = new AbortController();
  readonly #handler = (signal: NodeJS.Signals): void => {
    if (signal !== 'SIGHUP') this.#stopping.abort();
    if (this.#wake === null) this.#waiting.push(signal);
    else this.#wake(signal);
    this.#wake = null;
  };

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, this.#handler);
  }

  /** Aborted by the first signal that asks for an end. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  next(): Promise<NodeJS.Signals> {
    const ready = this.#waiting.shift();
    return ready !== undefined ? Promise.resolve(ready) : new Promise((resolve) => { this.#wake = resolve; });
  }

  close(): void {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.off(signal, this.#handler);
  }
}

function versionText(): string {
  return `version: v${version}\nCrowdSec formats: v${crowdsecVersion}\nNode: ${process.version}\nPlatform: ${process.platform}\n`;
}
