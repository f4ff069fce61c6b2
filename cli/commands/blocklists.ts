// `cscli blocklists`: the lists of palisade.yaml, how they are, which of them holds an address. On the host of the
// Local API only: it works on its database and data folder.

import { dueMs } from '../../lapi/blocklists/blocklists.js';
import { ListCache } from '../../lapi/blocklists/list-cache.js';
import { refreshList, type RefreshOutcome } from '../../lapi/blocklists/refresh.js';
import { NeverBan } from '../../lapi/never-ban.js';
import { countByList, decisionsCovering, listOrigin } from '../../lapi/store/list-decisions.js';
import type { Blocklist } from '../../ts/config/protection.js';
import { formatGoDuration, nanosecondsPer, roundDuration } from '../../ts/util/go-duration.js';
import type { CommandSpec, Invocation } from '../command.js';
import type { Context } from '../context.js';
import { lightList } from '../render/human.js';
import { json } from '../render/json.js';
import { csv } from '../render/raw.js';
import { printable } from '../render/text.js';

/** `cscli blocklists` and its subcommands. */
export const blocklistsSpec: CommandSpec = {
  use: 'blocklists [action]', aliases: ['blocklist'], text: 'Look at blocklists',
  longText: 'Blocklists are configured in palisade.yaml, beside config.yaml.',
  run: ({ command }) => command.outputHelp(),
  commands: [
    { use: 'list', text: 'List the blocklists and how they are', run: list, examples: ['cscli blocklists list'] },
    { use: 'refresh [name...]', text: 'Get blocklists now', args: { kind: 'any' }, run: refresh,
      examples: ['cscli blocklists refresh', 'cscli blocklists refresh firehol'] },
    { use: 'check [address...]', text: 'Say which blocklist holds an address or range', run: check,
      longText: 'Shows all decisions in force that cover an address or a whole range, those of blocklists with\n'
        + 'the name of their list.',
      args: { kind: 'atLeast', count: 1 }, examples: ['cscli blocklists check 1.2.3.4'] },
  ],
};

async function list({ context }: Invocation): Promise<void> {
  const cache = new ListCache(context.config.paths.dataDir);
  const counts = await context.withStore((store) => countByList(store));
  const rows = context.config.protection.blocklists.map((each) => {
    const state = cache.state(each.name);
    const { error, invalidCount, fetchedMs } = state.source === sourceOf(each) ? state
      : { error: '', invalidCount: 0, fetchedMs: 0 };
    return { name: each.name, source: sourceOf(each), type: each.type, in_force: counts.get(each.name) ?? 0,
      unreadable_lines: invalidCount, refreshed_at: instant(fetchedMs), next_refresh: instant(dueMs(each, state)),
      error };
  });
  if (context.output === 'json') return context.print(json(rows, '  '));
  if (context.output === 'raw') {
    const columns = ['name', 'source', 'type', 'in_force', 'unreadable_lines', 'refreshed_at', 'next_refresh',
      'error'] as const;
    const cells = rows.map((row) => columns.map((column) => String(row[column] ?? '')));
    context.io.stdout.write(csv([[...columns], ...cells]));
    return;
  }
  if (rows.length === 0) return context.print('No blocklists in palisade.yaml');
  context.io.stdout.write(lightList(['Name', 'Source', 'Type', 'In force', 'Refreshed', 'Next refresh', 'Status'],
    rows.map((row) => [row.name, row.source, row.type, String(row.in_force), row.refreshed_at ?? 'never',
      row.next_refresh ?? 'now', row.error || (row.refreshed_at === null ? 'not got yet' : 'ok')]), context.look));
}

async function refresh({ context, args }: Invocation): Promise<void> {
  const configured = context.config.protection.blocklists;
  const unknown = args.find((name) => !configured.some((each) => each.name === name));
  if (unknown !== undefined) throw new Error(`blocklist '${unknown}' not found in palisade.yaml`);
  const outcomes = await refreshAll(context, configured.filter(({ name }) => args.length === 0 || args.includes(name)));
  const rows = outcomes.map(([name, outcome]) => ({ name, entries: outcome.entryCount, added: outcome.addedCount,
    removed: outcome.removedCount, renewed: outcome.renewedCount, unreadable_lines: outcome.parsed?.invalidCount ?? 0,
    error: outcome.error }));
  if (context.output === 'json') context.print(json(rows, '  '));
  else if (context.output === 'raw') {
    const columns = ['name', 'entries', 'added', 'removed', 'renewed', 'unreadable_lines', 'error'] as const;
    context.io.stdout.write(csv([[...columns], ...rows.map((row) => columns.map((column) => String(row[column])))]));
  } else {
    for (const row of rows.filter(({ error }) => error === '')) {
      context.print(`${row.name}: ${row.entries} entries (+${row.added}/-${row.removed}, ${row.renewed} renewed)`);
    }
  }
  const failed = rows.filter(({ error }) => error !== '');
  if (failed.length > 0) {
    throw new Error(failed.map(({ name, error }) => printable(`blocklist ${name}: ${error}; it stays as it was`))
      .join('\n'));
  }
}

function refreshAll(context: Context, lists: readonly Blocklist[]): Promise<[string, RefreshOutcome][]> {
  const nowMs = (): number => context.io.now().getTime();
  const never = new NeverBan(context.config.protection.neverBan, nowMs);
  const cache = new ListCache(context.config.paths.dataDir);
  return context.withStore(async (store) => {
    const outcomes: [string, RefreshOutcome][] = [];
    for (const each of lists) {
      const outcome = await refreshList(each, { store, cache, nowMs, never: () => never.networks() });
      if (outcome === null) context.log.warn(`blocklist ${each.name} is being refreshed by another process`);
      else outcomes.push([each.name, outcome]);
    }
    return outcomes;
  });
}

async function check({ context, args }: Invocation): Promise<void> {
  const rows = await context.withStore(async (store) => {
    const now = store.now();
    const found = [];
    for (const address of args) {
      for (const { value, type, until, origin, scenario, scope } of await decisionsCovering(store, address)) {
        found.push({ address, origin: origin === listOrigin ? `${listOrigin}:${scenario}` : origin, reason: scenario,
          type, scope, value, expiration: formatGoDuration(roundDuration(until.since(now), nanosecondsPer.second)) });
      }
    }
    return found;
  });
  if (context.output === 'json') return context.print(json(rows, '  '));
  const cells = rows.map(({ address, origin, reason, type, scope, value, expiration }) =>
    [address, origin, reason, type, `${scope}:${value}`, expiration]);
  if (context.output === 'raw') {
    context.io.stdout.write(csv([['address', 'origin', 'reason', 'action', 'covered_by', 'expiration'], ...cells]));
    return;
  }
  if (cells.length > 0) {
    context.io.stdout.write(lightList(['Address', 'Origin', 'Reason', 'Action', 'Covered by', 'Expiration'], cells,
      context.look));
  }
  for (const address of args) {
    if (rows.some((row) => row.address === address)) continue;
    context.print(`${printable(address)} is on no blocklist and not banned`);
  }
}

function sourceOf({ url, file }: Blocklist): string {
  return url || file;
}

function instant(ms: number): string | null {
  return ms === 0 ? null : `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
