// Helpers that ask data files.

import { boolType, mapOf, sliceOf, stringType } from '../expr/types.js';
import { isKnownBot } from './bots.js';
import type { HelperFamily } from './family.js';

/** File, RegexpInFile, FileMap, LookupFile and MatchKnownBot. */
export const fileHelpers: HelperFamily = {
  File: {
    params: [stringType], returns: sliceOf(stringType), givesFixedList: true,
    make: ({ files }) => (name: string) => files.lines(name),
  },
  RegexpInFile: {
    params: [stringType, stringType], returns: boolType, asksLoadedData: true,
    make: ({ files }) => (text: string, name: string) => files.matchesAny(text, name),
  },
  FileMap: {
    params: [stringType], returns: sliceOf(mapOf(stringType)),
    make: ({ files }) => (name: string) => files.rows(name),
  },
  LookupFile: {
    params: [stringType, stringType], returns: stringType, asksLoadedData: true,
    make: ({ files }) => (text: string, name: string) => files.tagOf(text, name),
  },
  MatchKnownBot: {
    params: [stringType, stringType, stringType], variadic: stringType, returns: boolType, isAsync: true,
    make: ({ files, dns }) => (source: string, userAgent: string, path: string, ...names: string[]) =>
      isKnownBot(source, userAgent, path, names.flatMap((name) => files.bots(name)), dns),
  },
};
