// Helpers that count decisions in the Local API's database. Without a database every count is 0, as in CrowdSec.

import { durationType, intType, stringType } from '../expr/types.js';
import { ExprError } from '../expr/values.js';
import { DurationError, parseDurationWithDays } from '../util/go-duration.js';
import type { DecisionCounts, HelperContext } from './context.js';
import type { HelperEntry, HelperFamily } from './family.js';

/** GetDecisionsCount and its kin, all asynchronous. */
export const decisionHelpers: HelperFamily = {
  GetDecisionsCount: {
    params: [stringType], returns: intType, isAsync: true,
    make: (context) => (value: string) => ask(context, (counts) => counts.count(value, null), 0),
  },
  GetDecisionsSinceCount: {
    params: [stringType, stringType], returns: intType, isAsync: true,
    make: (context) => (value: string, since: string) => ask(context, (counts) => {
      const sinceNs = durationOf(since, context);
      return sinceNs === null ? Promise.resolve(0) : counts.count(value, context.now().add(-sinceNs));
    }, 0),
  },
  GetActiveDecisionsCount: active('GetActiveDecisionsCount', (counts, value) => counts.activeCount(value), false),
  GetActiveDecisionsTimeLeft: active('GetActiveDecisionsTimeLeft', (counts, value) => counts.activeTimeLeftNs(value),
    true),
};

/** Failures of these two are errors of the expression; failures of the plain counts are 0. */
function active(name: string, query: (counts: DecisionCounts, value: string) => Promise<number>,
  isDuration: boolean): HelperEntry {
  return {
    params: [stringType], returns: isDuration ? durationType : intType, isAsync: true,
    make: (context) => async (value: string) => {
      if (context.decisions === null) return noDatabase(context);
      try {
        return await query(context.decisions, value);
      } catch (error) {
        throw new ExprError(`${name} of '${value}': ${(error as Error).message}`, { cause: error });
      }
    },
  };
}

async function ask(context: HelperContext, query: (counts: DecisionCounts) => Promise<number>,
  otherwise: number): Promise<number> {
  if (context.decisions === null) return noDatabase(context);
  try {
    return await query(context.decisions);
  } catch (error) {
    context.log.error(`decisions cannot be counted: ${(error as Error).message}`);
    return otherwise;
  }
}

function noDatabase(context: HelperContext): number {
  context.log.error('decisions cannot be counted: there is no database here');
  return 0;
}

function durationOf(text: string, context: HelperContext): number | null {
  try {
    return parseDurationWithDays(text);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    context.log.error(`GetDecisionsSinceCount: ${error.message}`);
    return null;
  }
}
