// The world a cscli command runs in: streams, environment, clock. Injected, so that tests run commands in process.

import { createInterface } from 'node:readline';

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Reads all of standard input. */
  readonly readStdin: () => Promise<string>;
  /** Standard input as it comes, for what must not hold all of it; where absent, readStdin does. */
  readonly stdinChunks?: () => AsyncIterable<string>;
  /** Reads one line of standard input, '' at its end. */
  readonly readLine: () => Promise<string>;
  readonly isStdinTty: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Relative file names on the command line start here. */
  readonly cwd: string;
  readonly now: () => Date;
}

/** The io of this process. `PALISADE_NOW` (an instant) replaces the clock. */
export function processIo(): Io {
  const fixed = process.env['PALISADE_NOW'];
  return {
    stdout: process.stdout, stderr: process.stderr, env: process.env, cwd: process.cwd(),
    isStdinTty: process.stdin.isTTY === true,
    now: () => (fixed === undefined ? new Date() : new Date(fixed)),
    readStdin: async () => {
      let text = '';
      process.stdin.setEncoding('utf8');
      for await (const chunk of process.stdin) text += chunk as string;
      return text;
    },
    stdinChunks: () => {
      process.stdin.setEncoding('utf8');
      return process.stdin as AsyncIterable<string>;
    },
    readLine: async () => {
      const lines = createInterface({ input: process.stdin });
      for await (const line of lines) {
        lines.close();
        return line;
      }
      return '';
    },
  };
}
