// The SQL condition that an address or range column group lies around, or within, a given range.

import { sql, type Kysely, type RawBuilder, type SqlBool } from 'kysely';
import { lapiLimits } from '../limits.js';
import type { IpRange } from './ip-range.js';
import type { Tables } from './tables.js';

const signedMax = 2n ** 63n - 1n;

/** Columns of `table` (or alias) contain the range when `contains` is true, else lie within it. `sign` is written before each. */
export function rangeCondition(table: string, range: IpRange, contains: boolean, sign = ''): RawBuilder<SqlBool> {
  const column = (name: string): RawBuilder<unknown> => sql`${sql.raw(sign)}${sql.ref(`${table}.${name}`)}`;
  const [before, after] = contains ? [sql`<`, sql`>`] : [sql`>`, sql`<`];
  const size = sql`${column('ip_size')} = ${range.size}`;
  // Without this an index on the beginning would be walked through half of the table.
  const narrow = contains ? sql`${column('start_ip')} in (${sql.join(networkStarts(range))})`
    : sql`${column('start_ip')} between ${range.start} and ${range.end}`;
  if (range.size === 4) {
    return sql<SqlBool>`(${narrow} and ${column('start_ip')} ${before}= ${range.start}
      and ${column('end_ip')} ${after}= ${range.end} and ${size})`;
  }
  return sql<SqlBool>`(${narrow} and ${size}
    and (${column('start_ip')} ${before} ${range.start}
      or (${column('start_ip')} = ${range.start} and ${column('start_suffix')} ${before}= ${range.startSuffix}))
    and (${column('end_ip')} ${after} ${range.end}
      or (${column('end_ip')} = ${range.end} and ${column('end_suffix')} ${after}= ${range.endSuffix})))`;
}

/** Whether so many decisions begin in a range that looking up those within it takes longer than looking at all. Asks an index alone. */
export async function isWide(db: Kysely<Tables>, { start, end }: IpRange): Promise<boolean> {
  const beyond = await db.selectFrom('decisions').select(sql`1`.as('one')).where(sql<SqlBool>`start_ip between ${start} and ${end}`)
    .limit(1).offset(lapiLimits.wideRangeRows).execute();
  return beyond.length > 0;
}

/** The five address columns of a row; zeros where the value is no address, as CrowdSec writes. */
export function addressColumns(range: IpRange | null): {
  start_ip: bigint; end_ip: bigint; start_suffix: bigint; end_suffix: bigint; ip_size: number;
} {
  if (range === null) return { start_ip: 0n, end_ip: 0n, start_suffix: 0n, end_suffix: 0n, ip_size: 0 };
  return { start_ip: range.start, end_ip: range.end, start_suffix: range.startSuffix, end_suffix: range.endSuffix,
    ip_size: range.size };
}

/** The first addresses of all networks that contain a range, as the column holds them: what is stored is a network. */
function networkStarts({ size, start }: IpRange): bigint[] {
  const bits = size === 4 ? 32n : 64n;
  const first = start + signedMax;
  const starts = new Set<bigint>();
  for (let hostBits = 0n; hostBits <= bits; hostBits++) starts.add(((first >> hostBits) << hostBits) - signedMax);
  return [...starts];
}
