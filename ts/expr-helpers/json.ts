// Helpers on JSON: values out of a text, texts of values, JSON into a map of the event.

import { anyType, errorType, mapOf, sliceOf, stringType } from '../expr/types.js';
import { ExprError } from '../expr/values.js';
import { goJsonText } from '../util/go-json-text.js';
import { findJson, type JsonKind, jsonPath, unescapeJson } from '../util/json-path.js';
import { JsonError, parseJsonValue } from '../util/json-value.js';
import { remembered } from '../util/remembered.js';
import type { DataFiles } from './data-files.js';
import type { HelperFamily } from './family.js';

const two = [stringType, stringType];

/** JsonExtract and its kin, ToJsonString and UnmarshalJSON. */
export const jsonHelpers: HelperFamily = {
  JsonExtract: { params: two, returns: stringType, isPure: true, make: ({ files }) => rememberingExtract(files) },
  JsonExtractUnescape: { params: [stringType], variadic: stringType, returns: stringType, make: () => extractUnescaped },
  JsonExtractLib: {
    params: [stringType], variadic: stringType, returns: stringType,
    // CrowdSec's own fails on any call that compiles; this is what its description promises.
    make: () => (json: string, ...path: string[]) => extract(json, path),
  },
  JsonExtractSlice: {
    params: two, returns: sliceOf(anyType),
    make: ({ log }) => (json: string, path: string) => extractValue(json, path, 'array', log.error),
  },
  JsonExtractObject: {
    params: two, returns: mapOf(anyType),
    make: ({ log }) => (json: string, path: string) => extractValue(json, path, 'object', log.error),
  },
  ToJsonString: {
    params: [anyType], returns: stringType,
    make: ({ log }) => (value: unknown) => {
      try {
        return goJsonText(value);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        log.error(`ToJsonString: ${error.message}`);
        return '';
      }
    },
  },
  UnmarshalJSON: {
    params: [stringType, mapOf(anyType), stringType], returns: errorType, hasEffects: true,
    make: () => (json: string, target: Record<string, unknown>, key: string) => {
      try {
        target[key] = parseJsonValue(json);
        return null;
      } catch (error) {
        if (error instanceof JsonError) throw new ExprError(error.message, { cause: error });
        throw error;
      }
    },
  },
};

const pathOf = remembered(jsonPath);

/** A filter asks every line of a data file for the same member, event after event: that is looked for once. */
function rememberingExtract(files: DataFiles): (json: string, path: string) => string {
  const membersOf = remembered((_path: string) => new Map<string, string>());
  return (json, path) => {
    if (!files.holdsJson(json)) return extract(json, pathOf(path));
    const members = membersOf(path);
    let member = members.get(json);
    if (member === undefined) members.set(json, member = extract(json, pathOf(path)));
    return member;
  };
}

/** The text of a value as it stands, a string without its quotes; '' when missing. */
function extract(json: string, path: readonly string[]): string {
  const span = findJson(json, path);
  return span === null ? '' : json.slice(span.start, span.end);
}

/** A string of the top level, its escapes resolved. CrowdSec looks at the first key only. */
function extractUnescaped(json: string, key?: string): string {
  if (key === undefined) throw new ExprError('JsonExtractUnescape needs a key');
  const span = findJson(json, [key]);
  return span?.kind === 'string' ? (unescapeJson(json.slice(span.start, span.end)) ?? '') : '';
}

function extractValue(json: string, path: string, kind: JsonKind, complain: (text: string) => void): unknown {
  const span = findJson(json, pathOf(path));
  if (span === null) return null;
  if (span.kind !== kind) {
    complain(`JSON at '${path}' is of type ${span.kind}, not ${kind}`);
    return null;
  }
  try {
    return parseJsonValue(json.slice(span.start, span.end));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    complain(`JSON at '${path}': ${error.message}`);
    return null;
  }
}
