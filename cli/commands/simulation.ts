// `cscli simulation`: which scenarios only pretend to ban. Edits simulation.yaml.

import { writeFileSync } from 'node:fs';
import { loadSimulation, type Simulation } from '../../ts/config/config.js';
import { isInstalled } from '../../ts/hub/item.js';
import { goQuote } from '../../ts/util/go-quote.js';
import type { CommandSpec, Invocation } from '../command.js';
import type { Context } from '../context.js';
import { yamlText } from '../render/yaml.js';

const reloadHint = "\nRun 'sudo systemctl reload crowdsec' for the new configuration to be effective.";
const globalFlag = (text: string) => ({ long: 'global', short: 'g', kind: 'bool', text }) as const;

/** `cscli simulation` and its subcommands. */
export const simulationSpec: CommandSpec = {
  use: 'simulation [command]', text: 'Manage simulation', run: ({ command }) => command.outputHelp(),
  examples: ['cscli simulation status', 'cscli simulation enable crowdsecurity/ssh-bf'],
  commands: [
    { use: 'enable [scenario] [-global]', text: 'Simulate scenarios, or everything', args: { kind: 'any' }, run: enable,
      flags: [globalFlag('Simulate everything but the listed scenarios')] },
    { use: 'disable [scenario]', text: 'End the simulation of scenarios, or of everything', args: { kind: 'any' },
      run: disable, flags: [globalFlag('Simulate nothing but the listed scenarios')] },
    { use: 'status', text: 'Show what is simulated', run: ({ context }) => printStatus(context) },
  ],
};

function enable({ context, args, flags, command }: Invocation): void {
  const change = (state: Simulation, scenario: string): Simulation => enableOne(context, state, scenario);
  if (args.length > 0) save(context, args.reduce(change, load(context)));
  else if (flags.bool('global')) setGlobal(context, true);
  else command.outputHelp();
  context.print(reloadHint);
}

function enableOne(context: Context, state: Simulation, scenario: string): Simulation {
  const item = context.loadHub().get('scenarios', scenario);
  if (item === undefined) {
    context.log.error(`${goQuote(scenario)} does not exist or is not a scenario`);
    return state;
  }
  if (!isInstalled(item)) context.log.warn(`Scenario ${goQuote(scenario)} is not installed`);
  const isListed = state.exclusions.includes(scenario);
  if (state.global !== isListed) {
    context.print(state.global ? 'global simulation is already enabled'
      : `simulation for ${goQuote(scenario)} is already enabled`);
    return state;
  }
  context.print(`simulation mode for ${goQuote(scenario)} enabled`);
  return toggled(state, scenario);
}

function disable({ context, args, flags, command }: Invocation): void {
  const change = (state: Simulation, scenario: string): Simulation => disableOne(context, state, scenario);
  if (args.length > 0) save(context, args.reduce(change, load(context)));
  else if (flags.bool('global')) setGlobal(context, false);
  else command.outputHelp();
  context.print(reloadHint);
}

function disableOne(context: Context, state: Simulation, scenario: string): Simulation {
  const isListed = state.exclusions.includes(scenario);
  if (state.global === isListed) {
    context.log.warn(state.global ? `simulation mode is enabled but is already disable for ${goQuote(scenario)}`
      : `${scenario} isn't in simulation mode`);
    return state;
  }
  context.print(`simulation mode for ${goQuote(scenario)} disabled`);
  return toggled(state, scenario);
}

/** The list inverts the global switch, so both directions take a name off it or put it on. */
function toggled(state: Simulation, scenario: string): Simulation {
  const exclusions = state.exclusions.includes(scenario) ? state.exclusions.filter((name) => name !== scenario)
    : [...state.exclusions, scenario];
  return { ...state, exclusions };
}

function setGlobal(context: Context, isOn: boolean): void {
  save(context, { global: isOn, exclusions: [] });
  context.print(`global simulation: ${isOn ? 'enabled' : 'disabled'}`);
}

function printStatus(context: Context): void {
  const { global, exclusions } = load(context);
  context.print(`global simulation: ${global ? 'enabled' : 'disabled'}`);
  if (exclusions.length === 0) return;
  context.print(`\nScenarios ${global ? 'not ' : ''}in simulation mode:`);
  for (const scenario of exclusions) context.print(`  - ${scenario}`);
}

function load(context: Context): Simulation {
  return loadSimulation(context.config.paths.simulation);
}

function save(context: Context, { global, exclusions }: Simulation): void {
  writeFileSync(context.config.paths.simulation, yamlText({ simulation: global, exclusions }));
}
