// A syslog server on UDP. Nothing that was not read from the socket in time can be had again: messages wait in a
// bounded queue, and what comes beyond it is dropped and counted.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { boolean, integer, text, type Shaped } from '../../config/document.js';
import { PalisadeError } from '../../errors.js';
import { ExpectMode, lineFlags, type LineSource } from '../../event/line.js';
import { limits } from '../../limits.js';
import { GoTime } from '../../util/go-time.js';
import { parseIp } from '../../util/ip.js';
import { lineCounts, type CountLines } from '../line-counts.js';
import { readSyslog, withoutPriority } from '../syslog-message.js';
import type { RawBatch, Source, SourceContext, SourceSettings } from '../source.js';

/** What the keys of a syslog source say. */
export interface SyslogSpec {
  readonly address: string;
  readonly port: number;
  /** Longer messages are cut here. */
  readonly messageBytesMax: number;
  /** Messages are lines as they are, only their priority is removed. */
  readonly raw: boolean;
  /** How long after a fault of the socket it is opened again. */
  readonly restartDelayMs: number;
}

/** Keys of a syslog source. `protocol` is accepted and means nothing: it is always UDP. */
export const syslogKeys = { listen_addr: text(), listen_port: integer(), protocol: text(), max_message_len: integer(),
  disable_rfc_parser: boolean() };

type SyslogKeys = { [K in keyof typeof syslogKeys]?: Shaped<(typeof syslogKeys)[K]> };

/** Name under which senders beyond the maximum are counted. */
const otherClients = 'other';

/** Checks the keys of a syslog source. Throws an Error with the reason. */
export function syslogSpec(settings: SourceSettings, keys: SyslogKeys): SyslogSpec {
  if (settings.mode === 'cat') throw new Error('unsupported mode cat for syslog source');
  const address = keys.listen_addr || '127.0.0.1';
  const port = keys.listen_port ?? 514;
  const messageBytesMax = keys.max_message_len ?? 2048;
  if (parseIp(address) === null) throw new Error(`invalid listen IP ${address}`);
  if (port < 0 || port > 65535) throw new Error(`invalid port ${port}`);
  if (messageBytesMax < 1) throw new Error('max_message_len must be positive');
  return { address, port, messageBytesMax, raw: keys.disable_rfc_parser ?? false, restartDelayMs: 10_000 };
}

/** Makes the source of a specification. */
export function syslogSource(settings: SourceSettings, spec: SyslogSpec, context: SourceContext): SyslogSource {
  return new SyslogSource(settings, spec, context);
}

const receiveBufferBytes = 8 * 1024 * 1024;

/** One line on its way. */
interface Waiting {
  readonly client: string;
  readonly bytes: Buffer;
}

/** A listening syslog server. */
export class SyslogSource implements Source {
  readonly #spec: SyslogSpec;
  readonly #settings: SourceSettings;
  readonly #context: SourceContext;
  readonly #count: CountLines;
  readonly #sources = new Map<string, LineSource>();
  readonly #closing = new AbortController();
  readonly #dropped: number;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #refused = 0;
  #wake = (): void => {};
  #socket: Socket | null = null;

  constructor(settings: SourceSettings, spec: SyslogSpec, context: SourceContext) {
    this.#spec = spec;
    this.#settings = settings;
    this.#context = context;
    this.#count = lineCounts(context, 'cs_syslogsource_hits_total', 'syslog', this.#type);
    this.#dropped = context.counters.handle('palisade_syslog_dropped_total', { datasource_type: 'syslog', acquis_type: this.#type });
  }

  /** The port it listens on, once open: the one the system chose for port 0. */
  get port(): number {
    return this.#socket?.address().port ?? 0;
  }

