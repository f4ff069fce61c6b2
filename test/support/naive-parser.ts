// The parser stages as engine.md of the reference material tells them, one event after the other: the oracle for
// ts/parser. It shares the event, the expression interpreter and the enrichers with it, and nothing of ts/parser,
// ts/grok or native/: groks are expanded here and run as RE2 objects on strings, rules are plain YAML data.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import RE2 from 're2';
import { parseAllDocuments } from 'yaml';
import { linkEnrichers } from '../../ts/enrich/table.js';
import { type Event, type EventNames, EventType } from '../../ts/event/event.js';
import { compile } from '../../ts/expr/compiled.js';
import { logEnv } from '../../ts/expr/env.js';
import { interpreter } from '../../ts/expr/interpret.js';
import { newRuntime } from '../../ts/expr/runtime.js';
import { ExprError } from '../../ts/expr/values.js';
import type { HelperContext } from '../../ts/expr-helpers/context.js';
import { helperTable } from '../../ts/expr-helpers/table.js';
import { parseGoDuration } from '../../ts/util/go-duration.js';
import { formatFloatFixed } from '../../ts/util/go-float.js';
import { GoInt } from '../../ts/util/go-value.js';
import { IpAddress, parseCidr, parseIp } from '../../ts/util/ip.js';

/** A rule file by path, with its stage. */
export interface NaiveFile {
  readonly path: string;
  readonly realPath?: string;
  readonly stage?: string;
}

/** What the oracle borrows. */
export interface NaiveWorld {
  /** Makes the function of an expression over `evt`; a run-time failure throws or rejects. */
  interpret(text: string): { run(event: Event): unknown; readonly resultType: string };
  /** Runs the method of a static. */
  enrich(method: string, text: string, event: Event): void | Promise<void>;
  setStash(name: string, key: string, value: string, ttl: string): void;
  declareStash(name: string, size: number, ttl: string, strategy: string): void;
}

/** Is told after each top node that ran. */
export type NaiveTrace = (stage: string, node: string, ok: boolean, event: Event) => void;

interface RawStatic {
  method?: string; parsed?: string; meta?: string; enriched?: string; target?: string; value?: string; expression?: string;
}

interface RawNode {
  name?: string; description?: string; author?: string; onsuccess?: string; filter?: string; format?: string;
  nodes?: RawNode[];
  pattern_syntax?: Record<string, string>;
  grok?: { name?: string; pattern?: string; apply_on?: string; expression?: string; statics?: RawStatic[] };
  statics?: RawStatic[];
  stash?: { name: string; key: string; value: string; ttl: string; size?: string; strategy?: string }[];
  whitelist?: { reason?: string; ip?: string[]; cidr?: string[]; expression?: string[] };
}

interface Expression {
  run(event: Event): unknown;
  readonly resultType: string;
}

interface NaiveNode {
  readonly raw: RawNode;
  readonly name: string;
  readonly filter: Expression | null;
  readonly grok: { readonly regex: RE2; readonly groups: ReadonlyMap<string, string> } | null;
  readonly grokSource: Expression | null;
  readonly grokStatics: readonly NaiveStatic[];
  readonly statics: readonly NaiveStatic[];
  readonly stash: readonly { readonly name: string; readonly ttl: string; readonly key: Expression; readonly value: Expression }[];
  readonly whitelistExpressions: readonly Expression[];
  readonly children: readonly NaiveNode[];
}

interface NaiveStatic {
  readonly raw: RawStatic;
  readonly expression: Expression | null;
}

/** Ends an event: a static gave a value that has no text. */
class EventEnded extends Error {}

/** One world (parsers or postoverflows) of rules. */
export class NaiveParser {
  readonly #world: NaiveWorld;
  readonly #patterns = new Map<string, string>();
  readonly #nodes: { readonly stage: string; readonly node: NaiveNode }[] = [];
  readonly #stages: readonly string[];

