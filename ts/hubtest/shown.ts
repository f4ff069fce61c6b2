// Values of assertions as text for people: YAML, under the names that CrowdSec's dumps have.

import { Event } from '../event/event.js';
import { Fields } from '../event/fields.js';
import { snapshotOf } from '../parser/trace.js';
import { eventEntry } from '../pipeline/dump-files.js';
import { yamlText } from '../pipeline/dump-yaml.js';
import { GoTime } from '../util/go-time.js';
import { GoInt } from '../util/go-value.js';

/** A value as YAML, without the line end. */
export function shown(value: unknown): string {
  return yamlText(plain(value)).trimEnd();
}

function plain(value: unknown): unknown {
  if (value instanceof Event) return eventEntry({ ...snapshotOf(value), Overflow: value.overflow });
  if (value instanceof Fields) return value.toObject();
  if (value instanceof GoTime) return value.toRfc3339Nano();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof GoInt) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
