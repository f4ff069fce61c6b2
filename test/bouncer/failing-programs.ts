// Programs in front of the real ones on the PATH of this process: they count how often any of them is run, and one run fails.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../support/network-namespace.js';

/** Until `close`. */
export class FailingPrograms {
  readonly #folder = mkdtempSync(join(tmpdir(), 'palisade-programs-'));
  readonly #path = process.env['PATH'];
  readonly #real: ReadonlyMap<string, string>;

  constructor(names: readonly string[]) {
    this.#real = new Map(names.map((name) => [name, run('sh', ['-c', `command -v ${name}`]).trim()]));
    for (const [name, real] of this.#real) {
      // One byte a run: appending is safe where two run side by side.
      writeFileSync(join(this.#folder, name), `#!/bin/sh\nprintf x >> ${this.#folder}/runs\n`
        + `[ "$(wc -c < ${this.#folder}/runs)" -ne "$(cat ${this.#folder}/failing)" ] || { echo "made to fail" >&2; exit 1; }\nexec ${real} "$@"\n`,
      { mode: 0o755 });
    }
    this.failAt(0);
    process.env['PATH'] = `${this.#folder}:${this.#path}`;
  }

  /** Runs since the last `failAt`. */
  get runs(): number {
    return readFileSync(join(this.#folder, 'runs')).length;
  }

  /** The run that is to fail, from 1; they are counted anew. */
  failAt(run: number): void {
    writeFileSync(join(this.#folder, 'failing'), String(run));
    writeFileSync(join(this.#folder, 'runs'), '');
  }

  real(name: string): string {
    return this.#real.get(name)!;
  }

  close(): void {
    process.env['PATH'] = this.#path;
    rmSync(this.#folder, { recursive: true });
  }
}
