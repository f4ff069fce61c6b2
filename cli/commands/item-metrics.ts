// The metrics of one hub item, for `inspect`: how often it was tried, matched and overflowed since the daemon started.

import type { Hub } from '../../ts/hub/hub.js';
import type { Item } from '../../ts/hub/item.js';
import { renderTable, type Look } from '../render/table.js';
import { printable } from '../render/text.js';
import { scrape, type Sample } from '../scrape.js';

/** Tables for an item, or for each member of a collection; '' when nothing was counted. */
export async function itemMetrics(hub: Hub, item: Item, url: string, look: Look): Promise<string> {
  if (item.type === 'collections') {
    let text = '';
    for (const member of hub.members(hub.currentDependencies(item))) text += await itemMetrics(hub, member, url, look);
    return text;
  }
  if (item.type !== 'parsers' && item.type !== 'scenarios') return '';
  const samples = (await scrape(url)).filter(({ labels }) => labels['name'] === item.name);
  return item.type === 'parsers' ? parserTable(item.name, samples, look) : scenarioTable(item.name, samples, look);
}

function parserTable(name: string, samples: readonly Sample[], look: Look): string {
  const sources = [...new Set(samples.map(sourceOf))].sort();
  const rows = sources.map((source) => [printable(source), ...['cs_node_hits_total', 'cs_node_hits_ok_total',
    'cs_node_hits_ko_total'].map((metric) => String(sum(samples.filter((each) => sourceOf(each) === source), metric)))])
    .filter((row) => row[1] !== '0');
  if (rows.length === 0) return '';
  return renderTable({ style: 'boxed', title: `(Parser) ${name}`, rows,
    header: ['Parsers', 'Hits', 'Parsed', 'Unparsed'] }, look);
}

function scenarioTable(name: string, samples: readonly Sample[], look: Look): string {
  const counts = ['cs_buckets', 'cs_bucket_overflowed_total', 'cs_bucket_instantiation_total', 'cs_bucket_poured_total',
    'cs_bucket_underflowed_total'].map((metric) => sum(samples, metric));
  if (counts[2] === 0) return '';
  return renderTable({ style: 'boxed', title: `(Scenario) ${name}`,
    header: ['Current Count', 'Overflows', 'Instantiated', 'Poured', 'Expired'], rows: [counts.map(String)] }, look);
}

function sourceOf({ labels }: Sample): string {
  const { type, source } = labels;
  return type === undefined || source === undefined ? (source ?? '') : `${type}:${source}`;
}

function sum(samples: readonly Sample[], metric: string): number {
  return samples.filter(({ name }) => name === metric).reduce((total, { value }) => total + Math.trunc(value), 0);
}