  /** `patternFiles` are read first, in this order. */
  constructor(files: readonly NaiveFile[], patternFiles: readonly string[], world: NaiveWorld) {
    this.#world = world;
    for (const file of patternFiles) this.#readPatterns(file);
    for (const { path, realPath, stage = '' } of files) {
      // As failsafe data every scalar is its source text, which is what fields of type string get.
      for (const document of parseAllDocuments(readFileSync(realPath ?? path, 'utf8'), { schema: 'failsafe' })) {
        const raw = document.toJS() as RawNode | string | null;
        if (raw === null || typeof raw === 'string') continue;
        if (!raw.name && !raw.description && !raw.author) continue;
        if (raw.format && (Number.parseFloat(raw.format) < 1 || Number.parseFloat(raw.format) > 3)) continue;
        this.#nodes.push({ stage, node: this.#compile(raw, raw.name ?? '') });
      }
    }
    this.#stages = [...new Set(this.#nodes.map(({ stage }) => stage))].sort();
  }

  /** Runs the stages over an event; returns (and sets `process` to) whether it came through. */
  async run(event: Event, trace: NaiveTrace = () => {}): Promise<boolean> {
    event.process = false;
    if (event.stage === '') event.stage = this.#stages[0] ?? '';
    try {
      for (const [index, stage] of this.#stages.entries()) {
        const at = this.#stages.indexOf(event.stage);
        if (at > index) continue;
        if (at < index || !(await this.#runStage(stage, event, trace))) return false;
      }
    } catch (error) {
      if (error instanceof EventEnded) return false;
      throw error;
    }
    event.process = true;
    return true;
  }

  async #runStage(stage: string, event: Event, trace: NaiveTrace): Promise<boolean> {
    let stageOk = false;
    for (const { stage: owner, node } of this.#nodes) {
      if (owner !== stage) continue;
      const ok = await this.#runNode(node, event);
      trace(stage, node.name, ok, event);
      if (ok) stageOk = true;
      if (ok && node.raw.onsuccess === 'next_stage') break;
      if (event.stage !== stage) break;
    }
    return stageOk;
  }

  async #runNode(node: NaiveNode, event: Event): Promise<boolean> {
    const nextStage = node.raw.onsuccess === 'next_stage';
    if (node.filter !== null && (await attempt(() => node.filter?.run(event), false)) !== true) return false;
    const { whitelist } = node.raw;
    const isWhitelist = whitelist !== undefined
      && ((whitelist.ip ?? []).length + (whitelist.cidr ?? []).length + (whitelist.expression ?? []).length) > 0;
    const whitelisted = isWhitelist && await this.#checkWhitelist(node, event);
    let ok = true;
    let grokOk = false;
    if (node.grok !== null) {
      grokOk = ok = await this.#matchGrok(node, event);
      if (grokOk) await this.#runStatics(node.grokStatics, event);
    }
    if (grokOk || node.grok === null) await this.#runStash(node, event);
    for (const child of node.children) {
      if (await this.#runNode(child, event)) {
        ok = true;
        if (nextStage) break;
      } else if (!grokOk) ok = false;
    }
    if (!ok) return false;
    if (!isWhitelist || whitelisted) await this.#runStatics(node.statics, event);
    if (nextStage) {
      const next = this.#stages.indexOf(event.stage) + 1;
      if (next < this.#stages.length) event.stage = this.#stages[next];
    }
    return true;
  }

  async #checkWhitelist(node: NaiveNode, event: Event): Promise<boolean> {
    const { reason = '', ip = [], cidr = [] } = node.raw.whitelist ?? {};
    const texts = event.type === EventType.log ? [event.meta.get('source_ip')] : Object.keys(event.overflow?.sources ?? {});
    const sources = texts.map((text) => parseIp(text)).filter((address) => address !== null);
    let matched = sources.some((source) => ip.some((text) => (parseIp(text) as IpAddress).equals(source))
      || cidr.some((text) => parseCidr(text)?.contains(source)));
    for (const expression of matched ? [] : node.whitelistExpressions) {
      const value = await attempt(() => expression.run(event), failed);
      matched = value === true;
      if (matched || value === failed) break;
    }
    if (matched && !event.whitelisted) {
      event.whitelisted = true;
      event.whitelistReason = reason;
      if (event.overflow !== null) event.overflow.whitelisted = true;
    }
    return matched;
  }

