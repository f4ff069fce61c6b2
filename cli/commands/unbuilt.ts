// Commands of CrowdSec's cscli that Palisade does not have yet. Each is an error that names it.

import type { CommandSpec } from '../command.js';

const commands: readonly (readonly [name: string, text: string])[] = [
  ['capi', 'Central API'],
  ['console', 'CrowdSec console'],
  ['notifications', 'Notification plugins'],
  ['papi', 'Polling API'],
  ['setup', 'Detection of services'],
  ['support', 'Support dumps'],
];

/** One command for each noun that is not built. */
export function unbuiltCommands(): CommandSpec[] {
  return commands.map(([name, text]) => ({
    use: name, text: `${text} (not built yet)`, args: { kind: 'any' }, takesUnknownFlags: true,
    run: ({ args }) => {
      throw new Error(`"${['cscli', name, ...args].join(' ')}" is not built yet`);
    },
  }));
}
