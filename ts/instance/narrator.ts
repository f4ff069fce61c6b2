// What a first start tells the person in front of it: alerts with the decisions that followed, as tables and lines on
// stdout. Texts from logs are printed with their control characters escaped.

import type { Alert } from '../model/alert.js';

const colour = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;

/** Paints text for a terminal; plain in a pipe. */
export function paint(code: number, text: string): string {
  return colour ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** Writes a line to stdout. */
export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** One line for a stored alert: when, who, what for, and what was decided. */
export function alertLine(alert: Alert): string {
  const decisions = (alert.decisions ?? []).map(({ type, duration }) => `${type} for ${duration}`).join(', ');
  const verdict = decisions === '' ? paint(33, 'alert only') : paint(31, decisions);
  return `${alert.stop_at.slice(0, 19).replace('T', ' ')}  ${sourceText(alert).padEnd(22)} ${printable(alert.scenario).padEnd(28)} `
    + `${String(alert.events_count).padStart(4)} events  ${verdict}`;
}

/** A table of sources and what they would have been, or were, banned for. */
export function banTable(alerts: readonly Alert[]): string {
  const bySource = new Map<string, Map<string, number>>();
  for (const alert of alerts) {
    const scenarios = bySource.get(sourceText(alert)) ?? new Map<string, number>();
    scenarios.set(alert.scenario, (scenarios.get(alert.scenario) ?? 0) + alert.events_count);
    bySource.set(sourceText(alert), scenarios);
  }
  const rows = [...bySource].map(([source, scenarios]) => [source,
    String([...scenarios.values()].reduce((sum, count) => sum + count, 0)), [...scenarios.keys()].map(printable).join(', ')]);
  return table(['source', 'events', 'banned for'], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (row: readonly string[]): string => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd();
  return [paint(1, line(head)), ...rows.map(line)].join('\n');
}

function sourceText({ source }: Alert): string {
  return printable(source.scope === 'Ip' ? source.value : `${source.scope}:${source.value}`);
}

function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
