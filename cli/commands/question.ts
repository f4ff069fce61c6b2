// Asks a yes-or-no question on the terminal.

import type { Context } from '../context.js';

/** True for yes. Throws EOF when nobody is there to answer. */
export async function isConfirmed(context: Context, question: string): Promise<boolean> {
  context.io.stdout.write(`? ${question} (y/N) `);
  const answer = context.io.isStdinTty ? await context.io.readLine() : '';
  if (answer === '') throw new Error('EOF');
  return /^y(es)?$/i.test(answer.trim());
}
