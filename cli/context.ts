// What one invocation of cscli works with: its configuration, output format and colour, log, and the ways to the hub,
// the Local API and the database. Everything is opened when first asked for.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Store } from '../lapi/store/store.js';
import { loadConfig, loadCredentials, type Config, type Credentials } from '../ts/config/config.js';
import { readText } from '../ts/config/text-file.js';
import { loadHub, type Hub } from '../ts/hub/hub.js';
import type { HubPaths } from '../ts/hub/item.js';
import type { Io } from './io.js';
import { LapiConnection } from './lapi.js';
import { CliLog, type CliLogLevel } from './log.js';
import type { Look } from './render/table.js';

export type OutputFormat = 'human' | 'json' | 'raw';

/** The global flags of one invocation. */
export interface GlobalFlags {
  readonly configFile: string;
  /** '' leaves the choice to config.yaml. */
  readonly output: string;
  readonly color: string;
  readonly logLevel: CliLogLevel;
}

/** Where the configuration is looked for. */
export const defaultConfigFile = '/etc/crowdsec/config.yaml';

/** One invocation's view of the instance. */
export class Context {
  readonly io: Io;
  readonly output: OutputFormat;
  /** How tables are drawn. */
  readonly look: Look;
  readonly log: CliLog;
  readonly #config: Config | null;
  #lapi: LapiConnection | undefined;

  constructor(io: Io, globals: GlobalFlags, config: Config | null) {
    this.io = io;
    this.#config = config;
    const output = globals.output !== '' ? globals.output : config?.cscli.output ?? 'human';
    if (output !== 'human' && output !== 'json' && output !== 'raw') {
      throw new Error(`output format '${output}' not supported: must be one of human, json, raw`);
    }
    if (!['yes', 'no', 'auto'].includes(globals.color)) {
      throw new Error(`output color '${globals.color}' not supported: must be one of yes, no, auto`);
    }
    this.output = output;
    this.look = lookFor(globals.color, io);
    const level = output === 'human' ? globals.logLevel : 'error';
    this.log = new CliLog(level, output === 'json' ? 'json' : 'text', io.stderr, io.now);
  }

  get config(): Config {
    if (this.#config === null) throw new TypeError('this command was declared to need no configuration');
    return this.#config;
  }

  /** The configuration of a command that works without one too. */
  get optionalConfig(): Config | null {
    return this.#config;
  }

  /** The configuration, null for a command that needs none and was not given one. */
  get configIfAny(): Config | null {
    return this.#config;
  }

  /** Writes a line to standard output. */
  print(line: string): void {
    this.io.stdout.write(`${line}\n`);
  }

  /** A file name from the command line, made absolute. */
  path(name: string): string {
    return resolve(this.io.cwd, name);
  }

  /** The text of a file from the command line; `-` is standard input. */
  async readInput(name: string): Promise<string> {
    if (name === '-') return this.io.readStdin();
    try {
      return readText(this.path(name), name);
    } catch (error) {
      throw new Error(`unable to open ${name}: ${(error as Error).message}`, { cause: error });
    }
  }

  get hubPaths(): HubPaths {
    const { configDir, hubDir, index } = this.config.paths;
    return { configDir, hubDir, indexPath: index };
  }

  /** The credentials of this host's machine. Throws when the configuration has none. */
  get credentials(): Credentials {
    const { client } = this.config;
    if (client === null) throw new Error('loading api client: no API client section in configuration');
    try {
      return loadCredentials(client.credentialsPath);
    } catch (error) {
      throw new Error(`loading api client: ${(error as Error).message}`, { cause: error });
    }
  }

  /** The Local API, asked as this host's machine. */
  get lapi(): LapiConnection {
    this.#lapi ??= new LapiConnection(this.credentials, this.config.client?.insecureSkipVerify ?? false);
    return this.#lapi;
  }

  /** Lets go of what was opened. */
  close(): void {
    this.#lapi?.client.close();
  }

  /** Opens the database for one piece of work. Only on the host of the Local API. */
  async withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
    const { server, database } = this.config;
    if (server === null || !server.enabled) {
      throw new Error('local API is disabled -- this command must be run on the local API machine');
    }
    if (database === null) throw new Error('no database configuration provided');
    const { openStore } = await import('../lapi/store/store.js');
    const store = await openStore(database, () => this.io.now().getTime());
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  /** The hub as it is on disk now. */
  loadHub(): Hub {
    return loadHub(this.hubPaths, this.log);
  }
}

/** Loads config.yaml; a missing file is reported as CrowdSec does. */
export function readConfig(file: string): Config {
  if (!existsSync(file)) throw new Error(`while reading yaml file: open ${file}: no such file or directory`);
  return loadConfig(file);
}

/** What `--color` and the terminal ask for. A pipe gets no colours even when they are asked for, only the corners. */
export function lookFor(color: string, io: Io): Look {
  const isTerminal = io.stdout.isTTY === true;
  const isWanted = color === 'auto' ? isTerminal : color === 'yes';
  return { isRounded: isWanted, isColoured: isWanted && isTerminal && io.env['NO_COLOR'] === undefined };
}
