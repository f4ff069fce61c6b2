// Where the commands of `cscli hubtest` find a hub, its data and the clock.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { HubOptions } from '../../ts/hubtest/run-all.js';
import type { FlagSpec, Invocation } from '../command.js';

/** The flags of `hubtest` and of every command below it. */
export const hubFlags: readonly FlagSpec[] = [
  { long: 'hub', kind: 'string', fallback: '.', text: 'Path of the hub folder' },
  { long: 'crowdsec', kind: 'string', fallback: 'crowdsec', text: 'Accepted, has no effect: no other program is run' },
  { long: 'cscli', kind: 'string', fallback: 'cscli', text: 'Accepted, has no effect: no other program is run' },
  { long: 'appsec', kind: 'bool', text: 'Tests of web requests: refused, they are not inspected' },
];

/** The hub folder that a command is about. Throws where web requests are to be tested. */
export function hubOf({ context, flags }: Invocation): string {
  if (flags.bool('appsec')) throw new Error('appsec rules cannot be tested: web requests are not inspected');
  return context.path(flags.text('hub'));
}

/**
 * What the tests of a hub run with. Data files are looked for in --data, in the hub's own data folder, then where the
 * instance has its own. From here on the process is in UTC, as the tests were written.
 */
export function hubOptions(invocation: Invocation): HubOptions {
  const { context, flags } = invocation;
  const hubDir = hubOf(invocation);
  process.env['TZ'] = 'UTC';
  const paths = context.optionalConfig?.paths;
  const named = flags.text('data');
  return { hubDir, dataDirs: [...(named === '' ? [] : [context.path(named)]), join(hubDir, 'data'), ...(paths === undefined ? [] : [paths.dataDir])],
    patternDir: paths !== undefined && existsSync(paths.patternDir) ? paths.patternDir : '',
    clockOffsetMs: context.io.now().getTime() - Date.now() };
}
