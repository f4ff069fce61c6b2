// What cobra and pflag say about wrong arguments and flags, in their words, and the order in which they check.
// commander parses; its errors are translated here.

import { CommanderError, type Command } from 'commander';
import { DurationError, parseDurationWithDays } from '../ts/util/go-duration.js';
import { goQuote } from '../ts/util/go-quote.js';
import { ancestorsOf, pathOf, specOf, type ArgumentRule, type FlagSpec, type FlagValues } from './command.js';

/** Wrong use of the command line. The message goes to stderr, the help to stdout where `showsHelp`. */
export class UsageError extends Error {
  readonly showsHelp: boolean;

  constructor(message: string, showsHelp = false) {
    super(message);
    this.name = 'UsageError';
    this.showsHelp = showsHelp;
  }
}

/** The value of a flag from its text. Throws UsageError in pflag's words. */
export function convertFlag(flag: FlagSpec, text: string, previous: unknown): unknown {
  if (flag.kind === 'strings') return [...(Array.isArray(previous) ? previous as string[] : []), ...text.split(',')];
  const names = flag.short === undefined ? `--${flag.long}` : `-${flag.short}, --${flag.long}`;
  const refuse = (why: string): never => {
    throw new UsageError(`invalid argument ${goQuote(text)} for ${goQuote(names)} flag: ${why}`);
  };
  const fault = flag.check?.(text);
  if (fault !== undefined) return refuse(fault);
  if (flag.kind === 'string') return text;
  if (flag.kind === 'int') {
    if (!/^[+-]?\d+$/.test(text)) return refuse(`strconv.ParseInt: parsing ${goQuote(text)}: invalid syntax`);
    const number = Number(text);
    if (Number.isSafeInteger(number)) return number;
    return refuse(`strconv.ParseInt: parsing ${goQuote(text)}: value out of range`);
  }
  try {
    return parseDurationWithDays(text);
  } catch (error) {
    if (error instanceof DurationError) return refuse(error.message);
    throw error;
  }
}

/**
 * Rewrites the forms of flags that pflag takes and commander does not: `-o=json` becomes `-ojson`, `--all=true`
 * becomes `--all`, and `--all=false` goes away. Everything after `--` is left alone.
 */
export function normalizeFlags(argv: readonly string[], command: Command): string[] {
  const flags = [command, ...ancestorsOf(command)].flatMap((each) => specOf(each).flags ?? []);
  const end = argv.indexOf('--');
  return argv.flatMap((word, index) => {
    if (end >= 0 && index > end) return [word];
    const short = /^-(\w)=(.*)$/s.exec(word);
    if (short !== null) return [`-${short[1]}${short[2]}`];
    const long = /^--([\w-]+)=(true|false|1|0|t|f|T|F|TRUE|FALSE|True|False)$/.exec(word);
    if (long === null || flags.find((flag) => flag.long === long[1])?.kind !== 'bool') return [word];
    return /^(?:true|1|t)$/i.test(long[2]) ? [`--${long[1]}`] : [];
  });
}

/** Throws when the number of arguments is not what the command takes. */
export function checkArguments(command: Command, args: readonly string[]): void {
  const rule: ArgumentRule = specOf(command).args ?? { kind: 'none' };
  const count = args.length;
  if (rule.kind === 'none' && count > 0) {
    throw new UsageError(`unknown command ${goQuote(args[0])} for ${goQuote(pathOf(command))}`, true);
  }
  if (rule.kind === 'exact' && count !== rule.count) {
    throw new UsageError(`accepts ${rule.count} arg(s), received ${count}`, true);
  }
  if (rule.kind === 'atMost' && count > rule.count) {
    throw new UsageError(`accepts at most ${rule.count} arg(s), received ${count}`, true);
  }
  if (rule.kind === 'atLeast' && count < rule.count) {
    throw new UsageError(`requires at least ${rule.count} arg(s), only received ${count}`, true);
  }
}

/** Throws when a required flag is missing or two exclude each other. */
export function checkFlags(command: Command, flags: FlagValues): void {
  const spec = specOf(command);
  const missing = (spec.flags ?? []).filter((flag) => flag.isRequired && !flags.isSet(flag.long));
  if (missing.length > 0) {
    throw new UsageError(`required flag(s) ${missing.map(({ long }) => goQuote(long)).join(', ')} not set`);
  }
  for (const group of spec.exclusive ?? []) {
    const set = group.filter((name) => flags.isSet(name)).sort();
    if (set.length > 1) {
      throw new UsageError(`if any flags in the group [${group.join(' ')}] are set none of the others can be; `
        + `[${set.join(' ')}] were all set`);
    }
  }
}

/** commander's complaint as pflag words it. */
export function translateParseError(error: CommanderError, argv: readonly string[]): UsageError {
  const quotedPart = /'([^']*)'/.exec(error.message)?.[1] ?? '';
  if (error.code === 'commander.unknownOption') return new UsageError(unknownFlag(quotedPart));
  if (error.code === 'commander.optionMissingArgument') {
    const [names] = quotedPart.split(' <');
    const used = names.split(', ').find((name) => argv.at(-1) === name) ?? names.split(', ').at(-1) as string;
    return new UsageError(used.startsWith('--') ? `flag needs an argument: ${used}`
      : `flag needs an argument: '${used.slice(1)}' in ${used}`);
  }
  return new UsageError(error.message.replace(/^error: /, ''));
}

function unknownFlag(flag: string): string {
  if (flag.startsWith('--')) return `unknown flag: ${flag.split('=')[0]}`;
  return `unknown shorthand flag: ${goQuote(flag[1]).replace(/^"|"$/g, "'")} in ${flag}`;
}
