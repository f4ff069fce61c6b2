// The command palisade-firewall-bouncer: flags of cs-firewall-bouncer, and what is ours: --why, --cleanup, --dry-run.

import { createWriteStream } from 'node:fs';
import { parseArgs } from 'node:util';
import { createLog, type Log } from '../ts/config/log.js';
import { PalisadeError } from '../ts/errors.js';
import { parseIp } from '../ts/util/ip.js';
import { version } from '../ts/version.js';
import { BackendError, type Backend } from './backend.js';
import { DryRunBackend } from './backends/dry-run.js';
import { IpsetBackend } from './backends/ipset.js';
import { NftablesBackend } from './backends/nftables.js';
import { readConfig, type BouncerConfig } from './config.js';
import { notifySystemd, startBouncer } from './run.js';
import { explainAddress } from './why.js';

const usage = `Usage: palisade-firewall-bouncer -c FILE [option]

  -c FILE          configuration (crowdsec-firewall-bouncer.yaml)
  -t               reads the configuration and says whether it can be used
  -v               more messages
  -V               version
  --why ADDRESS    by which decisions an address is banned, and until when
  --cleanup        removes the tables, chains and sets of the bouncer
  --dry-run        says what would be banned and bans nobody
`;

/** Runs the command; sets the exit code. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await command(args);
  } catch (error) {
    if (!(error instanceof PalisadeError || error instanceof BackendError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

async function command(args: readonly string[]): Promise<void> {
  const { values } = flagsOf(args);
  if (values.help) process.stdout.write(usage);
  if (values.version) process.stdout.write(`palisade-firewall-bouncer v${version}\n`);
  if (values.help || values.version) return;
  if (values.config === undefined) throw new PalisadeError('E_CONFIG', `no configuration file (-c)\n\n${usage}`);
  const config = readConfig(values.config);
  if (values.test) return;
  if (values.why !== undefined) {
    const address = parseIp(values.why)?.unmap();
    if (address === undefined) throw new PalisadeError('E_CONFIG', `--why: ${values.why} is no address`);
    process.stdout.write(await explainAddress(config, address, backendOf(config, false)));
    return;
  }
  if (values.cleanup) {
    const backend = backendOf(config, false);
    await backend.cleanUp();
    await backend.close();
    return;
  }
  await serve(config, values['dry-run'] === true, values.verbose === true);
}

function flagsOf(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: { config: { type: 'string', short: 'c' },
      test: { type: 'boolean', short: 't' }, verbose: { type: 'boolean', short: 'v' },
      version: { type: 'boolean', short: 'V' }, help: { type: 'boolean', short: 'h' }, why: { type: 'string' },
      cleanup: { type: 'boolean' }, 'dry-run': { type: 'boolean' } } });
  } catch (error) {
    throw new PalisadeError('E_CONFIG', `${(error as Error).message}\n\n${usage}`, undefined, { cause: error });
  }
}

async function serve(config: BouncerConfig, isDryRun: boolean, isVerbose: boolean): Promise<void> {
  const log = logOf(config, isVerbose);
  const backend = backendOf(config, isDryRun);
  const bouncer = await startBouncer(config, backend, log);
  log.info(`palisade-firewall-bouncer v${version}: ${backend.name}, Local API ${config.api.url}`);
  await notifySystemd('--ready');
  void bouncer.ready.then(() => log.info(`${bouncer.state.size} decisions in force`));
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  log.info(`${signal}: stopping; bans stay until they end (--cleanup removes them)`);
  await bouncer.stop();
}

function backendOf(config: BouncerConfig, isDryRun: boolean): Backend {
  if (isDryRun) return new DryRunBackend((text) => process.stdout.write(`${text}\n`));
  const deny = { isReject: config.isReject, logPrefix: config.logPrefix };
  if (config.mode === 'nftables') return new NftablesBackend({ families: config.nftables, hooks: config.hooks, deny });
  return new IpsetBackend({ families: config.families, ...config.ipset, deny, hasRules: config.mode === 'iptables' });
}

function logOf({ log: { level, file } }: BouncerConfig, isVerbose: boolean): Log {
  return createLog(isVerbose ? 'debug' : level, 'text',
    file === null ? process.stderr : createWriteStream(file, { flags: 'a', mode: 0o600 }));
}
