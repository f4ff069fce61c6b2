// The program `palisade`: flags, exit codes, signals. What it runs is in daemon.ts.

import { clockOffsetMs } from './config/clock.js';
import { type Config, loadConfig } from './config/config.js';
import { type Log, openLog } from './config/log.js';
import { Daemon } from './daemon.js';
import { PalisadeError } from './errors.js';
import { type Flags, parseFlags, usage, UsageError } from './flags.js';
import { crowdsecVersion, version } from './version.js';

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
    else for (const line of message.split('\n')) log.error(line);
    process.exitCode = 1;
  }
}

/** Runs until a replay ends or a signal comes; SIGHUP starts over with everything read anew. */
async function serve(config: Config, flags: Flags, log: Log): Promise<void> {
  const signals = new Signals();
  let daemon = await Daemon.start(daemonOptions(config, flags, log));
  try {
    for (;;) {
      const event = await Promise.race([signals.next(), daemon.ended]);
      if (event === 'SIGHUP') {
        log.info('SIGHUP received, reloading');
        daemon = await reload(daemon, flags, log);
        continue;
      }
      if (event !== 'ended') log.info(`${event} received, shutting down`);
      break;
    }
  } finally {
    const unsent = await daemon.stop();
    signals.close();
    if (unsent > 0) {
      log.error(`${unsent} alerts were not taken by the Local API`);
      process.exitCode = 1;
    }
  }
}

/** A configuration that cannot be used leaves the old one running. */
async function reload(running: Daemon, flags: Flags, log: Log): Promise<Daemon> {
  let config: Config;
  try {
    config = loadConfig(flags.config);
    await Daemon.check(daemonOptions(config, flags, log));
  } catch (error) {
    log.error(`the new configuration cannot be used, the old one stays: ${(error as Error).message}`);
    return running;
  }
  await running.stop();
  const daemon = await Daemon.start(daemonOptions(config, flags, log));
  log.info('Reload is finished');
  return daemon;
}

function daemonOptions(config: Config, flags: Flags, log: Log): Parameters<typeof Daemon.start>[0] {
  return {
    config, log, runEngine: !flags.noEngine, runApi: !flags.noApi, dumpDir: flags.dumpDir, clockOffsetMs: clockOffsetMs(),
    logLevel: flags.logLevel, orderEvents: flags.orderEvents,
    replay: flags.dsn === '' ? null : { dsn: flags.dsn, labels: { ...flags.labels, type: flags.type }, transform: flags.transform },
  };
}

/** Signals as values to wait for. */
class Signals {
  readonly #waiting: NodeJS.Signals[] = [];
  #wake: ((signal: NodeJS.Signals) => void) | null = null;
  readonly #handler = (signal: NodeJS.Signals): void => {
    if (this.#wake === null) this.#waiting.push(signal);
    else this.#wake(signal);
    this.#wake = null;
  };

  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, this.#handler);
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
