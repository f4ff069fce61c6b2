// `cscli machines inspect`: one machine with what it reads and which of its parsers match.

import type { Machine } from '../../lapi/store/machines.js';
import type { Invocation } from '../command.js';
import type { Context } from '../context.js';
import { json } from '../render/json.js';
import { csv } from '../render/raw.js';
import { acquisitionRows, hubItems, machineJson, machineSheet, parserRows } from './machine-sheet.js';
import { renderTable } from '../render/table.js';
import { printable } from '../render/text.js';

/** Prints one machine, or with `--hub` the items it runs. */
export async function inspect({ context, args: [name], flags }: Invocation): Promise<void> {
  const { machine, reports } = await context.withStore(async (store) => ({
    machine: await store.machines.get(name),
    reports: (await store.usageMetrics.list('LP')).filter(({ by }) => by === name),
  }));
  if (machine === null) throw new Error(`unable to read machine data '${name}': user '${name}': user doesn't exist`);
  if (flags.bool('hub')) {
    printHub(context, machine);
    return;
  }
  if (context.output === 'raw') throw new Error("output format 'raw' not supported for this command");
  const payloads = reports.map(({ payload }) => payload);
  const acquisition = acquisitionRows(payloads);
  const parsers = parserRows(payloads);
  if (context.output === 'json') {
    const orNone = <T>(rows: readonly T[]): readonly T[] | undefined => (rows.length === 0 ? undefined : rows);
    const metrics = { acquisition: orNone(acquisition), parsers: orNone(parsers) };
    context.print(json({ ...machineJson(machine), metrics }, '  '));
    return;
  }
  context.io.stdout.write(machineSheet(machine, acquisition, parsers, context.look));
}

function printHub(context: Context, machine: Machine): void {
  const groups = hubItems(machine);
  if (context.output === 'json') {
    context.print(json(machine.hubState, '  '));
  } else if (context.output === 'raw') {
    context.io.stdout.write(csv([['type', 'name', 'status', 'version'],
      ...groups.flatMap(([type, items]) => items.map(({ name, status, version }) => [type, name, status, version]))]));
  } else if (groups.length === 0) {
    context.print('No hub items found for this machine');
  } else {
    for (const [type, items] of groups) {
      context.io.stdout.write(renderTable({ style: 'boxed', title: printable(type), header: ['Name', 'Status', 'Version'],
        rows: items.map(({ name, status, version }) => [name, status, version].map(printable)) }, context.look));
    }
  }
}
