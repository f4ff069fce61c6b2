// `cscli config`: what the configuration comes to. Shows it; does not change it.

import { existsSync } from 'node:fs';
import type { CommandSpec, Invocation } from '../command.js';
import { yamlText } from '../render/yaml.js';

/** `cscli config` and its subcommands. */
export const configSpec: CommandSpec = {
  use: 'config [command]', text: 'Show the configuration', run: ({ command }) => command.outputHelp(),
  commands: [
    { use: 'show', text: 'Show the configuration in force', run: show,
      flags: [{ long: 'key', kind: 'string', text: 'Show one value (not built yet)' }] },
    { use: 'show-yaml', text: 'Show config.yaml with its .local override', run: showYaml },
    { use: 'feature-flags', text: 'List feature flags', run: featureFlags,
      flags: [{ long: 'retired', kind: 'bool', text: 'List the retired ones too' }] },
    ...['backup', 'restore'].map((name): CommandSpec => ({
      use: `${name} "directory"`, text: 'Removed by CrowdSec', isHidden: true, args: { kind: 'any' }, run: () => {
        throw new Error(`"cscli config ${name}" is not there: copy the configuration directory instead`);
      } })),
  ],
};

function showYaml({ context }: Invocation): void {
  context.print(yamlText(context.config.raw, 2));
}

function featureFlags({ context }: Invocation): void {
  context.print('Palisade has no feature flags.');
}

function show({ context, flags }: Invocation): void {
  if (flags.isSet('key')) throw new Error('--key is not built yet');
  if (context.output !== 'human') throw new Error(`output format '${context.output}' is not built yet, use show-yaml`);
  const { paths, common, engine, raw, client, server, database } = context.config;
  const lines = ['Global:', fact(3, 'Configuration Folder', paths.configDir, 23), fact(3, 'Data Folder', paths.dataDir, 23),
    fact(3, 'Hub Folder', paths.hubDir, 23), fact(3, 'Notification Folder', paths.notificationDir, 23),
    fact(3, 'Simulation File', paths.simulation, 23), fact(3, 'Log Folder', raw.common?.log_dir ?? '', 23),
    fact(3, 'Log level', common.logLevel, 23), fact(3, 'Log Media', common.logMedia, 23)];
  if (engine !== null) {
    lines.push('Crowdsec:', fact(2, 'Acquisition File', engine.acquisitionPath, 24),
      fact(2, 'Parsers routines', String(Math.max(raw.crowdsec_service?.parser_routines ?? 1, 1)), 24));
    if (engine.acquisitionDir !== '') lines.push(fact(2, 'Acquisition Folder', engine.acquisitionDir, 24));
  }
  lines.push('cscli:', fact(2, 'Output', context.output, 24), fact(2, 'Hub Branch', raw.cscli?.hub_branch ?? '', 24));
  if (client !== null && existsSync(client.credentialsPath)) {
    lines.push('API Client:', fact(2, 'URL', context.credentials.url, 24), fact(2, 'Login', context.credentials.login, 24),
      fact(2, 'Credentials File', client.credentialsPath, 24));
  }
  if (server !== null) {
    lines.push(`Local API Server${server.enabled ? '' : ' (disabled)'}:`, fact(2, 'Listen URL', server.listenUri, 24),
      fact(2, 'Listen Socket', server.listenSocket, 24), fact(2, 'Profile File', server.profilesPath, 24), '',
      '  - Trusted IPs:', ...server.trustedIps.map((address) => `      - ${address}`));
    if (database !== null) {
      lines.push('  - Database:', fact(6, 'Type', database.type, 20), fact(6, 'Path', database.path, 20));
    }
  }
  for (const line of lines) context.print(line);
}

function fact(indent: number, name: string, value: string, width: number): string {
  return `${' '.repeat(indent)}- ${name.padEnd(width)}: ${value}`;
}
