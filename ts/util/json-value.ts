// JSON that came from outside as values: objects without a prototype, so that no key of the data can reach
// JavaScript's own, and bounded in depth. Numbers are float64, as in Go.

import { limits } from '../limits.js';
import { goJsonError } from './go-json.js';

/** A text is not JSON that can be used. The message is in the words of Go's decoder. */
export class JsonError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonError';
  }
}

/** The value of a JSON text. Throws JsonError when it is malformed, too deep, or has a number beyond float64. */
export function parseJsonValue(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new JsonError(goJsonError(text));
  }
  strip(value, 0);
  return value;
}

/** Takes the prototype off every object. Cheaper than building new ones: a shape changes once for all alike. */
function strip(value: unknown, depth: number): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new JsonError('json: cannot unmarshal number into Go value of type float64');
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth >= limits.jsonDepthMax) throw new JsonError('exceeded max depth');
  if (Array.isArray(value)) {
    for (const item of value) strip(item, depth + 1);
    return;
  }
  Object.setPrototypeOf(value, null);
  for (const key in value) strip((value as Record<string, unknown>)[key], depth + 1);
}