  async #matchGrok(node: NaiveNode, event: Event): Promise<boolean> {
    const { apply_on: field } = node.raw.grok ?? {};
    let subject = '';
    if (field === 'Line.Raw') subject = event.line.raw;
    else if (field) {
      if (!event.parsed.has(field)) return false;
      subject = event.parsed.get(field);
    } else {
      const value = await attempt(() => node.grokSource?.run(event), failed);
      if (value === failed) return false;
      if (typeof value === 'string') subject = value;
      else if (value instanceof GoInt) subject = String(value.value);
      else if (typeof value === 'number') subject = formatFloatFixed(value);
    }
    const match = node.grok?.regex.exec(subject);
    const groups = node.grok?.groups as ReadonlyMap<string, string>;
    if (!match || groups.size === 0) return false;
    for (const [name, group] of groups) event.parsed.set(name, match.groups?.[group] ?? '');
    return true;
  }

  async #runStash(node: NaiveNode, event: Event): Promise<void> {
    for (const stash of node.stash) {
      const value = await attempt(() => stash.value.run(event), failed);
      if (typeof value !== 'string') continue;
      const key = await attempt(() => stash.key.run(event), failed);
      if (typeof key === 'string') this.#world.setStash(stash.name, key, value, stash.ttl);
    }
  }

  async #runStatics(statics: readonly NaiveStatic[], event: Event): Promise<void> {
    for (const { raw, expression } of statics) {
      let text = raw.value ?? '';
      if (text === '' && expression !== null) {
        const value = await attempt(() => expression.run(event), failed);
        if (value === failed) continue;
        text = textOf(value, expression.resultType);
      }
      if (text === '' && raw.method !== 'ParseDate') continue;
      if (raw.method) await this.#world.enrich(raw.method, text, event);
      else if (raw.parsed) event.parsed.set(raw.parsed, text);
      else if (raw.meta) event.meta.set(raw.meta, text);
      else if (raw.enriched) event.enriched.set(raw.enriched, text);
      else setByName(event, raw.target ?? '', text);
    }
  }

  #compile(raw: RawNode, name: string): NaiveNode {
    const expression = (text: string | undefined): Expression | null => (text ? this.#world.interpret(text) : null);
    const statics = (list: RawStatic[] | undefined): NaiveStatic[] => (
      (list || []).map((item) => ({ raw: item, expression: expression(item.expression) })));
    const filter = expression(raw.filter);
    for (const [key, text] of Object.entries(raw.pattern_syntax || {})) {
      if (!this.#patterns.has(key)) this.#patterns.set(key, text);
    }
    const { name: patternName, pattern } = raw.grok || {};
    const source = patternName ? this.#patterns.get(patternName) : pattern;
    const stash = (raw.stash ?? []).map((item) => {
      this.#world.declareStash(item.name, Number(item.size ?? 100) || 100, item.ttl, item.strategy ?? 'LRU');
      return { name: item.name, ttl: item.ttl, key: this.#world.interpret(item.key), value: this.#world.interpret(item.value) };
    });
    return {
      raw, name, filter, stash,
      grok: source ? this.#expand(source) : null,
      grokSource: expression(raw.grok?.expression),
      grokStatics: statics(raw.grok?.statics),
      children: (raw.nodes || []).map((child) => this.#compile(child, child.name || `child-${name}`)),
      statics: statics(raw.statics),
      whitelistExpressions: (raw.whitelist?.expression || []).map((text) => this.#world.interpret(text)),
    };
  }

  #readPatterns(file: string): void {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const match = /^(\w+)\s+(.+?)\r?$/.exec(line);
      if (match !== null) this.#patterns.set(match[1], match[2]);
    }
  }

  /** Every reference becomes a group with a name of its own; which of them a field reads is settled level by level. */
  #expand(pattern: string): { regex: RE2; groups: ReadonlyMap<string, string> } {
    let count = 0;
    const level = (text: string): { text: string; fields: Map<string, string> } => {
      const inherited = new Map<string, string>();
      const own = new Map<string, string>();
      const expanded = text.replace(/%\{(\w+)(?::(\w+))?\}/g, (_, name: string, field: string | undefined) => {
        const group = `g${count++}`;
        const inner = level(this.#patterns.get(name) as string);
        for (const [key, value] of inner.fields) inherited.set(key, value);
        if (field !== undefined) own.set(field, group);
        return `(?P<${group}>${inner.text})`;
      });
      return { text: expanded, fields: new Map([...inherited, ...own]) };
    };
    const { text, fields } = level(pattern);
    return { regex: new RE2(text, 'u'), groups: fields };
  }
}

const failed = Symbol('failed');

async function attempt<T>(run: () => unknown, otherwise: T): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ExprError) return otherwise;
    throw error;
  }
}

