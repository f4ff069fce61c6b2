// The loaded form of parsers and postoverflows: plain data that travels to the workers by postMessage. Expressions are
// compiled, groks expanded, targets resolved; nothing here can run. node.ts makes it runnable.

import type { Located } from '../config/document.js';
import type { Place } from '../errors.js';
import type { CompiledExpr } from '../expr/compiled.js';
import type { GrokSpec } from '../grok/expand.js';
import type { DataFileSpec } from '../expr-helpers/data-declaration.js';
import type { StashSpec } from '../expr-helpers/stash.js';

/** Parsers and postoverflows do not share patterns or stages. */
export type World = 'parsers' | 'postoverflows';

/** An installed rule file. */
export interface RuleFile {
  /** Path as installed. */
  readonly path: string;
  /** The file itself where `path` is a link or relative. */
  readonly realPath?: string;
  /** Stage; by default the name of the directory it lies in, never what the file says. */
  readonly stage?: string;
  /** What the file says, where it is not to be read. */
  readonly text?: string;
}

/** All nodes of one world. */
export interface ParserSpec {
  readonly world: World;
  /** Stages that own at least one node, sorted by name. */
  readonly stages: readonly string[];
  /** Top nodes in load order. */
  readonly nodes: readonly NodeSpec[];
  /** In the order of declaration; the same name may occur twice (writes go to both, reads to the first). */
  readonly stashes: readonly StashSpec[];
  readonly dataFiles: readonly DataFileSpec[];
  /** What was skipped or ignored while loading, as sentences with places. */
  readonly warnings: readonly string[];
}

export interface NodeSpec {
  /** '' for a top node that has only a description or an author. */
  readonly name: string;
  readonly stage: string;
  readonly place: Place;
  readonly debug: boolean;
  /** `onsuccess: next_stage`. */
  readonly nextStage: boolean;
  readonly filter: CompiledExpr | null;
  /** Parts of the filter that must all hold, come before any effect and depend on fields of the event alone. */
  readonly conditions: readonly CompiledExpr[];
  /** The conditions are the whole filter. */
  readonly conditionsAreAll: boolean;
  readonly grok: GrokNodeSpec | null;
  readonly stash: readonly StashWriteSpec[];
  readonly children: readonly NodeSpec[];
  readonly statics: readonly StaticSpec[];
  readonly whitelist: WhitelistSpec | null;
}

/** A grok block: one pattern over one text. */
export interface GrokNodeSpec {
  readonly grok: GrokSpec;
  /** The pattern as written, or %{NAME} for one that the rule names; and where it stands. */
  readonly pattern: Located;
  readonly subject: GrokSubject;
  readonly statics: readonly StaticSpec[];
}

/** The text that a grok reads. A missing key of Parsed is a failed grok; an expression that yields no text reads ''. */
export type GrokSubject =
  | { readonly kind: 'raw' }
  | { readonly kind: 'parsed'; readonly key: string }
  | { readonly kind: 'expression'; readonly expression: CompiledExpr };

export interface StaticSpec {
  readonly place: Place;
  readonly source: StaticSource;
  readonly target: StaticTarget;
}

/** Where a static's value comes from. `copy` is an expression that does no more than name a text field, `join` one that adds two. */
export type StaticSource =
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'copy'; readonly from: FieldRef; readonly expression: CompiledExpr }
  | { readonly kind: 'join'; readonly from: readonly [MapField, MapField]; readonly expression: CompiledExpr }
  | { readonly kind: 'expression'; readonly expression: CompiledExpr };

/** A text field of an event that can be copied without evaluating anything. */
export type FieldRef = MapField | { readonly map: 'line' };

/** A key of one of an event's maps. */
export interface MapField {
  readonly map: 'parsed' | 'meta' | 'enriched';
  readonly key: string;
}

/** Where a static's value goes. `nowhere` is a path that names no text field: silent at run time, a warning at load. */
export type StaticTarget =
  | { readonly kind: 'method'; readonly name: string }
  | { readonly kind: 'map'; readonly map: 'parsed' | 'meta' | 'enriched'; readonly key: string }
  | { readonly kind: 'unmarshaled' | 'label'; readonly key: string }
  | { readonly kind: 'field'; readonly path: string }
  | { readonly kind: 'nowhere'; readonly path: string };

export interface WhitelistSpec {
  readonly reason: string;
  readonly ips: readonly string[];
  readonly cidrs: readonly string[];
  readonly expressions: readonly CompiledExpr[];
}

/** One `stash` entry of a node: what is written where, and for how long. */
export interface StashWriteSpec {
  readonly place: Place;
  readonly name: string;
  readonly key: CompiledExpr;
  readonly value: CompiledExpr;
  readonly ttlNs: number;
}
