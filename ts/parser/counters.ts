// CrowdSec's counters of parsing, one set of handles for each source of lines. Labels are put together when a handle is
// first needed; counting itself is an addition.

import type { Line } from '../event/line.js';
import type { Counters } from '../metrics/counters.js';
import type { LinkedNode } from './node.js';

const noHandle = -1;

/** Sources come and go (containers, remote addresses); handles of so many are kept, then all are looked up anew. */
const sourcesMax = 4096;

/** The counters of each source of lines. */
export class CountersBySource {
  readonly #bySource = new Map<string, SourceCounters>();
  readonly #counters: Counters;
  readonly #nodeCount: number;

  constructor(counters: Counters, nodeCount: number) {
    this.#counters = counters;
    this.#nodeCount = nodeCount;
  }

  /** The counters of a line's source; the same object for the same source, module and labels. */
  of(line: Line): SourceCounters {
    const key = `${line.src}\0${line.module}\0${Object.entries(line.labels).flat().join('\0')}`;
    let known = this.#bySource.get(key);
    if (known === undefined) {
      if (this.#bySource.size >= sourcesMax) this.#bySource.clear();
      this.#bySource.set(key, known = new SourceCounters(this.#counters, line, this.#nodeCount));
    }
    return known;
  }
}

/** The counters of one source (`source`, `type`, `acquis_type` labels). */
export class SourceCounters {
  readonly #counters: Counters;
  readonly #labels: { readonly source: string; readonly type: string };
  readonly #acquisType: string;
  readonly #typed: { readonly source: string; readonly type: string; readonly acquis_type: string };
  readonly #hits: number[];
  readonly #ok: number[];
  readonly #ko: number[];
  readonly #whitelistHits: number[];
  readonly #whitelistOk: number[];

  constructor(counters: Counters, line: Line, nodeCount: number) {
    this.#counters = counters;
    this.#labels = { source: line.src, type: line.module };
    this.#acquisType = line.labels['type'] || 'unknown';
    this.#typed = { ...this.#labels, acquis_type: line.labels['type'] ?? '' };
    const none = (): number[] => new Array<number>(nodeCount).fill(noHandle);
    this.#hits = none();
    this.#ok = none();
    this.#ko = none();
    this.#whitelistHits = none();
    this.#whitelistOk = none();
  }

  /** `count` lines were parsed, `okCount` of them to the end. Once a batch, so the handles need no cache. */
  parsed(count: number, okCount: number): void {
    const counters = this.#counters;
    counters.add(counters.handle('cs_parser_hits_total', this.#labels), count);
    if (okCount > 0) counters.add(counters.handle('cs_parser_hits_ok_total', this.#typed), okCount);
    if (okCount < count) counters.add(counters.handle('cs_parser_hits_ko_total', this.#typed), count - okCount);
  }

  /** `count` events passed the filter of a node. CrowdSec counts nothing for a node without a name. */
  nodeEntered(node: LinkedNode, count: number): void {
    if (node.name !== '') this.#add(this.#hits, 'cs_node_hits_total', node, count);
  }

  /** Of the events inside a node, `okCount` left it OK and `koCount` KO; those that a static ended count as neither. */
  nodeLeft(node: LinkedNode, okCount: number, koCount: number): void {
    if (node.name === '') return;
    if (okCount > 0) this.#add(this.#ok, 'cs_node_hits_ok_total', node, okCount);
    if (koCount > 0) this.#add(this.#ko, 'cs_node_hits_ko_total', node, koCount);
  }

  /** A list of a node's whitelist (its addresses, or its expressions) was asked about `count` events. */
  whitelistAsked(node: LinkedNode, count: number, matchCount: number): void {
    this.#add(this.#whitelistHits, 'cs_node_wl_hits_total', node, count);
    if (matchCount > 0) this.#add(this.#whitelistOk, 'cs_node_wl_hits_ok_total', node, matchCount);
  }

  #add(handles: number[], name: string, node: LinkedNode, count: number): void {
    let handle = handles[node.id];
    if (handle === noHandle) handle = handles[node.id] = this.#counters.handle(name, this.#labelsOf(name, node));
    this.#counters.add(handle, count);
  }

  #labelsOf(name: string, node: LinkedNode): Record<string, string> {
    const labels = { ...this.#labels, name: node.name, stage: node.stage, acquis_type: this.#acquisType };
    return name.startsWith('cs_node_wl_') ? { ...labels, reason: node.whitelist?.reason ?? '' } : labels;
  }
}
