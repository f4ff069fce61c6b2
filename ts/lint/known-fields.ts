// Which keys of Parsed, Meta and Enriched the known rules write, and which values of Meta go together: what filters can
// hope to find.

import type { NodeSpec } from '../parser/spec.js';
import { expressionsOf, staticsOf, withDescendants } from '../parser/writes.js';

export type MapName = 'Parsed' | 'Meta' | 'Enriched';

/** The values a top node can give a key of Meta; null for any. */
export type MetaValues = ReadonlyMap<string, ReadonlySet<string> | null>;

/** One top node as a writer of Meta. */
export interface Producer {
  readonly stage: string;
  readonly meta: MetaValues;
}

/** Keys that come from elsewhere than rules: web requests, and what the enrichment methods answer. */
const built: Readonly<Record<MapName, readonly string[]>> = {
  Parsed: ['source_ip', 'target_host', 'target_uri', 'method', 'req_uuid', 'source', 'remediation_cmpt_ip', 'hash', 'version',
    'inband_interrupted', 'inband_action', 'outofband_interrupted', 'outofband_action'],
  Meta: [],
  Enriched: ['IsoCode', 'IsInEU', 'Latitude', 'Longitude', 'ASNNumber', 'ASNumber', 'ASNOrg', 'SourceRange', 'reverse_dns',
    'MarshaledTime'],
};

/** What is written somewhere. */
export class KnownFields {
  readonly producers: Producer[] = [];
  readonly #keys: Readonly<Record<MapName, Set<string>>> = { Parsed: new Set(built.Parsed), Meta: new Set(built.Meta),
    Enriched: new Set(built.Enriched) };

  has(map: MapName, key: string): boolean {
    return this.#keys[map].has(key);
  }

  keys(map: MapName): string[] {
    return [...this.#keys[map]];
  }

  /** Takes in what a top node and those inside it write. */
  add(top: NodeSpec): void {
    const meta = new Map<string, Set<string> | null>();
    for (const node of withDescendants(top)) {
      for (const { name } of node.grok?.grok.fields ?? []) this.#keys.Parsed.add(name);
      for (const { target, source } of staticsOf(node)) {
        if (target.kind !== 'map') continue;
        this.#keys[mapNames[target.map]].add(target.key);
        if (target.map !== 'meta') continue;
        note(meta, target.key, source.kind === 'value' ? source.text : constantOf(source.expression.text));
      }
      for (const { text } of expressionsOf(node)) this.addCalls(text, meta);
    }
    this.producers.push({ stage: top.stage, meta });
  }

  /** Takes in what SetMeta and SetParsed write. */
  addCalls(expression: string, meta: Map<string, Set<string> | null> = new Map()): void {
    for (const [, map, , key] of expression.matchAll(/\bSet(Meta|Parsed)\(\s*(['"])([^'"]+)\2/g)) {
      this.#keys[map as MapName].add(key);
      if (map === 'Meta') note(meta, key, null);
    }
  }
}

const mapNames = { parsed: 'Parsed', meta: 'Meta', enriched: 'Enriched' } as const;

function note(meta: Map<string, Set<string> | null>, key: string, value: string | null): void {
  const known = meta.get(key);
  if (value === null || known === null) meta.set(key, null);
  else if (known === undefined) meta.set(key, new Set([value]));
  else known.add(value);
}

/** The text that an expression always gives, null when it depends on something. */
function constantOf(expression: string): string | null {
  return /^\s*(['"])([^'"\\]*)\1\s*$/.exec(expression)?.[2] ?? null;
}