  async open(): Promise<void> {
    const { address, port } = this.#spec;
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
    try {
      socket.bind(port, address);
      await once(socket, 'listening');
    } catch (error) {
      socket.close();
      throw new PalisadeError('E_SOURCE', `could not start syslog server: ${(error as Error).message}`, undefined, { cause: error });
    }
    // As much as the system allows: a burst waits in the kernel while this thread is busy.
    socket.setRecvBufferSize(receiveBufferBytes);
    socket.on('message', (message, from) => this.#receive(message, from.address));
    socket.on('error', (error) => void this.#reopen(socket, error));
    this.#socket = socket;
  }

  async *batches(): AsyncGenerator<RawBatch> {
    while (!this.#closing.signal.aborted) {
      if (this.#waiting.length === 0) {
        await new Promise<void>((resolve) => { this.#wake = resolve; });
        continue;
      }
      const taken = this.#take();
      const readAtMs = this.#context.now();
      for (const [client, lines] of taken) yield { ...joined(lines), source: this.#sourceOf(client), readAtMs };
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#socket?.close();
    this.#socket = null;
    this.#wake();
  }

  get #type(): string {
    return this.#settings.labels['type'] ?? '';
  }

  #receive(datagram: Buffer, address: string): void {
    const client = this.#sources.has(address) || this.#sources.size < limits.syslogClientsMax ? address : otherClients;
    const message = datagram.latin1Slice(0, Math.min(datagram.length, this.#spec.messageBytesMax));
    this.#sourceOf(client);
    const line = this.#lineOf(message, client);
    if (line === null) {
      this.#refuse(client);
    } else if (this.#waitingBytes + line.length > limits.syslogWaitingBytesMax) {
      this.#context.counters.add(this.#dropped);
    } else if (line !== '') {
      this.#waiting.push({ client: address, bytes: Buffer.from(line, 'latin1') });
      this.#waitingBytes += line.length;
      this.#wake();
    }
    this.#count(client, 1, line !== null && line.length > limits.lineBytesMax ? 1 : 0);
  }

  #lineOf(message: string, client: string): string | null {
    if (this.#spec.raw) return withoutPriority(message);
    const read = readSyslog(message, GoTime.fromMs(this.#context.now()));
    if (read !== null && this.#context.metricsLevel !== 'none') {
      const labels = { source: client, type: read.form, datasource_type: 'syslog', acquis_type: this.#type };
      this.#context.counters.add(this.#context.counters.handle('cs_syslogsource_parsed_total', labels));
    }
    return read === null ? null : read.line;
  }

  /** The first refusal, and then every thousandth, is said. */
  #refuse(client: string): void {
    if (this.#refused++ % 1000 === 0) {
      this.#context.log.error(`unrecognized syslog message from ${client} (${this.#refused} so far)`);
    }
  }

  /** Takes waiting lines for one batch each sender, in the order in which they came. */
  #take(): Map<string, Buffer[]> {
    const taken = new Map<string, Buffer[]>();
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < limits.batchLinesMax && bytes < limits.batchBytesMax) {
      const { client, bytes: line } = this.#waiting[count++];
      const lines = taken.get(client);
      if (lines === undefined) taken.set(client, [line]);
      else lines.push(line);
      bytes += line.length;
    }
    this.#waiting = this.#waiting.slice(count);
    this.#waitingBytes -= bytes;
    return taken;
  }

  #sourceOf(client: string): LineSource {
    const known = this.#sources.get(client);
    if (known !== undefined) return known;
    const mode = this.#settings.useTimeMachine ? ExpectMode.timeMachine : ExpectMode.live;
    const source: LineSource = { src: client, module: 'syslog', labels: this.#settings.labels, mode };
    if (this.#sources.size <= limits.syslogClientsMax) this.#sources.set(client, source);
    return source;
  }

  async #reopen(socket: Socket, error: Error): Promise<void> {
    socket.close();
    for (let reason = error; !this.#closing.signal.aborted;) {
      this.#context.log.error(`the syslog server failed and is started again: ${reason.message}`);
      await delay(this.#spec.restartDelayMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      if (this.#closing.signal.aborted) return;
      try {
        return await this.open();
      } catch (again) {
        reason = again as Error;
      }
    }
  }
}

/** One buffer with the spans and flags of its lines. */
function joined(lines: readonly Buffer[]): Pick<RawBatch, 'bytes' | 'spans' | 'flags' | 'count'> {
  const cut = lines.map((line) => line.subarray(0, limits.lineBytesMax));
  const bytes = new Uint8Array(cut.reduce((sum, line) => sum + line.length, 0));
  const spans = new Uint32Array(2 * lines.length);
  const flags = new Uint8Array(lines.length);
  let end = 0;
  for (const [index, line] of cut.entries()) {
    bytes.set(line, end);
    spans[2 * index] = end;
    spans[2 * index + 1] = end += line.length;
    flags[index] = (line.every((byte) => byte < 0x80) ? lineFlags.ascii : 0) | (line.length < lines[index].length ? lineFlags.truncated : 0);
  }
  return { bytes, spans, flags, count: lines.length };
}
