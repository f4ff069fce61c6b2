// A configuration file together with its `.local` override: mappings merge deeply, scalars and lists replace.

import { existsSync } from 'node:fs';
import { PalisadeError } from '../errors.js';
import { decode, parseDocuments, type Shape } from './document.js';
import { expandEnvironment } from './expansion.js';
import { readText } from './text-file.js';

/**
 * Returns the decoded file, overridden by `<file>.local` where that exists; an empty file decodes as `{}`.
 * Throws E_FILE, E_YAML or E_SHAPE with the place in the file that is at fault.
 */
export function readWithOverride<T extends object>(file: string, shape: Shape<T>): T {
  const base = decodeFile(file, shape);
  const local = `${file}.local`;
  return existsSync(local) ? (merge(base, decodeFile(local, shape)) as T) : base;
}

function decodeFile<T extends object>(file: string, shape: Shape<T>): T {
  const documents = parseDocuments(file, expandEnvironment(readText(file)));
  if (documents.length > 1) {
    throw new PalisadeError('E_YAML', 'only one YAML document is allowed here', documents[1].placeOf(documents[1].root));
  }
  return documents.length === 0 ? ({} as T) : decode(documents[0], shape);
}

function merge(base: unknown, over: unknown): unknown {
  if (!isPlainObject(base) || !isPlainObject(over)) return over === undefined ? base : over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = merge(base[key], value);
  return merged;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
