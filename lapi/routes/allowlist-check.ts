// Which of many targets the allowlists hold: what `cscli decisions import` asks before it sends.

import { Refusal } from '../errors.js';
import { lapiLimits } from '../limits.js';
import { IpRangeError } from '../store/ip-range.js';
import type { Store } from '../store/store.js';

/** Returns the answer to a bulk check. Throws a Refusal. */
export async function checkAllowlists(store: Store, targets: readonly string[]): Promise<object> {
  if (targets.length === 0) throw new Refusal('badBody', 'targets list cannot be empty');
  if (targets.length > lapiLimits.allowlistTargetsMax) {
    throw new Refusal('badBody', `more than ${lapiLimits.allowlistTargetsMax} targets`);
  }
  const reasons = await refusing(() => store.allowlists.reasonsOfMany(targets));
  return { results: targets.map((target, index) => ({ allowlists: reasons[index], target }))
    .filter(({ allowlists }) => allowlists.length > 0) };
}

/** Asks with a target that may be none. Throws a Refusal. */
export async function refusing<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof IpRangeError)) throw error;
    throw new Refusal('badValue', error.message);
  }
}
