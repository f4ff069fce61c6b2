// Other hosts on wires to this network namespace, each a process in a namespace of its own that sends and receives on
// command. Run as a program, this file is such a host; imported, it starts them. Only inside a namespace of a test's own.

import { fork, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { createServer, connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { run } from '../support/network-namespace.js';

const file = fileURLToPath(import.meta.url);

/** What a host does on command; everything resolves to something that fits into a message. */
class Host {
  readonly #received: string[] = [];
  readonly #sockets: DatagramSocket[] = [];
  readonly #connections: Socket[] = [];
  #probe: { readonly sentMs: number[]; stop(): void } | null = null;

  /** One datagram. */
  async send(source: string, target: string, port: number, text: string): Promise<void> {
    const socket = createSocket(source.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, source, () => socket.send(text, port, target, (error) => (error === null ? resolve() : reject(error))));
    });
    socket.close();
  }

  /** Listens for datagrams and connections, whose texts `received` tells. Returns the port. */
  async listen(address: string): Promise<number> {
    const server = createServer((connection) => {
      connection.on('error', () => {}).on('data', (data: Buffer) => this.#received.push(String(data)));
    });
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    const { port } = server.address() as { port: number };
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    this.#sockets.push(socket);
    socket.on('message', (data) => this.#received.push(String(data)));
    await new Promise<void>((resolve) => socket.bind(port, address, resolve));
    return port;
  }

  async received(): Promise<readonly string[]> {
    return [...this.#received];
  }

  /** Sends numbered datagrams, one about every millisecond, until `stopProbe`. */
  async probe(source: string, target: string, port: number): Promise<void> {
    const socket = createSocket(source.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve) => socket.bind(0, source, resolve));
    await new Promise<void>((resolve) => socket.connect(port, target, resolve));
    const sentMs: number[] = [];
    const timer = setInterval(() => {
      sentMs.push(Number(process.hrtime.bigint()) / 1e6);
      socket.send(String(sentMs.length - 1));
    }, 1);
    socket.on('error', () => {});
    this.#probe = { sentMs, stop: () => {
      clearInterval(timer);
      socket.close();
    } };
  }

  /** Datagrams of the probe so far. */
  async probeCount(): Promise<number> {
    return this.#probe?.sentMs.length ?? 0;
  }

  /** Returns when each datagram of the probe was sent, milliseconds of the host's steady clock. */
  async stopProbe(): Promise<readonly number[]> {
    this.#probe?.stop();
    return this.#probe?.sentMs ?? [];
  }

  /** Opens a connection that stays; returns "connected" or the error's code. */
  async connect(source: string, target: string, port: number): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect({ host: target, port, localAddress: source });
      socket.once('connect', () => {
        this.#connections.push(socket);
        resolve('connected');
      }).on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    });
  }

  /** Writes into the last connection; whether it arrives is another matter. */
  async write(text: string): Promise<void> {
    this.#connections[this.#connections.length - 1].write(text);
  }
}

type Command = keyof Host;
type Answer<C extends Command> = Awaited<ReturnType<Host[C]>>;

/** A host beyond a wire. */
export class FarHost {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #asked = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
      const asker = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) asker?.resolve(value);
      else asker?.reject(new Error(error));
    });
  }

  /**
   * Starts a host on a wire named `wire`, with addresses (with prefix lengths) at its end and at ours; ours, the first of
   * each family, are its gateways.
   */
  static async start(wire: string, ours: readonly string[], theirs: readonly string[]): Promise<FarHost> {
    const child = fork(file, [], { execPath: 'unshare', execArgv: ['-n', process.execPath],
      env: { ...process.env, PALISADE_FAR_HOST: '1' } });
    await new Promise((resolve) => child.once('message', resolve));
    const host = new FarHost(child);
    run('ip', ['link', 'add', wire, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(child.pid)]);
    const add = (run: (args: readonly string[]) => void, device: string, addresses: readonly string[]): void => {
      for (const address of addresses) run(['addr', 'add', address, 'dev', device, ...address.includes(':') ? ['nodad'] : []]);
      run(['link', 'set', device, 'up']);
    };
    add((args) => run('ip', args), wire, ours);
    add((args) => host.run('ip', args), 'lo', []);
    add((args) => host.run('ip', args), 'eth0', theirs);
    for (const address of ours) {
      const gateway = address.split('/')[0];
      host.run('ip', [gateway.includes(':') ? '-6' : '-4', 'route', 'replace', 'default', 'via', gateway]);
    }
    return host;
  }

  /** One in the namespace of the caller: the near end, with the same commands. */
  static async startHere(): Promise<FarHost> {
    const child = fork(file, [], { env: { ...process.env, PALISADE_FAR_HOST: '1' } });
    await new Promise((resolve) => child.once('message', resolve));
    return new FarHost(child);
  }

  /** Its process. */
  get pid(): number {
    return this.#child.pid!;
  }

  /** Runs a program in the host's namespace. */
  run(program: string, args: readonly string[]): string {
    return run('nsenter', ['-t', String(this.#child.pid), '-n', program, ...args]);
  }

  /** Has the host do something. */
  ask<C extends Command>(command: C, ...args: Parameters<Host[C]>): Promise<Answer<C>> {
    const id = ++this.#asked;
    this.#child.send({ id, command, args });
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject }));
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

if (process.env['PALISADE_FAR_HOST'] !== undefined && process.argv[1] === file) {
  const host = new Host();
  process.on('message', ({ id, command, args }: { id: number; command: Command; args: never[] }) => {
    void (host[command] as (...all: never[]) => Promise<unknown>).apply(host, args).then(
      (value) => process.send!({ id, value }), (error: Error) => process.send!({ id, error: error.message }));
  });
  process.on('disconnect', () => process.exit());
  process.send!('ready');
}
