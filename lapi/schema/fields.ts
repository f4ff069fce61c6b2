// The few kinds of fields that CrowdSec's bodies are made of, as TypeBox schemas. Each carries the name of CrowdSec's
// Go type, which its error texts show. These schemas drive validation (validate.ts), the TypeScript types and
// the OpenAPI document (openapi.ts).

import { Type, type TObject, type TProperties, type TSchema } from '@sinclair/typebox';

/** Text, its length in characters. */
export function text(bounds: { minLength?: number; maxLength?: number; contentMediaType?: string } = {}) {
  return Type.String({ ...bounds, goType: 'string' });
}

/** True or false. */
export function flag() {
  return Type.Boolean({ goType: 'bool' });
}

/** A whole number of 32 or 64 bits. */
export function whole(goType: 'int32' | 'int64') {
  const bound = goType === 'int32' ? 2 ** 31 : 2 ** 63;
  return Type.Integer({ minimum: -bound, maximum: bound - 1, goType });
}

/** A number with a fraction, of a size that its type holds: JSON itself knows no bound. */
export function decimal(goType: 'float32' | 'float64') {
  // The largest float32 in its shortest digits, as Go reads and prints it: a little more than the number itself.
  const bound = goType === 'float32' ? 3.4028235e38 : Number.MAX_VALUE;
  return Type.Number({ minimum: -bound, maximum: bound, goType });
}

/** A list; null stands for none. */
export function listOf<T extends TSchema>(item: T, goType: string) {
  return Type.Array(item, { goType });
}

/** A map with text keys. */
export function mapOf<T extends TSchema>(item: T, goType: string) {
  return Type.Record(Type.String(), item, { goType });
}

/** An object; `goType` is the name of its Go struct. Fields wrapped in Type.Optional may be absent or null. */
export function struct<T extends TProperties>(goType: string, properties: T): TObject<T> {
  return Type.Object(properties, { goType });
}
