// The json output format: Go's encoding, with the control characters that JSON allows escaped as well.

import { goJsonText } from '../../ts/util/go-json-text.js';

/** A value as indented JSON, keys in the order given, without a line end. */
export function json(value: unknown, indent: string): string {
  return goJsonText(value, { indent, keys: 'kept' }).replace(/[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
