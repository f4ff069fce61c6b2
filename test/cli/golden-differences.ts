// What of the recorded cases is not compared: commands that are not built, and answers that differ on purpose.

import type { GoldenCase } from './golden-cases.js';

/** Commands that this version does not have, by their first words. */
const unbuilt: readonly string[] = ['capi', 'papi', 'console', 'notifications', 'hubtest', 'support', 'setup', 'dashboard',
  'lapi context', 'config backup'];

/** Why a case is about a command that is not built, else undefined. */
export function isOutOfScope({ argv }: GoldenCase): string | undefined {
  const words = argv.filter((word, index) => !word.startsWith('-') && argv[index - 1] !== '-c');
  const command = unbuilt.find((name) => words.join(' ').startsWith(name));
  return command === undefined ? undefined : `${command} is not built`;
}

/** Deliberate differences, by case. */
export const differences: Readonly<Record<string, string>> = {
};
