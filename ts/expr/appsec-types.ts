// Types of `evt.Appsec`. Web traffic is not inspected here, so every method answers for an event without matches; rules
// that name them still compile and simply never apply.

import {
  anyType, boolType, intType, mapOf, sliceOf, stringType, type SliceType, type StructMethod, type StructType, type Type,
} from './types.js';

const noneFound: readonly never[] = [];

const ruleMethods: Record<string, StructMethod> = {};

/** The matches of a request: always an empty list here. */
export const matchedRulesType: SliceType = {
  kind: 'slice', element: mapOf(anyType, 'pipeline.MatchedRule'), made: false, name: 'pipeline.MatchedRules',
  methods: ruleMethods,
};

Object.assign(ruleMethods, {
  GetField: gives([stringType], sliceOf(anyType), noneFound),
  GetURI: gives([], stringType, ''),
  GetHash: gives([], stringType, ''),
  GetVersion: gives([], stringType, ''),
  GetName: gives([], stringType, ''),
  GetNames: gives([], sliceOf(stringType), noneFound),
  GetMethod: gives([], stringType, ''),
  GetRuleIDs: gives([], sliceOf(intType), noneFound),
  Kinds: gives([], sliceOf(stringType), noneFound),
  GetMatchedZones: gives([], sliceOf(stringType), noneFound),
  ByID: gives([intType], matchedRulesType, noneFound),
  ByKind: gives([stringType], matchedRulesType, noneFound),
  ByTags: gives([sliceOf(stringType)], matchedRulesType, noneFound),
  ByTag: gives([stringType], matchedRulesType, noneFound),
  ByTagRx: gives([stringType], matchedRulesType, noneFound),
  ByDisruptiveness: gives([boolType], matchedRulesType, noneFound),
  BySeverity: gives([stringType], matchedRulesType, noneFound),
  ByAccuracy: gives([stringType], matchedRulesType, noneFound),
  GetHighestSeverity: gives([], intType, 255),
});

/** `evt.Appsec`. */
export const appsecType: StructType = {
  kind: 'struct',
  name: 'pipeline.AppsecEvent',
  fields: {
    HasInBandMatches: { type: boolType, property: 'hasInBandMatches', zero: false },
    HasOutBandMatches: { type: boolType, property: 'hasOutBandMatches', zero: false },
    MatchedRules: { type: matchedRulesType, property: 'matchedRules', zero: null },
    Vars: { type: mapOf(stringType), property: 'vars', zero: null },
    HookVars: { type: mapOf(stringType), property: 'hookVars', zero: null },
  },
  methods: { GetVar: gives([stringType], stringType, ''), ...ruleMethods },
};

function gives(params: readonly Type[], returns: Type, value: unknown): StructMethod {
  return { params, returns, call: () => value };
}
