// cscli: parses the command line, runs the command, turns errors into messages and exit codes.

import { existsSync } from 'node:fs';
import { CommanderError, type Command } from 'commander';
import { checkArguments, checkFlags, normalizeFlags, translateParseError, UsageError } from './args.js';
import { buildCommand, flagValues, pathOf, specOf } from './command.js';
import { completeWords } from './completion.js';
import { Context, defaultConfigFile, lookFor, readConfig, type GlobalFlags } from './context.js';
import { helpText } from './help.js';
import { processIo, type Io } from './io.js';
import { printable } from './render/text.js';
import { rootSpec } from './commands/root.js';

/** Runs one command line (without the program's name) and returns its exit code. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  let current: Command | undefined;
  const root: Command = buildCommand(rootSpec, async (command) => {
    current = command;
    await runCommand(command, argv, io);
  });
  captureHelp(root, io);
  try {
    const start = argv.indexOf('__complete');
    if (start >= 0) return completeWords(root, argv.slice(0, start), argv.slice(start + 1), io);
    await root.parseAsync(normalizeFlags(argv, commandFor(root, argv)), { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return report(error, current ?? commandFor(root, argv), argv, io);
  }
}

async function runCommand(command: Command, argv: readonly string[], io: Io): Promise<void> {
  const spec = specOf(command);
  const globals = globalFlags(command);
  const args = command.args;
  let context: Context;
  try {
    // The original decides by the first word alone: with a flag in front, even `version` reads the file.
    const needsConfig = !(spec.needsNoConfig === true && !argv[0].startsWith('-')) && argv.length > 0;
    const isRequired = !(spec.configIsOptional === true && globals.configFile === defaultConfigFile && !existsSync(defaultConfigFile));
    context = new Context(io, globals, needsConfig && isRequired ? readConfig(globals.configFile) : null);
  } catch (error) {
    throw new StartError((error as Error).message, { cause: error });
  }
  const flags = flagValues(command);
  checkArguments(command, args);
  checkFlags(command, flags);
  try {
    await spec.run?.({ context, args, flags, command });
  } finally {
    context.close();
  }
}

/** Before the command proper: the message stands without the command's name. */
class StartError extends Error {}

function report(error: unknown, command: Command, argv: readonly string[], io: Io): number {
  const label = io.stdout.isTTY === true && io.env['NO_COLOR'] === undefined ? '\x1b[31mError:\x1b[0m' : 'Error:';
  if (error instanceof CommanderError) return report(translateParseError(error, argv), command, argv, io);
  if (!(error instanceof Error)) throw error;
  if (error instanceof UsageError && error.showsHelp) {
    io.stdout.write(`${helpText(command, lookFor('auto', io).isColoured)}\n`);
  }
  const path = error instanceof StartError ? '' : `${pathOf(command)}: `;
  // Messages of several lines are our own; anything else that moves the cursor came from outside.
  io.stderr.write(`${label} ${path}${error.message.split('\n').map(printable).join('\n')}\n`);
  if (argv.includes('--trace')) io.stderr.write(`${error.stack}\n`);
  return 1;
}

function globalFlags(command: Command): GlobalFlags {
  const all = command.optsWithGlobals() as Record<string, unknown>;
  const level = (['trace', 'debug', 'info', 'warning', 'error'] as const).find((name) => all[name] === true);
  return { configFile: String(all['config'] ?? defaultConfigFile), output: String(all['output'] ?? ''),
    color: String(all['color'] ?? 'auto'), logLevel: level ?? 'info' };
}

/** The command that an unparsable line was meant for: as far as its words name one. */
function commandFor(root: Command, argv: readonly string[]): Command {
  let command = root;
  for (let i = 0; i < argv.length; i++) {
    if (argv[i].startsWith('-')) {
      const option = [...command.options, ...root.options]
        .find(({ short, long }) => argv[i] === short || argv[i] === long);
      if (option?.required === true) i += 1;
      continue;
    }
    const child = command.commands.find((each) => each.name() === argv[i] || each.aliases().includes(argv[i]));
    if (child === undefined) break;
    command = child;
  }
  return command;
}

/** Replaces commander's help by ours, everywhere in the tree. */
function captureHelp(command: Command, io: Io): void {
  command.configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: () => {} });
  command.configureHelp({ formatHelp: () => helpText(command, lookFor('auto', io).isColoured) });
  for (const child of command.commands) captureHelp(child, io);
}

/** Entry of bin/cscli. */
export async function main(): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0); // `cscli … | head`
    throw error;
  });
  process.exitCode = await runCli(process.argv.slice(2), processIo());
}
