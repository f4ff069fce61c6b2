// The recorded cscli cases and how an answer is compared with one: volatile parts masked, paths replaced, runs of
// blanks and dashes collapsed; help only by its structure, as its wording is our own.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface HelpStructure {
  readonly usage: readonly string[];
  readonly aliases: readonly string[];
  readonly subcommands: readonly string[];
  readonly flags: readonly { readonly short?: string; readonly long: string; readonly type?: string }[];
}

export interface GoldenCase extends Partial<HelpStructure> {
  readonly setup: string;
  readonly seq: number;
  readonly slug: string;
  readonly argv: readonly string[];
  readonly stdin?: string;
  readonly note?: string;
  readonly stdout?: string;
  readonly stderr: string;
  readonly exit: number;
  readonly volatile: readonly string[];
  readonly varies_between_runs?: 'line_order' | 'content';
}

/** What of a case is not compared: a stream, or the order of lines. */
export type Ignored = 'stdout' | 'stderr' | 'order';

export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly exit: number;
}

/** The cases of one setup in order. */
export function goldenCases(folder: string, setup: string): GoldenCase[] {
  return readdirSync(folder).filter((name) => name.startsWith(`${setup}-`) && /^\d+-/.test(name.slice(setup.length + 1)))
    .map((name) => ({ ...JSON.parse(readFileSync(join(folder, name), 'utf8')) as GoldenCase,
      slug: name.replace(/\.json$/, '') }))
    .sort((a, b) => a.seq - b.seq);
}

/** Both sides in comparable form: `[ours, recorded]`. */
export function comparable(ours: Answer, golden: GoldenCase, directory: string,
  ignore?: Ignored): [object, object] {
  const mask = masker(golden.volatile);
  const clean = (text: string): string => collapse(mask(text.replaceAll(directory, '@DIR@')));
  const recordedOut = golden.stdout ?? '';
  const stderr = ignore === 'stderr' ? ['', ''] as const : [clean(ours.stderr), clean(golden.stderr)] as const;
  if (golden.stdout === undefined || isHelp(recordedOut)) {
    const wanted = golden.stdout === undefined ? pick(golden) : helpStructure(recordedOut);
    return [{ ...helpStructure(ours.stdout), stderr: stderr[0], exit: ours.exit },
      { ...wanted, stderr: stderr[1], exit: golden.exit }];
  }
  if (golden.note?.startsWith('stdout not recorded') || ignore === 'stdout') {
    return [{ stderr: stderr[0], exit: ours.exit }, { stderr: stderr[1], exit: golden.exit }];
  }
  const sort = (text: string): string => (golden.varies_between_runs === 'line_order' || ignore === 'order' ? text.split('\n').sort().join('\n') : text);
  return [{ stdout: sort(clean(ours.stdout)), stderr: sort(stderr[0]), exit: ours.exit },
    { stdout: sort(clean(recordedOut)), stderr: sort(stderr[1]), exit: golden.exit }];
}

/** The parts of a help text that are not wording. */
export function helpStructure(text: string): HelpStructure {
  const section = (name: string): string[] => {
    const lines = text.split('\n');
    const start = lines.indexOf(`${name}:`);
    if (start < 0) return [];
    const body = lines.slice(start + 1);
    const end = body.findIndex((line) => line === '' || /^\S.*:$/.test(line));
    return body.slice(0, end < 0 ? undefined : end);
  };
  const flags = [...section('Flags'), ...section('Global Flags')].map((line) =>
    /^\s+(?:-(\w), )?--([\w-]+)(?: (string|strings|int|duration))?(?:\s|$)/.exec(line));
  return {
    usage: section('Usage').map((line) => line.trim()),
    aliases: section('Aliases').flatMap((line) => line.trim().split(', ')),
    subcommands: section('Available Commands').map((line) => line.trim().split(/\s/)[0]),
    flags: flags.filter((match) => match !== null).map(([, short, long, type]) =>
      ({ ...(short === undefined ? {} : { short }), long, ...(type === undefined ? {} : { type }) })),
  };
}

function pick({ usage = [], aliases = [], subcommands = [], flags = [] }: GoldenCase): HelpStructure {
  return { usage, aliases, subcommands, flags };
}

function isHelp(text: string): boolean {
  return /^Usage:$/m.test(text) && /^Flags:$/m.test(text);
}

function masker(patterns: readonly string[]): (text: string) => string {
  const all = patterns.map((pattern) => new RegExp(pattern, 'g'));
  return (text) => all.reduce((masked, pattern) => masked.replace(pattern, '@VOLATILE@'), text);
}

function collapse(text: string): string {
  return text.replace(/ {2,}/g, ' ').replace(/-{3,}/g, '---');
}
