// Assertions that say of a run what there is to say, in the form in which CrowdSec's tool writes them: what an author
// is shown whose file of assertions is still empty.

import { basename } from 'node:path';
import type { AlertSource } from '../model/alert.js';
import { formatFloatFixed } from '../util/go-float.js';
import { goQuote } from '../util/go-quote.js';
import { GoInt } from '../util/go-value.js';
import type { OverflowEvent, ParserResult, ParserResults } from './results.js';

/** The lines of a parser.assert for these results, each ended. */
export function generateParserAssertions(results: ParserResults): string {
  const lines = [`len(results) == ${Object.keys(results).length}`];
  for (const [stage, nodes] of sorted(results)) {
    for (const [node, list] of sorted(nodes)) {
      lines.push(`len(results["${stage}"]["${node}"]) == ${list.length}`);
      for (const result of list) lines.push(...linesOf(`results["${stage}"]["${node}"][${result.idx}]`, result));
    }
  }
  return ended(lines);
}

/** The lines of a scenario.assert for overflows in their order. */
export function generateScenarioAssertions(results: readonly OverflowEvent[]): string {
  const lines = [`len(results) == ${results.length}`];
  for (const [index, { overflow }] of results.entries()) {
    const path = `results[${index}].Overflow`;
    for (const [value, source] of Object.entries(overflow.sources)) lines.push(...sourceLines(path, value, source));
    const alert = overflow.alert;
    if (alert === null) continue;
    for (const [at, { meta }] of (alert.events ?? []).entries()) {
      for (const { key, value } of meta) lines.push(textLine(`${path}.Alert.Events[${at}].GetMeta("${key}")`, key, value));
    }
    lines.push(`${path}.Alert.GetScenario() == "${alert.scenario}"`, `${path}.Alert.Remediation == ${alert.remediation === true}`,
      `${path}.Alert.GetEventsCount() == ${alert.events_count}`);
  }
  return ended(lines);
}

function linesOf(path: string, { evt, success }: ParserResult): string[] {
  const lines = [`${path}.Success == ${success}`];
  if (!success) return lines;
  for (const [name, map] of [['Parsed', evt.parsed], ['Meta', evt.meta], ['Enriched', evt.enriched]] as const) {
    for (const [key, value] of sorted(map.toObject())) {
      if (value !== '') lines.push(textLine(`${path}.Evt.${name}["${key}"]`, name === 'Meta' ? key : '', value));
    }
  }
  for (const [key, value] of sorted(evt.unmarshaled)) {
    if (value !== '') lines.push(...valueLines(`${path}.Evt.Unmarshaled[${goQuote(key)}]`, value));
  }
  lines.push(`${path}.Evt.Whitelisted == ${evt.whitelisted}`);
  if (evt.whitelistReason !== '') lines.push(`${path}.Evt.WhitelistReason == "${escaped(evt.whitelistReason)}"`);
  return lines;
}

/** Nothing is said of lists and of nothing. */
function valueLines(path: string, value: unknown): string[] {
  if (typeof value === 'string') return [`${path} == "${escaped(value)}"`];
  if (typeof value === 'boolean') return [`${path} == ${value}`];
  if (value instanceof GoInt) return [`${path} == ${value.value}`];
  if (typeof value === 'number') return [`FloatApproxEqual(${path}, ${formatFloatFixed(value)})`];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return sorted(value as Record<string, unknown>).flatMap(([key, item]) => valueLines(`${path}[${goQuote(key)}]`, item));
}

/** A path of this machine is compared by its last part only. */
function textLine(path: string, key: string, value: string): string {
  return key === 'datasource_path' ? `basename(${path}) == "${escaped(basename(value))}"` : `${path} == "${escaped(value)}"`;
}

function sourceLines(path: string, value: string, source: AlertSource): string[] {
  const one = `${path}.Sources["${value}"]`;
  return [`"${value}" in ${path}.GetSources()`, `${one}.IP == "${source.ip ?? ''}"`, `${one}.Range == "${source.range ?? ''}"`,
    `${one}.GetScope() == "${source.scope}"`, `${one}.GetValue() == "${source.value}"`];
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

function sorted<T>(map: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function ended(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
