// UnmarshalJSON as a method: the whole line is a JSON object, whose members become those of evt.Unmarshaled. The
// expression helper of the same name is in ts/expr-helpers/json.ts.

import type { Log } from '../config/log.js';
import type { Event } from '../event/event.js';
import { JsonError, parseJsonValue } from '../util/json-value.js';

/** Merges the line's object into evt.Unmarshaled; a line that is no JSON object changes nothing. */
export function unmarshalLine(event: Event, log: Log): void {
  let value: unknown;
  try {
    value = parseJsonValue(event.line.raw);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    log.error(`a line cannot be parsed as JSON: ${error.message}`);
    return;
  }
  if (value === null) return;
  if (typeof value !== 'object' || Array.isArray(value)) {
    log.error('a line cannot be parsed as JSON: it is not an object');
    return;
  }
  Object.assign(event.unmarshaled, value);
}
