// Helpers that read and write stashes.

import { durationType, errorType, pointerTo, stringType } from '../expr/types.js';
import type { HelperFamily } from './family.js';

/** GetFromStash and SetInStash. */
export const stashHelpers: HelperFamily = {
  GetFromStash: {
    params: [stringType, stringType], returns: stringType, usesStash: true,
    make: ({ stash, log }) => (name: string, key: string) => {
      if (!stash.has(name)) log.debug(`GetFromStash: there is no stash '${name}'`);
      return stash.get(name, key);
    },
  },
  SetInStash: {
    params: [stringType, stringType, stringType, pointerTo(durationType)], returns: errorType,
    usesStash: true, hasEffects: true,
    make: ({ stash }) => (name: string, key: string, value: string, ttlNs: number | null) => {
      stash.set(name, key, value, ttlNs);
      return null;
    },
  },
};
