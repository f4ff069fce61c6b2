// What of the recorded cases is not compared: commands that are not built, and answers that differ on purpose.

import type { GoldenCase, Ignored } from './golden-cases.js';

/** Commands that this version does not have, by their first words. */
const unbuilt: readonly string[] = ['capi', 'papi', 'console', 'notifications', 'support', 'setup', 'dashboard',
  'lapi context', 'config backup'];

/** Why a case is about a command that is not built, else undefined. */
export function isOutOfScope({ argv }: GoldenCase): string | undefined {
  const words = argv.filter((word, index) => !word.startsWith('-') && argv[index - 1] !== '-c');
  if (argv.includes('--key')) return 'config show --key is not built';
  const command = unbuilt.find((name) => words.join(' ').startsWith(name));
  return command === undefined ? undefined : `${command} is not built`;
}

/** A case that is not compared, or not in one stream. */
export interface Difference {
  readonly skip?: string;
  readonly ignore?: Ignored;
}

const ownVersion = { skip: 'names our own version and parts' };
const ownCommands = { skip: 'lint is our own command' };
const anyDecision = { skip: 'an alert matches an address by one decision, not by bounds of two' };
const features = { skip: 'CrowdSec\'s feature flags mean nothing here' };
const unbuiltConfig = { skip: 'config show has neither --key nor json nor raw yet' };
const prompt = { skip: 'the question is plain text, without terminal escapes' };
const plainWarning = { ignore: 'stderr' } as const;
const needsEngine = { skip: 'the counters changed between the cases' };
const postoverflowTrace = { skip: 'explain shows lines only, not the overflows they lead to' };

/** Deliberate differences, by case. */
export const differences: Readonly<Record<string, Difference>> = {
  'help-001-help': ownCommands,
  'help-097-no-args': ownCommands,
  'help-098-help': ownCommands,
  'help-052-help-explain': { skip: 'explain has --why' },
  'help-103-version': ownVersion,
  'fresh-stopped-019-version': ownVersion,
  'hub-067-parsers-install-foo-bar-crowdsecurity-pam-logs-ignore': plainWarning,
  'fresh-stopped-018-explain-log-garbage-type-syslog': { skip: 'explain needs no Local API and runs no other program' },
  'fresh-026-metrics-list': { skip: 'the descriptions are our own, and there is no appsec' },
  'populated-107-metrics-list-o-json': { skip: 'the descriptions are our own, and there is no appsec' },
  'fresh-028-config-show-o-json': unbuiltConfig,
  'fresh-029-config-show-o-raw': unbuiltConfig,
  'fresh-031-config-feature-flags': features,
  'fresh-032-config-feature-flags-retired': features,
  'populated-009-alerts-list-ip-192-0-2-10-o-raw': anyDecision,
  'populated-010-alerts-list-range-198-51-100-0-24-o-raw': anyDecision,
  'populated-011-alerts-list-range-198-51-0-0-16-o-raw': anyDecision,
  'populated-027-alerts-list-ip-203-0-113-99-o-raw': anyDecision,
  'populated-032-alerts-list-ip-203-0-113-99': anyDecision,
  'populated-033-alerts-list-ip-203-0-113-99-o-json': anyDecision,
  'populated-053-decisions-list-range-198-51-100-0-24-o-raw': anyDecision,
  'populated-230-alerts-delete-ip-192-0-2-11': anyDecision,
  'populated-314-alerts-delete-all': anyDecision,
  'populated-087-machines-inspect-nope': plainWarning,
  'populated-162-debug-decisions-list-ip-9-9-9-9': plainWarning,
  'populated-149-explain-log-garbage-type-nginx-failures': plainWarning,
  'populated-166-explain-log-sun-dec-04-04-47-44-2005-error-mod-jk-child-work': plainWarning,
  'populated-154-explain-file-dir-replay-nginx-log-type-nginx-failures': postoverflowTrace,
  'populated-158-explain-dsn-file-dir-replay-ssh-log-type-syslog-failures': postoverflowTrace,
  'populated-103-metrics': needsEngine,
  'populated-104-metrics-o-json': needsEngine,
  'populated-114-metrics-show-lapi': { skip: 'hit counters: many cases were recorded twice' },
  'populated-117-metrics-show-lapi-machine': { skip: 'hit counters: many cases were recorded twice' },
  'populated-115-metrics-show-lapi-bouncer': { skip: 'usage reports of bouncers are counted too' },
  'populated-167-collections-inspect-crowdsecurity-sshd': needsEngine,
  'populated-169-scenarios-inspect-crowdsecurity-ssh-bf': needsEngine,
  'populated-275-bouncers-prune-duration-1s': prompt,
  'populated-278-bouncers-prune-d-61s': prompt,
  'populated-293-machines-prune-d-10s': prompt,
  'populated-289-machines-list-o-raw': { skip: 'the machine has no engine that sends heartbeats' },
};
