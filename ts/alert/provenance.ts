// Where the events of an alert came from: file, line and the parser nodes that were OK for it, as meta of each event. Only
// where palisade.yaml asks for it; alerts are CrowdSec's to the byte otherwise.

import { basename } from 'node:path';
import { EventType, type Event } from '../event/event.js';
import type { FieldReads } from '../expr/compiled.js';
import { limits } from '../limits.js';
import type { MetaItem } from '../model/alert.js';
import type { NodeSpec, ParserSpec } from '../parser/spec.js';
import { withDescendants } from '../parser/writes.js';

/** Keys of the added meta. No rule of CrowdSec's hub writes them. */
export const provenanceKeys = { file: 'palisade_file', line: 'palisade_line', nodes: 'palisade_nodes' } as const;

/** What must be kept with every event. */
export const provenanceReads: FieldReads = { all: false, parsed: [], meta: [], enriched: [], unmarshaled: false, lineRaw: true,
  other: ['Line.Src'] };

/** Tells of events of one set of parsers. */
export class Provenance {
  readonly #names: readonly string[];

  constructor(parsers: ParserSpec) {
    this.#names = parsers.nodes.flatMap((top) => withDescendants(top).map((node) => nameOf(node, node === top)));
  }

  /** Its file, line and nodes; nothing for an event that was made of an overflow, whose own events say it. */
  of({ type, line, okNodes }: Event): MetaItem[] {
    if (type === EventType.overflow) return [];
    // Numbers follow the order of loading, in which nodes run; a child is noted before its parent.
    const nodes = [...okNodes ?? []].sort((a, b) => a - b).map((id) => this.#names[id]);
    return [
      { key: provenanceKeys.file, value: line.src },
      { key: provenanceKeys.line, value: cut(line.raw) },
      { key: provenanceKeys.nodes, value: nodes.join(' > ') },
    ];
  }
}

/** Inner nodes have seldom a name of their own: they are told by where they stand. */
function nameOf({ name, stage, place }: NodeSpec, isTop: boolean): string {
  return isTop ? `${stage} ${name}` : `${basename(place.file)}:${place.line}`;
}

function cut(line: string): string {
  return line.length <= limits.provenanceLineCharsMax ? line : `${line.slice(0, limits.provenanceLineCharsMax)}...`;
}