/** The text of a static's value; throws EventEnded for a type that has none. */
function textOf(value: unknown, type: string): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string' && type !== '*string') return value;
  if (value instanceof GoInt && (type === 'int' || type.startsWith('interface') || type === 'unknown')) return String(value.value);
  if (typeof value === 'number') return formatFloatFixed(value);
  const isList = Array.isArray(value) && !(type.startsWith('[]') && type !== '[]interface {}');
  const isMap = typeof value === 'object' && Object.getPrototypeOf(value) === null && type !== 'map[string]string';
  if (isList || isMap) return '';
  throw new EventEnded();
}

/** Names of Go's struct fields where ours are more than the same name with a small first letter. */
const ownNames: Readonly<Record<string, string>> = {
  AsName: 'as_name', AsNumber: 'as_number', Cn: 'cn', IP: 'ip', Range: 'range', Scope: 'scope', Value: 'value',
  Scenario: 'scenario', Message: 'message',
};

/** Walks by Go's field names; at a map the next name is the key. What cannot be set is left alone. */
function setByName(event: Event, target: string, text: string): void {
  const parts = target.replace(/^evt\./, '').split('.');
  let here: unknown = event;
  for (const [index, part] of parts.entries()) {
    if (here === event.parsed || here === event.meta || here === event.enriched) {
      (here as Event['parsed']).set(part, text);
      return;
    }
    if (here === event.unmarshaled) {
      event.unmarshaled[part] = text;
      return;
    }
    if (here === event.line.labels) {
      event.line.setLabel(part, text);
      return;
    }
    if (typeof here !== 'object' || here === null) return;
    const owner = here as Record<string, unknown>;
    const key = Object.hasOwn(ownNames, part) ? ownNames[part] : part[0].toLowerCase() + part.slice(1);
    if (index === parts.length - 1) {
      if (typeof owner[key] === 'string' && part[0] !== part[0].toLowerCase()) owner[key] = text;
      return;
    }
    here = owner[key];
  }
}

/** What the oracle borrows, made of a thread's context: the interpreter, the enrichers, the stash. */
export function naiveWorld(context: HelperContext, names: EventNames): NaiveWorld {
  const runtime = newRuntime(helperTable, context);
  const enrichers = linkEnrichers(context);
  return {
    interpret(text) {
      const located = { text, place: { file: 'oracle', line: 1, column: 1 } };
      const { resultType } = compile(located, { env: logEnv, functions: helperTable, names, allowAsync: true });
      return { resultType, run: interpreter(located, { env: logEnv, functions: helperTable }, runtime) };
    },
    enrich: (method, text, event) => enrichers.get(method)?.enrich(text, event),
    declareStash: (name, sizeMax, ttl, strategy) => context.stash.declare({ name, sizeMax, ttlNs: parseGoDuration(ttl),
      strategy: strategy === 'LFU' || strategy === 'ARC' ? strategy : 'LRU' }),
    setStash: (name, key, value, ttl) => context.stash.set(name, key, value, parseGoDuration(ttl)),
  };
}

/** The pattern files of a folder in the order in which they are read. */
export function patternFilesOf(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.includes('.')).sort().map((name) => join(folder, name));
}
