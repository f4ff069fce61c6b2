// The root of the command tree: the global flags and the nouns.

import type { CommandSpec } from '../command.js';
import { defaultConfigFile } from '../context.js';
import { alertsSpec } from './alerts.js';
import { allowlistsSpec } from './allowlists.js';
import { blocklistsSpec } from './blocklists.js';
import { bouncersSpec } from './bouncers.js';
import { completionSpec } from './completion.js';
import { configSpec } from './config.js';
import { decisionsSpec } from './decisions.js';
import { explainSpec } from './explain.js';
import { hubSpec } from './hub.js';
import { hubtestSpec } from './hubtest.js';
import { itemCommands } from './items.js';
import { lapiSpec } from './lapi.js';
import { lintSpec } from './lint.js';
import { machinesSpec } from './machines.js';
import { metricsSpec } from './metrics.js';
import { simulationSpec } from './simulation.js';
import { unbuiltCommands } from './unbuilt.js';
import { versionSpec } from './version.js';

const level = (name: string) => ({ long: name, kind: 'bool', text: `Log at level ${name}` }) as const;

/** `cscli`: the whole command tree. */
export const rootSpec: CommandSpec = {
  use: 'cscli', text: 'cscli manages Palisade: alerts, decisions, bouncers, machines, rules', keepsFlagOrder: true,
  longText: 'cscli shows and changes what Palisade works with:\n'
    + 'alerts and decisions, bouncers and machines, rules from the hub.',
  flags: [
    { long: 'config', short: 'c', kind: 'string', fallback: defaultConfigFile, text: 'Configuration file' },
    { long: 'output', short: 'o', kind: 'string', text: 'Output format: human, json, raw' },
    { long: 'color', kind: 'string', fallback: 'auto', text: 'Colours: yes, no, auto' },
    level('debug'), level('info'), level('warning'), level('error'), level('trace'),
    { long: 'branch', kind: 'string', text: 'Branch of the hub', isHidden: true },
  ],
  run: ({ command }) => command.outputHelp(),
  commands: [
    alertsSpec, allowlistsSpec, blocklistsSpec, bouncersSpec, completionSpec, configSpec, decisionsSpec, explainSpec, hubSpec,
    hubtestSpec, lapiSpec, lintSpec, machinesSpec, metricsSpec, simulationSpec, versionSpec, ...itemCommands(), ...unbuiltCommands(),
    { use: 'help [command]', text: 'Help about any command', needsNoConfig: true, args: { kind: 'any' }, run: help },
  ],
};

function help({ command, args, context }: Parameters<NonNullable<CommandSpec['run']>>[0]): void {
  let target = command.parent!;
  for (const name of args) {
    const child = target.commands.find((each) => each.name() === name || each.aliases().includes(name));
    if (child === undefined) {
      context.print(`Unknown help topic ${JSON.stringify(args)}`);
      target = command.parent!;
      break;
    }
    target = child;
  }
  target.outputHelp();
}
