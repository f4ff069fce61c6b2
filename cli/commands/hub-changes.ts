// Shows a plan of changes to the hub and carries it out: the part that install, remove and upgrade share.

import { describePlan, type Plan } from '../../ts/hub/plan.js';
import { executePlan } from '../../ts/hub/execute.js';
import type { FlagSpec, Invocation } from '../command.js';
import type { Context } from '../context.js';

const reloadHint = "\nRun 'sudo systemctl reload crowdsec' for the new configuration to be effective.";

/** The flags of every command that changes the hub. */
export const changeFlags: readonly FlagSpec[] = [
  { long: 'interactive', short: 'i', kind: 'bool', text: 'Ask before changing anything' },
  { long: 'dry-run', kind: 'bool', text: 'Show the plan and change nothing' },
];

/** Prints the plan as the flags ask, asks if wanted, and carries it out. */
export async function applyPlan(plan: Plan, { context, flags }: Invocation): Promise<void> {
  if (plan.actions.length === 0) {
    context.print('Nothing to install or remove.');
    return;
  }
  const isDryRun = flags.bool('dry-run');
  const text = describePlan(plan.actions, context.output === 'raw');
  if (flags.bool('interactive')) {
    context.print(`The following actions will be performed:\n${text}`);
    if (!(await confirm(context))) {
      context.print('operation canceled');
      return;
    }
  } else if (isDryRun || context.log.shows('info')) {
    context.print(`Action plan:\n${text}`);
  }
  if (isDryRun) {
    context.print('Dry run, no action taken.');
    return;
  }
  const needsReload = executePlan(plan.hub, plan.actions, { dataDir: context.config.paths.dataDir,
    force: flags.bool('force'), log: context.log, tell: (line) => context.print(line) });
  if (needsReload) context.print(reloadHint);
}

/** Yes is the default; without a terminal nobody is asked. */
async function confirm(context: Context): Promise<boolean> {
  if (!context.io.isStdinTty) return true;
  context.io.stdout.write('Do you want to continue? (Y/n) ');
  return !/^n/i.test((await context.io.readLine()).trim());
}
