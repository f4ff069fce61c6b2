// Where the events of an alert came from: file, line and the parser nodes that were OK for it, as meta of each event.
// palisade.yaml can turn it off; alerts are CrowdSec's to the byte then.

import { basename } from 'node:path';
import { EventType, type Event } from '../event/event.js';
import { limits } from '../limits.js';
import type { MetaItem } from '../model/alert.js';
import type { NodeSpec, ParserSpec } from '../parser/spec.js';
import { withDescendants } from '../parser/writes.js';
import { remembered } from '../util/remembered.js';

/** Keys of the added meta. No rule of CrowdSec's hub writes them. */
export const provenanceKeys = { file: 'palisade_file', line: 'palisade_line', nodes: 'palisade_nodes' } as const;

const ownKeys: ReadonlySet<string> = new Set(Object.values(provenanceKeys));

/** Tells of events of one set of parsers. */
export class Provenance {
  /** The names of a set of nodes, whose numbers follow the order of loading, in which nodes run. Lines of one kind go through the same ones. */
  readonly #nodes: (ids: string) => string;

  constructor(parsers: ParserSpec) {
    const names = parsers.nodes.flatMap((top) => withDescendants(top).map((node) => nameOf(node, node === top)));
    this.#nodes = remembered((ids) => Array.from({ length: ids.length }, (_, index) => names[ids.charCodeAt(index)]).join(' > '),
      limits.rememberedNodeSetsMax);
  }

  /** Its file, line and nodes; for an overflow that came back those of the last of its own events. */
  of({ type, overflow, origin }: Event): MetaItem[] {
    if (type === EventType.overflow) return overflow?.alert?.events?.at(-1)?.meta.filter(({ key }) => ownKeys.has(key)) ?? [];
    // It did not fit beside what the event holds.
    if (origin === null) return [];
    return [
      { key: provenanceKeys.file, value: origin.src },
      { key: provenanceKeys.line, value: cut(origin.lineHead) },
      { key: provenanceKeys.nodes, value: this.#nodes(origin.nodes) },
    ];
  }
}

/** Inner nodes have seldom a name of their own: they are told by where they stand. */
function nameOf({ name, stage, place }: NodeSpec, isTop: boolean): string {
  return isTop ? `${stage} ${name}` : `${basename(place.file)}:${place.line}`;
}

function cut(line: string): string {
  return line.length <= limits.provenanceLineCharsMax ? line : `${line.slice(0, limits.provenanceLineCharsMax).replace(/[\ud800-\udbff]$/, '')}...`;
}
