// `overload` of palisade.yaml: what to do with followed logs that grow faster than the engine reads them.

import { PalisadeError } from '../errors.js';
import { parseGoDuration } from '../util/go-duration.js';
import { integer, type Located, located, record } from './document.js';

export type OverloadPolicy = 'wait' | 'sample' | 'skip-to-now';

/** The choice and its numbers. */
export interface OverloadConfig {
  readonly policy: OverloadPolicy;
  /** Lines are left out only when the engine has been behind for so long. */
  readonly lagMs: number;
  /** Of so many lines a sample keeps one. */
  readonly keepOneIn: number;
}

/** The keys in palisade.yaml. */
export const overloadShape = record({ policy: located(), lag: located(), keep_one_in: integer() });

/** CrowdSec's own way. */
export const defaultOverload: OverloadConfig = { policy: 'wait', lagMs: 10_000, keepOneIn: 10 };

const policies: readonly string[] = ['wait', 'sample', 'skip-to-now'] satisfies OverloadPolicy[];

/** Throws E_CONFIG at what is no policy, duration or number of lines. */
export function resolveOverload(raw: { readonly policy?: Located; readonly lag?: Located; readonly keep_one_in?: number } | undefined): OverloadConfig {
  const { policy, lag, keep_one_in: keepOneIn = defaultOverload.keepOneIn } = raw ?? {};
  if (policy !== undefined && !policies.includes(policy.text)) {
    throw new PalisadeError('E_CONFIG', `overload.policy is "${policy.text}", must be one of ${policies.join(', ')}`, policy.place);
  }
  if (keepOneIn < 1) throw new PalisadeError('E_CONFIG', `overload.keep_one_in is ${keepOneIn}, must be 1 or more`);
  return { policy: (policy?.text ?? defaultOverload.policy) as OverloadPolicy, keepOneIn,
    lagMs: lag === undefined ? defaultOverload.lagMs : millisecondsOf(lag) };
}

function millisecondsOf({ text, place }: Located): number {
  try {
    return parseGoDuration(text) / 1e6;
  } catch (error) {
    throw new PalisadeError('E_CONFIG', `overload.lag: ${(error as Error).message}`, place);
  }
}
